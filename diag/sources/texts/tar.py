"""Reading a tar archive as a stream: only headers and the bytes of regular files, nothing is ever unpacked to disk.

The standard library's reader trusts sizes in extension headers and reads them into memory whole; this one knows just
what a log archive needs. Format: POSIX.1-2001 ustar and pax, GNU long names and base-256 sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from diag.model.unavailable import Unavailable
from diag.sources.files import PIECE, refused

_BLOCK = 512
_LONGEST_EXTENSION = 64 << 10
_MOST_MEMBERS = 200_000
_LONGEST_NAME = 4096
_REGULAR = frozenset("0\x007")
_KINDS = {
    "1": "hard link",
    "2": "symbolic link",
    "3": "character device",
    "4": "block device",
    "6": "named pipe",
    "S": "sparse file",
}


class Member(NamedTuple):
    """A regular file in the archive; its pieces must be read, or left, before the next one is asked for."""

    name: str
    pieces: Iterator[bytes]


def is_tar(head: bytes) -> bool:
    """Whether the first 512 bytes are a tar header: the checksum fits."""
    return len(head) >= _BLOCK and head[:1] != b"\x00" and _checksum_fits(head[:_BLOCK])


def members(name: str, pieces: Iterator[bytes], report: Callable[[Unavailable], None]) -> Iterator[Member]:
    """The regular files of a tar stream. Links, devices and names with `..` are refused and reported by kind."""
    tape = _Tape(pieces)
    refusals: dict[str, list[str]] = {}
    seen = 0
    try:
        for kind, member, size in _headers(tape):
            seen += 1
            if seen > _MOST_MEMBERS:
                report(refused(name, f"more than {_MOST_MEMBERS} members; the rest is not read"))
                break
            why = "" if kind in _REGULAR else _KINDS.get(kind, "" if kind == "5" else f"entry of type {kind!r}")
            if not why and ".." in member.split("/"):
                why = "name that leads out of the archive"
            if why:
                refusals.setdefault(why, []).append(member)
            elif kind in _REGULAR:
                yield Member(member, tape.file(size))
                continue
            tape.skip(size)
    except _Damaged as error:
        report(refused(name, f"{error}; read up to there", remedy="copy the archive again"))
    for why, names in refusals.items():
        example = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        report(refused(name, f"{why} not followed: {example}"))


class _Damaged(Exception):
    """The archive cannot be read on."""


class _Tape:
    """The archive's bytes in order, with what the current file has left."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        self._left = 0

    def read(self, size: int) -> bytes:
        """`size` bytes, fewer at the end."""
        parts = []
        while size > 0:
            if not self._rest:
                self._rest = next(self._pieces, b"")
                if not self._rest:
                    break
            parts.append(self._rest[:size])
            self._rest = self._rest[size:]
            size -= len(parts[-1])
        return b"".join(parts)

    def file(self, size: int) -> Iterator[bytes]:
        """The file of `size` bytes that begins here."""
        self._left = size + -size % _BLOCK
        padding = -size % _BLOCK

        def pieces() -> Iterator[bytes]:
            while self._left > padding:
                piece = self.read(min(PIECE, self._left - padding))
                if not piece:
                    return  # `finish` finds the rest missing and says so
                self._left -= len(piece)
                yield piece

        return pieces()

    def skip(self, size: int) -> None:
        """Leaves out `size` bytes and their padding."""
        self._left = size + -size % _BLOCK
        self.finish()

    def finish(self) -> None:
        """Leaves out what was not read of the current file."""
        while self._left > 0:
            piece = self.read(min(PIECE, self._left))
            if not piece:
                self._left = 0
                raise _Damaged("the archive ends inside a file")
            self._left -= len(piece)


def _headers(tape: _Tape) -> Iterator[tuple[str, str, int]]:
    """Type, name and size of every entry; names and sizes from extension headers applied."""
    long_name = ""
    long_size: int | None = None
    while True:
        tape.finish()
        head = tape.read(_BLOCK)
        if not head or head == bytes(_BLOCK):
            return
        if len(head) < _BLOCK or not _checksum_fits(head):
            raise _Damaged("a header is damaged")
        kind = chr(head[156])
        size = _number(head[124:136])
        if kind in "xLK":
            if size > _LONGEST_EXTENSION:
                raise _Damaged(f"an extension header of {size} bytes")
            content = b"".join(tape.file(size))
            if kind == "L":
                long_name = content.rstrip(b"\x00").decode("utf-8", "replace")
            elif kind == "x":
                extension = _pax(content)
                long_name = extension.get("path", long_name)
                stated = extension.get("size", "")
                long_size = int(stated) if stated.isdecimal() and len(stated) < 20 else long_size
            continue
        if kind == "g":
            tape.skip(size)
            continue
        yield kind, (long_name or _name(head))[:_LONGEST_NAME].lstrip("/"), long_size if long_size is not None else size
        long_name, long_size = "", None


def _name(head: bytes) -> str:
    name = head[:100].split(b"\x00", 1)[0].decode("utf-8", "replace")
    prefix = head[345:500].split(b"\x00", 1)[0].decode("utf-8", "replace") if head[257:262] == b"ustar" else ""
    return f"{prefix}/{name}" if prefix and head[263:265] == b"00" else name


def _pax(content: bytes) -> dict[str, str]:
    """Records `LENGTH KEY=VALUE\\n`."""
    found: dict[str, str] = {}
    place = 0
    while place < len(content):
        blank = content.find(b" ", place, place + 12)
        digits = content[place:blank]
        if blank < 0 or not digits.isdigit() or int(digits) < 4:
            break
        key, _, value = content[blank + 1 : place + int(digits)].rstrip(b"\n").partition(b"=")
        found[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        place += int(digits)
    return found


def _number(field: bytes) -> int:
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ~(0x80 << 8 * (len(field) - 1))
    else:
        digits = field.strip(b" \x00")
        if digits and not all(48 <= digit < 56 for digit in digits):
            raise _Damaged("a size that is not a number")
        value = int(digits or b"0", 8)
    if value >= 1 << 62:
        raise _Damaged("a size beyond any file")
    return value


def _checksum_fits(head: bytes) -> bool:
    digits = head[148:156].strip(b" \x00")
    if not digits or not all(48 <= digit < 56 for digit in digits):
        return False
    return sum(head) - sum(head[148:156]) + 8 * 32 == int(digits, 8)
