"""`make mutations`: every mutant of every world, and the table of what became of them by object and operator."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.lab.lab import Lab
from tests.mutations.matrix import WORLDS, benches, mutants
from tests.mutations.reviewed import Entry, first_covering, load
from tests.mutations.twins import twins
from tests.mutations.verdict import Fate, Mutant, judge

SHOWN = 60
COLUMNS = ("told", "works", "silent", "blamed elsewhere", "crashed")


def main() -> int:
    """Print the tables; 0 when no mutant is silent without a reason, blamed elsewhere or crashed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, default=0, help="so many of each world; all by default")
    parser.add_argument("--seed", type=int, default=988)
    parser.add_argument("--worlds", nargs="*", default=WORLDS)
    parser.add_argument("--show", default="", help="print every mutant of this fate")
    given = parser.parse_args()
    reviewed = load()
    by_kind: dict[str, Counter[str]] = {}
    by_operator: dict[str, Counter[str]] = {}
    wrong: list[Mutant] = []
    used: set[Entry] = set()
    started = time.monotonic()
    quiet, loud = 0, []
    with Lab.start(world="healthy") as lab:
        for bench in benches(lab, tuple(given.worlds)):
            for twin in twins(bench.world):
                judged = judge(bench, twin)
                quiet += judged.fate is Fate.SILENT
                loud += [] if judged.fate is Fate.SILENT else [judged]
            for mutant in mutants(bench, given.sample, given.seed):
                column = mutant.fate.value
                entry = first_covering(reviewed, bench.world.name, mutant.change)
                if mutant.fate is Fate.SILENT and entry is not None:
                    used.add(entry)
                    column = "works"
                if column in ("silent", "blamed elsewhere", "crashed"):
                    wrong.append(mutant)
                if column == given.show:
                    print(mutant)
                by_kind.setdefault(mutant.change.kind, Counter())[column] += 1
                by_operator.setdefault(mutant.change.operator, Counter())[column] += 1
    _print_table("object", by_kind)
    _print_table("operator", by_operator)
    total = sum((counts for counts in by_kind.values()), Counter[str]())
    print(
        f"{total.total()} mutants in {time.monotonic() - started:.0f} s: "
        + ", ".join(f"{total[c]} {c}" for c in COLUMNS)
    )
    print(f"{len(reviewed)} entries say why a mount works all the same")
    print(f"healthy but unusual twins: {quiet} of {quiet + len(loud)} are quiet")
    for mutant in (*loud, *wrong[:SHOWN]):
        details = "; ".join((*mutant.crashes, *(f"{f.check}: {f.subject}: {f.message}" for f in mutant.findings)))
        print(f"{mutant.fate.value}: {mutant} {details[:300]}")
    stale = [] if given.sample or tuple(given.worlds) != WORLDS else [entry for entry in reviewed if entry not in used]
    for entry in stale:
        print(f"stale: {entry.where} {entry.how}")
    return 1 if wrong or stale or loud else 0


def _print_table(title: str, rows: dict[str, Counter[str]]) -> None:
    print(f"{title:<28}" + "".join(f"{column:>17}" for column in COLUMNS))
    for name, counts in sorted(rows.items()):
        print(f"{name:<28}" + "".join(f"{counts[column]:>17}" for column in COLUMNS))
    print()


if __name__ == "__main__":
    sys.exit(main())
