"""`python -m tests.redaction`: every world of the lab at every level; prints what is judged otherwise."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.lab.lab import Lab
from tests.redaction.worlds import LEVELS, WORLDS, differences


def main() -> int:
    """The exit code says whether redaction changed a verdict anywhere."""
    wrong = 0
    with Lab.start(world="healthy") as lab, tempfile.TemporaryDirectory() as folder:
        for world in WORLDS:
            for level in LEVELS:
                told = differences(lab, world, level, Path(folder))
                wrong += bool(told)
                if told:
                    print(f"{world} {level}", *told, sep="\n  ", flush=True)
    print(f"{len(WORLDS)} worlds, {len(LEVELS)} levels: {wrong} judged otherwise")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
