"""One text as it is read: a name for people, and its bytes in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from diag.model.unavailable import Reason, Unavailable
from diag.sanitize import one_line

PIECE = 256 << 10


class TextStream(NamedTuple):
    """A text that can be read once, before the next one is asked for."""

    name: str
    """Path, `archive.tar.gz:member/name` or `standard input`."""
    pieces: Iterator[bytes]
    node: str = ""
    """The node an archive says it was collected on."""


def refused(what: str, detail: str, remedy: str = "", reason: Reason = Reason.GARBLED) -> Unavailable:
    """A text that is not read, with why. Names come from strangers."""
    return Unavailable(one_line(what), reason, one_line(detail), remedy=remedy)
