"""Decompression in a stream: bounded memory, several members, damaged ends and bombs distinguished from good data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from diag.model.unavailable import Unavailable
from diag.sources.files import PIECE, refused

_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\xfd7zXZ\x00", "xz"), (b"BZh", "bzip2"))
_FOREIGN = (
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"\x04\x22\x4d\x18", "LZ4"),
)
_FREE = 256 << 20
"""Bytes that any text may unpack to."""
_RATIO = 200
"""Beyond that, logs do not shrink more than this: what does was made to fill a disk."""
_XZ_MEMORY = 128 << 20


def is_bomb(taken: int, given: int) -> bool:
    """Whether so many bytes came out of so few that they were made to fill a disk."""
    return given > _FREE and given > taken * _RATIO


def compression_of(head: bytes) -> str:
    """`gzip`, `xz` or `bzip2` by the first bytes, empty for none of them."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "")


def foreign_format(head: bytes) -> str:
    """The name of a packed format that is not read, empty when it is none."""
    return next((name for magic, name in _FOREIGN if head.startswith(magic)), "")


def unpacked(name: str, kind: str, pieces: Iterator[bytes], report: Callable[[Unavailable], None]) -> Iterator[bytes]:
    """What the pieces unpack to, until they end, are damaged, or turn out to be a bomb; `report` gets the reason."""
    taken = given = 0
    machine: Any = None
    for piece in pieces:
        taken += len(piece)
        data = piece
        while data:
            if machine is None:
                machine = _machine(kind)
            try:
                out, data, ended = _step(kind, machine, data)
            except _errors() as error:
                report(refused(name, f"damaged {kind} data ({error}); read up to there", remedy="copy the file again"))
                return
            given += len(out)
            if is_bomb(taken, given):
                report(
                    refused(
                        name,
                        f"stopped after {given >> 20} MiB unpacked from {taken >> 10} KiB: no log shrinks so far",
                        remedy="unpack it yourself if it is what it says",
                    )
                )
                return
            if out:
                yield out
            if ended:
                machine = None
                data = data.lstrip(b"\x00")
    while machine is not None and (out := machine.decompress(b"", PIECE)):
        yield out
    if machine is not None and not machine.eof:
        report(refused(name, f"the {kind} data ends too early; read up to there", remedy="copy the file again"))


def _machine(kind: str) -> Any:
    if kind == "gzip":
        import zlib

        return zlib.decompressobj(wbits=31)
    if kind == "xz":
        import lzma

        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    import bz2

    return bz2.BZ2Decompressor()


def _step(kind: str, machine: Any, data: bytes) -> tuple[bytes, bytes, bool]:
    """Some output, the input not used yet, and whether a member has ended."""
    if kind == "gzip":
        out = machine.decompress(data, PIECE)
        return out, machine.unused_data if machine.eof else machine.unconsumed_tail, machine.eof
    out = machine.decompress(data, max_length=PIECE)
    if machine.eof:
        return out, machine.unused_data, True
    # lzma and bz2 keep unread input inside: they are asked for more with nothing.
    parts = [out]
    while not machine.needs_input and not machine.eof and sum(map(len, parts)) < PIECE:
        parts.append(machine.decompress(b"", max_length=PIECE))
    return b"".join(parts), machine.unused_data if machine.eof else b"", machine.eof


def _errors() -> tuple[type[Exception], ...]:
    import lzma
    import zlib

    return (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)
