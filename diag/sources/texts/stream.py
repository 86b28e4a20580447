"""What is shared by those who read texts: the size of a piece, and why a text is not read."""

from __future__ import annotations

from diag.model.unavailable import Reason, Unavailable
from diag.sanitize import one_line

PIECE = 256 << 10


def refused(what: str, detail: str, remedy: str = "", reason: Reason = Reason.GARBLED) -> Unavailable:
    """A text that is not read, with why. Names come from strangers."""
    return Unavailable(one_line(what), reason, one_line(detail), remedy=remedy)
