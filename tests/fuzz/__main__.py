"""`make fuzz`: broken answers and broken snapshots, and a table of what came of them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.fuzz.runs import Ran, judgements, run, saved_run
from tests.lab.lab import Lab


def main() -> int:
    """Print a line for each world and way; 0 when nothing was wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--judgements", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=988)
    given = parser.parse_args()
    wrong = 0
    with Lab.start(world="healthy") as lab, tempfile.TemporaryDirectory() as folder:
        for world in ("healthy", "incident"):
            lab.load(world)
            for whole in (True, False):
                seeds = range(given.seed, given.seed + given.runs // 4)
                ran = [run(lab, seed, whole=whole) for seed in seeds]
                wrong += _print(f"{given.runs // 4} runs, {world}, {'whole answers' if whole else 'members'}", ran)
                if whole:
                    wrong += _print_lies(world, ran)
            snapshot = saved_run(lab, Path(folder) / f"{world}.json")
            judged = list(judgements(snapshot, given.seed, given.judgements // 2))
            wrong += _print(f"{given.judgements // 2} judgements, {world}", judged)
    return 1 if wrong else 0


def _print(title: str, ran: list[Ran]) -> int:
    codes = ", ".join(f"exit {code}: {count}" for code, count in sorted(Counter(one.exit_code for one in ran).items()))
    faults = [one for one in ran if one.wrong]
    print(f"{title}: {sum(len(one.broken) for one in ran)} broken places; {codes}; bugs: {len(faults)}", flush=True)
    for message, count in Counter(one.wrong[-260:] for one in faults).most_common(12):
        seed = next(one.seed for one in faults if one.wrong[-260:] == message)
        print(f"  {count} x (seed {seed}) {message}", flush=True)
    return len(faults)


def _print_lies(world: str, ran: list[Ran]) -> int:
    """Runs that believed an answer which is none."""
    passes = [one for one in ran if world == "incident" and one.exit_code == 0 and one.broken]
    destroying = [one for one in ran if world == "healthy" and one.destroys]
    print(f"  false passes: {len(passes)}; fixes that destroy something healthy: {len(destroying)}", flush=True)
    for one in (*passes[:5], *destroying[:5]):
        print(f"  seed {one.seed}: {one.broken[:6]} {one.destroys[:1]}", flush=True)
    return len(passes) + len(destroying)


if __name__ == "__main__":
    sys.exit(main())
