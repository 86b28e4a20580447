"""Reading a zip archive as a stream, as `tar.py` reads tar: local headers and the bytes of files, nothing on disk.

Format: PKWARE's APPNOTE 6.3.10, sections 4.3.7 and 4.3.9; methods stored and deflated, sizes before or after the data.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

from diag.model.unavailable import Unavailable
from diag.sources.files import PIECE, refused
from diag.sources.texts.compression import is_bomb
from diag.sources.texts.tar import Member

MAGIC = b"PK\x03\x04"
_DESCRIPTOR = b"PK\x07\x08"
_HEADER = struct.Struct("<HHHHHIIIHH")
_ENCRYPTED, _SIZES_FOLLOW = 1, 8
_STORED, _DEFLATED = 0, 8
_LARGE = 0xFFFFFFFF
_MOST_MEMBERS = 200_000


class _Damaged(Exception):
    """The archive cannot be read on."""


class _Feed:
    """Bytes of a stream, taken in any portions."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""
        self.is_damaged = False

    def some(self) -> bytes:
        """What is at hand, or the next piece; empty at the end."""
        data, self._held = self._held or next(self._pieces, b""), b""
        return data

    def back(self, data: bytes) -> None:
        """Puts back what was taken too much."""
        self._held = data + self._held

    def take(self, size: int) -> bytes:
        """Exactly so many bytes."""
        while len(self._held) < size:
            piece = next(self._pieces, b"")
            if not piece:
                raise _Damaged("the zip archive ends too early")
            self._held += piece
        data, self._held = self._held[:size], self._held[size:]
        return data


def members(name: str, pieces: Iterator[bytes], report: Callable[[Unavailable], None]) -> Iterator[Member]:
    """The files of a zip stream. What is encrypted, packed otherwise or leads out of the archive is reported."""
    feed = _Feed(pieces)

    def damaged(error: Exception) -> None:
        feed.is_damaged = True
        remedy = "copy the archive again, or unpack it first"
        report(refused(name, f"{error}; read up to there", remedy=remedy))

    def content(unguarded: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from unguarded
        except (_Damaged, zlib.error) as error:
            damaged(error)

    try:
        for _ in range(_MOST_MEMBERS):
            if feed.take(4) != MAGIC:
                return  # the directory at the end says again what the headers said
            _, flags, method, _, _, _, size, _, name_size, extra_size = _HEADER.unpack(feed.take(_HEADER.size))
            member = feed.take(name_size).decode("utf-8", "replace")
            extra = feed.take(extra_size)
            unknown = bool(flags & _SIZES_FOLLOW)
            if flags & _ENCRYPTED or method not in (_STORED, _DEFLATED) or (unknown and method == _STORED):
                raise _Damaged(f"{member} is encrypted or packed in a way that is not read")
            data = content(_inflated(feed) if method == _DEFLATED else _stored(feed, _size(size, extra)))
            if ".." in member.split("/"):
                report(refused(name, f"name that leads out of the archive not followed: {member}"))
            elif not member.endswith("/"):
                yield Member(member, data)
            for _rest in data:
                pass  # what nobody read
            if feed.is_damaged:
                return
            if unknown:
                _skip_descriptor(feed)
        report(refused(name, f"more than {_MOST_MEMBERS} members; the rest is not read"))
    except _Damaged as error:
        damaged(error)


def _stored(feed: _Feed, size: int) -> Iterator[bytes]:
    while size:
        data = feed.some()
        if not data:
            raise _Damaged("the zip archive ends too early")
        own = data[:size]
        feed.back(data[size:])
        size -= len(own)
        yield own


def _inflated(feed: _Feed) -> Iterator[bytes]:
    """The data of one file, whose end the format itself marks; a bomb is given no further."""
    machine = zlib.decompressobj(wbits=-15)
    taken = given = 0
    while not machine.eof:
        data = feed.some()
        if not data:
            raise _Damaged("the zip archive ends too early")
        taken += len(data)
        while data and not machine.eof:
            out = machine.decompress(data, PIECE)
            data = machine.unconsumed_tail
            given += len(out)
            if is_bomb(taken, given):
                raise _Damaged(
                    f"stopped after {given >> 20} MiB unpacked from {taken >> 10} KiB: no log shrinks so far"
                )
            if out:
                yield out
        if machine.eof:
            feed.back(machine.unused_data)


def _size(size: int, extra: bytes) -> int:
    """The size in the header, or where it does not fit, in the extra field of large archives."""
    while size == _LARGE and len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == 1 and length >= 16:
            return int(struct.unpack("<Q", extra[12:20])[0])
        extra = extra[4 + length :]
    return size


def _skip_descriptor(feed: _Feed) -> None:
    """Checksum and sizes after the data; large archives have longer sizes."""
    start = feed.take(4)
    feed.take(12 if start == _DESCRIPTOR else 8)
    following = feed.take(4)
    if following.startswith(b"PK"):
        feed.back(following)
    else:
        feed.take(4)
