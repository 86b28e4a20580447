"""Reading one text stream of any size: which of its blocks are symptoms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from diag.knowledge.linear_regex import BytesFinder
from diag.knowledge.runbooks import Knowledge
from diag.model.symptom import Medium
from diag.symptoms.blocks import LONGEST, Block, block_around, block_at
from diag.symptoms.decoration import undecorated
from diag.symptoms.interpret import Interpreter
from diag.symptoms.symptom_of import Reading
from diag.symptoms.words import signature_words

_PIECE = 1 << 20
_PASTE = 1 << 20
"""A text up to this size is read block by block; of a longer one only the places that hold a signature's words."""
_SHORT = 8 << 10
"""A text up to this size is what somebody asks about, not a log to be searched."""


class _Window(NamedTuple):
    """A piece of the stream, with some of what came before it."""

    data: bytes
    floor: int
    """First byte that is not part of a block yet."""
    start: int
    """Words are looked for from here …"""
    end: int
    """… to here; what stands behind may continue in the next piece."""


class Scan:
    """One pass over one stream. Memory does not grow with the stream."""

    def __init__(self, knowledge: Knowledge, *, origin: str = "", node: str = "", medium: Medium | None = None) -> None:
        self._knowledge = knowledge
        self._interpreter = Interpreter(knowledge, origin=origin, node=node, medium=medium)
        self._line = 1
        self._counted = 0
        self.bytes_read = 0
        self.lines_read = 0

    def read(self, pieces: Iterator[bytes]) -> Iterator[Reading]:
        """The symptoms of a stream given in pieces, in order, with readings that only name a mount between them."""
        head, rest = _head(pieces)
        self.bytes_read += len(head)
        if rest is None:
            self._interpreter.pasted = True
            self._interpreter.asked_about = self._interpreter.asked_about or len(head) <= _SHORT
            yield from self._every_block(head)
        else:
            yield from self._found_blocks(_joined(head, rest))
        self.lines_read = self._line - 1 if self._at_line_start else self._line

    _at_line_start = True

    def _every_block(self, data: bytes) -> Iterator[Reading]:
        data = undecorated(data)
        place = 0
        short = len(data) <= _SHORT
        while place < len(data):
            block = block_at(data, place, over_blanks=short)
            yield from self._block(data, block)
            place = block.next
        self._count(data, len(data))
        self._at_line_start = data.endswith(b"\n") or not data

    def _found_blocks(self, pieces: Iterator[bytes]) -> Iterator[Reading]:
        finder = signature_words(self._knowledge)
        data = b""
        floor = start = 0
        for piece, last in _marked(pieces):
            self.bytes_read += len(piece)
            data += piece
            end = len(data) if last else max(0, len(data) - LONGEST)
            for block in _blocks_in(_Window(data, floor, start, end), finder):
                yield from self._block(data, block)
                floor = block.next
            start = max(floor, end)
            keep = max(0, end - LONGEST)
            self._count(data, keep)
            if last:
                self._count(data, len(data))
                self._at_line_start = data.endswith(b"\n")
            data = data[keep:]
            self._counted -= keep
            floor, start = max(0, floor - keep), start - keep

    def _block(self, data: bytes, block: Block) -> Iterator[Reading]:
        self._count(data, block.start)
        reading = self._interpreter.interpret(data[block.start : block.end], self._line, block.lines)
        if reading is not None:
            yield reading

    def _count(self, data: bytes, end: int) -> None:
        if end > self._counted:
            self._line += data.count(b"\n", self._counted, end)
            self._counted = end


def _blocks_in(window: _Window, finder: BytesFinder) -> Iterator[Block]:
    data, floor, place = window.data, window.floor, max(window.floor, window.start)
    while place < window.end:
        place = finder.next(data, place, len(data))
        if place < 0 or place >= window.end:
            return
        block = block_around(data, place, floor)
        yield block
        floor = place = max(block.next, place + 1)


def _head(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes] | None]:
    """The first megabyte, and the rest when there is more."""
    parts: list[bytes] = []
    size = 0
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size > _PASTE:
            return b"".join(parts), pieces
    return b"".join(parts), None


def _joined(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    parts: list[bytes] = []
    size = 0
    for piece in rest:
        parts.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)


def _marked(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each piece with whether it is the last."""
    held: bytes | None = None
    for piece in pieces:
        if held is not None:
            yield held, False
        held = piece
    if held is not None:
        yield held, True
