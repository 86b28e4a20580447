"""Error texts with the cause that was established for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
INCIDENTS = HERE / "incidents.jsonl"
"""Texts from issue threads, vendor pages and public repositories."""
REAL_OUTPUTS = HERE / "real_outputs.jsonl"
"""What real clients printed when a failure was produced on purpose; an empty cause means that the mount worked."""


class Sample(NamedTuple):
    """One text. `cause` is empty when it is unknown or there is none."""

    id: str
    source: str
    medium: str
    cause: str
    confirmed: bool
    """The cause was established: the fix worked, the vendor says so, or the program's own text names it."""
    text: str


def samples(*files: Path) -> tuple[Sample, ...]:
    """The samples of the given files."""
    return tuple(
        Sample(**json.loads(line)) for file in files for line in file.read_text("utf-8").splitlines() if line.strip()
    )
