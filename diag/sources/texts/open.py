"""Opening what a person names: a file, a folder, an archive, standard input."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from diag.model.symptom import TextStream
from diag.model.unavailable import Reason, Unavailable
from diag.sources.texts.stream import PIECE, refused
from diag.sources.texts.unpack import compression_of, foreign_format, unpacked

STDIN = "-"
_HEAD = 8 << 10
_DEEPEST_FOLDER = 40
_MOST_FILES = 100_000
_MOST_PROBLEMS = 50
_DEEPEST_NESTING = 4
_UTF16 = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_JOURNAL = b"LPKSHHRH"
_TEXT_BYTES = bytes(range(32, 256)) + b"\t\n\r\f\b\x1b"
# The EKS log collector names its archive after the instance, sos after the host.
_COLLECTED_ON = re.compile(
    r"(?:^|/)(?:eks_(?P<instance>i-[0-9a-f]{8,17})_|sosreport-(?P<host>[A-Za-z0-9.-]{1,253}?)-\d{4}-)"
)

Report = Callable[[Unavailable], None]


class Texts:
    """The texts under the given paths, one at a time; `-` is standard input.

    Folders are walked, archives (tar; gzip, xz, bzip2; nested) are opened. What is not read becomes a problem.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = paths
        self._problems: list[Unavailable] = []
        self._more = 0

    def __iter__(self) -> Iterator[TextStream]:
        return _texts(self._paths, self._report)

    @property
    def problems(self) -> tuple[Unavailable, ...]:
        """What could not be read, or not to its end, so far."""
        if not self._more:
            return tuple(self._problems)
        return (*self._problems, refused("further texts", f"{self._more} more problems of this kind"))

    def _report(self, problem: Unavailable) -> None:
        if len(self._problems) < _MOST_PROBLEMS:
            self._problems.append(problem)
        else:
            self._more += 1


def _texts(paths: Iterable[str], report: Report) -> Iterator[TextStream]:
    for path in paths:
        if path == STDIN:
            yield from _contents(
                "standard input", _pieces("standard input", sys.stdin.buffer, report), report, depth=0, named=True
            )
        else:
            yield from _path(Path(path), report)


def _path(path: Path, report: Report) -> Iterator[TextStream]:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        report(_unreadable(path, error))
        return
    if stat.S_ISDIR(mode):
        yield from _folder(path, report)
    elif stat.S_ISREG(mode) or stat.S_ISFIFO(mode):
        yield from _file(path, report, named=True)
    else:
        report(refused(str(path), "a device or socket, not a text", "give a file, a folder or - for standard input"))


def _folder(folder: Path, report: Report) -> Iterator[TextStream]:
    files = 0
    links = 0
    waiting = [(folder, 0)]
    while waiting:
        here, depth = waiting.pop()
        try:
            with os.scandir(here) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            report(_unreadable(here, error))
            continue
        for entry in found:
            if entry.is_symlink():
                links += 1
            elif entry.is_file(follow_symlinks=False):
                files += 1
                if files > _MOST_FILES:
                    report(refused(str(folder), f"more than {_MOST_FILES} files; the rest is not read"))
                    return
                yield from _file(Path(entry.path), report, named=False)
        folders = [entry for entry in found if entry.is_dir(follow_symlinks=False)]
        if folders and depth >= _DEEPEST_FOLDER:
            report(refused(str(here), f"folders nested deeper than {_DEEPEST_FOLDER} levels are not read"))
        else:
            waiting += [(Path(entry.path), depth + 1) for entry in reversed(folders)]
    if links:
        report(refused(str(folder), f"{links} symbolic links not followed"))


def _file(path: Path, report: Report, *, named: bool) -> Iterator[TextStream]:
    try:
        with path.open("rb", buffering=0) as file:
            yield from _contents(str(path), _pieces(str(path), file, report), report, depth=0, named=named)
    except OSError as error:
        report(_unreadable(path, error))


def _pieces(name: str, file: BinaryIO, report: Report) -> Iterator[bytes]:
    try:
        while piece := file.read(PIECE):
            yield piece
    except OSError as error:
        report(refused(name, f"{error.strerror or error}; read up to there"))


def _contents(
    name: str, pieces: Iterator[bytes], report: Report, *, depth: int, named: bool, node: str = ""
) -> Iterator[TextStream]:
    """The texts in a stream of bytes: itself, what it unpacks to, or an archive's members."""
    head = _first(pieces)
    packed_as_tar = _looks_like_tar(head)
    kind = compression_of(head)
    if kind and depth < _DEEPEST_NESTING:
        inner = unpacked(name, kind, _again(head, pieces), report)
        yield from _contents(name, inner, report, depth=depth + 1, named=named, node=node)
    elif packed_as_tar and depth < _DEEPEST_NESTING:
        from diag.sources.texts.tar import members

        for member in members(name, _again(head, pieces), report):
            inside = f"{name}:{member.name}"
            place = _node_of(f"{name}/{member.name}") or node
            yield from _contents(inside, member.pieces, report, depth=depth + 1, named=False, node=place)
    elif kind or packed_as_tar:
        report(refused(name, f"archives nested deeper than {_DEEPEST_NESTING} levels are not read"))
    elif head.startswith(_JOURNAL):
        report(
            refused(
                name,
                "a binary journal",
                f"journalctl --file {Path(name.split(':')[-1]).name} | lustre-doctor explain -",
            )
        )
    elif packed := foreign_format(head):
        report(refused(name, f"packed as {packed}, which is not read", "unpack it first"))
    elif encoding := next((encoding for mark, encoding in _UTF16 if head.startswith(mark)), ""):
        yield TextStream(name, _recoded(encoding, _again(head, pieces)), node)
    elif not _is_binary(head):
        yield TextStream(name, _again(head, pieces), node)
    elif named:
        report(refused(name, "not a text", "give a log, an event or an archive of them"))


def _looks_like_tar(head: bytes) -> bool:
    if len(head) < 512 or b"\x00" not in head[:512]:
        return False
    from diag.sources.texts.tar import is_tar

    return is_tar(head)


def _first(pieces: Iterator[bytes]) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size < _HEAD:
        piece = next(pieces, b"")
        if not piece:
            break
        parts.append(piece)
        size += len(piece)
    return b"".join(parts)


def _again(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from pieces


def _recoded(encoding: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    import codecs

    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _is_binary(head: bytes) -> bool:
    """More than a third of the beginning is bytes that no text holds."""
    return len(head[:_HEAD].translate(None, _TEXT_BYTES)) * 3 > len(head[:_HEAD])


def _node_of(name: str) -> str:
    found = _COLLECTED_ON.search(name)
    return (found["instance"] or found["host"]) if found else ""


def _unreadable(path: Path, error: OSError) -> Unavailable:
    reasons = {PermissionError: Reason.DENIED, FileNotFoundError: Reason.ABSENT}
    reason = next((reason for kind, reason in reasons.items() if isinstance(error, kind)), Reason.GARBLED)
    remedies = {Reason.DENIED: "read it as a user who may", Reason.ABSENT: "check the path"}
    return refused(str(path), error.strerror or str(error), remedies.get(reason, ""), reason)
