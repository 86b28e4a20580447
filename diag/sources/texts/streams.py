"""The text streams in what a person names: a file, a folder, an archive, standard input."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator

from diag.grammar.ids import INSTANCE
from diag.model.symptom import TextStream
from diag.model.unavailable import Reason, Unavailable
from diag.sources.files import File, UnreadableFile, open_files, refused
from diag.sources.texts.compression import compression_of, foreign_format, unpacked

_HEAD = 8 << 10
_MOST_PROBLEMS = 50
_DEEPEST_NESTING = 4
_UTF16 = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_JOURNAL = b"LPKSHHRH"
_TEXT_BYTES = bytes(range(32, 256)) + b"\t\n\r\f\b\x1b"
# The EKS log collector names its archive after the instance, sos after the host.
_COLLECTED_ON = (
    rf"(?:^|/)(?:eks_(?P<instance>{INSTANCE.pattern})_|sosreport-(?P<host>[A-Za-z0-9.-]{{1,253}}?)-\d{{4}}-)"
)

Report = Callable[[Unavailable], None]


class Texts:
    """The texts under the given paths, one at a time; `-` is standard input.

    Folders are walked, archives (tar, zip; gzip, xz, bzip2; nested) are opened. What is not read by the instant
    `until` of the clock `now` is left out; what is not read becomes a problem. `progress` is called with how far the
    reading is.
    """

    def __init__(
        self,
        paths: Iterable[str],
        *,
        until: float = math.inf,
        now: Callable[[], float] = time.monotonic,
        progress: Callable[[str], None] = lambda how_far: None,
    ) -> None:
        self._paths = paths
        self._until = until
        self._now = now
        self._progress = progress
        self._files = self._bytes = 0
        self._is_cut = False
        self._problems: list[Unavailable] = []
        self._more = 0

    def __iter__(self) -> Iterator[TextStream]:
        for path in self._paths:
            for found in open_files(path, until=self._until):
                if self._is_late(path if isinstance(found, Unavailable) else found.name):
                    return
                if isinstance(found, Unavailable):
                    self._report(found)
                    continue
                self._files += 1
                yield from _contents(found.name, self._pieces(found), self._report, depth=0, named=found.is_named)

    @property
    def problems(self) -> tuple[Unavailable, ...]:
        """What could not be read, or not to its end, so far."""
        if not self._more:
            return tuple(self._problems)
        return (*self._problems, refused("further texts", f"{self._more} more problems of this kind"))

    def _pieces(self, file: File) -> Iterator[bytes]:
        try:
            for piece in file.pieces:
                self._bytes += len(piece)
                self._progress(f"{self._bytes >> 20} MiB of {self._files} file(s)")
                yield piece
                if self._is_late(file.name):
                    return
        except UnreadableFile as error:
            self._report(error.problem)

    def _is_late(self, name: str) -> bool:
        """Whether the time is up; what comes after the file of that name is not read."""
        if not self._is_cut and self._now() >= self._until:
            read = f"the time was up; read up to there, {self._bytes >> 10} KiB of {self._files} file(s)"
            self._report(refused(name, read, Reason.TIMEOUT, "give it a longer --deadline, or fewer files"))
            self._is_cut = True
        return self._is_cut

    def _report(self, problem: Unavailable) -> None:
        if self._is_cut:
            return  # an archive that ends too early ends there because the time was up
        if len(self._problems) < _MOST_PROBLEMS:
            self._problems.append(problem)
        else:
            self._more += 1


def _contents(
    name: str, pieces: Iterator[bytes], report: Report, *, depth: int, named: bool, node: str = ""
) -> Iterator[TextStream]:
    """The texts in a stream of bytes: itself, what it unpacks to, or an archive's members."""
    head = _first(pieces)
    packed_as_tar, packed_as_zip = _looks_like_tar(head), head.startswith(b"PK\x03\x04")
    kind = compression_of(head)
    if kind and depth < _DEEPEST_NESTING:
        inner = unpacked(name, kind, _again(head, pieces), report)
        yield from _contents(name, inner, report, depth=depth + 1, named=named, node=node)
    elif (packed_as_tar or packed_as_zip) and depth < _DEEPEST_NESTING:
        if packed_as_zip:
            from diag.sources.texts.zip import members
        else:
            from diag.sources.texts.tar import members

        for member in members(name, _again(head, pieces), report):
            inside = f"{name}:{member.name}"
            place = _node_of(f"{name}/{member.name}") or node
            yield from _contents(inside, member.pieces, report, depth=depth + 1, named=False, node=place)
    elif kind or packed_as_tar or packed_as_zip:
        report(refused(name, f"archives nested deeper than {_DEEPEST_NESTING} levels are not read"))
    elif head.startswith(_JOURNAL):
        report(
            refused(
                name,
                "a binary journal",
                remedy=f"journalctl --file {name.replace(':', '/').rpartition('/')[2]} | lustre-doctor explain -",
            )
        )
    elif packed := foreign_format(head):
        report(refused(name, f"packed as {packed}, which is not read", remedy="unpack it first"))
    elif encoding := next((encoding for mark, encoding in _UTF16 if head.startswith(mark)), ""):
        yield TextStream(name, _recoded(encoding, _again(head, pieces)), node)
    elif not _is_binary(head):
        yield TextStream(name, _again(head, pieces), node)
    elif named:
        report(refused(name, "not a text", remedy="give a log, an event or an archive of them"))


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
    found = re.search(_COLLECTED_ON, name)
    return (found["instance"] or found["host"]) if found else ""
