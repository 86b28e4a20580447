"""`make fixes`: tries the first fix of every fault and prints what became of it."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter

from tests.fixes.trial import Outcome, trial
from tests.lab.faults import FAULTS
from tests.lab.lab import Lab
from tests.programs import missing

VERBATIM = 0.9
"""The part of the fixes by commands that must go through as printed."""


def main(arguments: list[str]) -> int:
    """Print a row for each fault, or for those named, with `-v` all that was said; 0 when none is left unfixed."""
    names, show = [name for name in arguments if name != "-v"], "-v" in arguments
    if absent := missing():
        print(f"no {', '.join(absent)}: `make programs` installs what can be had", file=sys.stderr)
        return 2
    with Lab.start(world="healthy") as lab:
        trials = []
        for name in names or FAULTS:
            done = trial(lab, FAULTS[name])
            trials.append(done)
            why = " ".join(done.why.split())
            print(f"{done.outcome.value:<10} {name:<44} {textwrap.shorten(why, 240)}", flush=True)
            if show:
                print("\n".join(done.log))
    counted = Counter(done.outcome for done in trials)
    print("\n" + ", ".join(f"{counted[outcome]} {outcome.value}" for outcome in Outcome))
    by_commands = [done for done in trials if done.outcome in (Outcome.FIXED, Outcome.NOT_FIXED)]
    verbatim = sum(done.verbatim for done in by_commands)
    print(f"verbatim: {verbatim} of {len(by_commands)} whose fix is commands")
    return 1 if counted[Outcome.NOT_FIXED] or verbatim < VERBATIM * len(by_commands) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
