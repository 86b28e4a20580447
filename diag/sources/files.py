"""Files that a person names: opened without waiting, read within bounds, written privately, whole or not at all.

What a name leads to can hang whoever touches it. A FIFO that nobody writes to, a device, a terminal: files are opened
without blocking, judged by what was opened, and given up when nothing comes. A dead mount: what lies on a mount that
can hang is read by a child that can be left behind (`diag.sources.remote_mounts`).
"""

from __future__ import annotations

import contextlib
import enum
import io
import math
import os
import select
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from diag.decode import decode_json
from diag.model.exit_code import WrongUsage
from diag.model.unavailable import Reason, Unavailable
from diag.sanitize import one_line
from diag.sources.remote_mounts import StuckMount, remote_mount_of, remote_mounts, run_in_child

STDIN = "-"
PIECE = 256 << 10
LIMIT = 512 << 20
"""Bytes of the largest file that is read whole."""
SILENCE_S = 30.0
"""Seconds after which a pipe that gives nothing is given up."""
MOST_FILES = 100_000
DEEPEST_FOLDER = 40

Choice = Callable[[list[str], list[str]], tuple[list[str], list[str]]]
"""Which of a folder's sub-folders and files are wanted, by their sorted names."""


class Links(enum.Enum):
    """Which symbolic links in a folder are files: those that lead to one. Links to folders are never followed."""

    NONE = "none"
    INSIDE = "inside"
    """Those whose file is in the folder too: strangers' links must not lead out of it."""
    ALL = "all"


class UnreadableFile(WrongUsage):
    """A file cannot be read or written; the message says which and why."""

    def __init__(self, path: str, detail: str, reason: Reason = Reason.GARBLED, remedy: str = "") -> None:
        self.problem = refused(path, detail, reason, remedy)
        super().__init__(f"{self.problem.what}: {self.problem.detail}")

    @classmethod
    def of(cls, problem: Unavailable) -> UnreadableFile:
        """The exception that says the same."""
        return cls(problem.what, problem.detail, problem.reason, problem.remedy)


class File(NamedTuple):
    """A file that can be read once."""

    name: str
    pieces: Iterator[bytes]
    """Raises UnreadableFile where it cannot be read, or not to its end."""
    is_named: bool = True
    """The person named just this one; it is not one of a folder."""


def refused(what: str, detail: str, reason: Reason = Reason.GARBLED, remedy: str = "") -> Unavailable:
    """What is not read, with why. Names come from strangers."""
    return Unavailable(one_line(what), reason, one_line(detail), remedy=remedy)


def read_bounded(path: str, limit: int = LIMIT, *, until: float = math.inf) -> bytes:
    """The bytes of a file, a pipe or (`-`) standard input.

    Raises UnreadableFile for anything else, for more than `limit` bytes, and when the `time.monotonic()` instant has
    come.
    """
    for found in open_files(path, choose=_nothing, until=until):
        if isinstance(found, Unavailable):
            raise UnreadableFile.of(found)
        return _whole(found, limit)
    raise UnreadableFile(path, "a folder, not a file")


def _whole(file: File, limit: int) -> bytes:
    size = 0
    parts: list[bytes] = []
    for piece in file.pieces:
        parts.append(piece)
        size += len(piece)
        if size > limit:
            raise UnreadableFile(file.name, f"larger than {limit >> 20} MiB")
    return b"".join(parts)


def read_folder(path: str, ending: str, limit: int, *, until: float = math.inf) -> dict[str, bytes]:
    """The content of every file in a folder, by its name, whose name ends so; links are followed.

    Raises UnreadableFile when the folder or one of the files cannot be read.
    """
    contents: dict[str, bytes] = {}

    def choose(folders: list[str], files: list[str]) -> tuple[list[str], list[str]]:
        return [], [name for name in files if name.endswith(ending)]

    for found in open_files(path, choose=choose, links=Links.ALL, until=until):
        if isinstance(found, Unavailable):
            raise UnreadableFile.of(found)
        if found.is_named:
            raise UnreadableFile(path, "not a folder", remedy="name a folder")
        contents[os.path.basename(found.name)] = _whole(found, limit)  # noqa: PTH119
    return contents


def is_missing(path: str) -> bool:
    """Whether there is surely nothing of that name. What lies on a mount that can hang is not asked."""
    return path != STDIN and not remote_mount_of(path) and not os.path.lexists(path)


def _everything(folders: list[str], files: list[str]) -> tuple[list[str], list[str]]:
    return folders, files


def _nothing(folders: list[str], files: list[str]) -> tuple[list[str], list[str]]:
    return [], []


def open_files(
    path: str, *, choose: Choice = _everything, links: Links = Links.NONE, until: float = math.inf
) -> Iterator[File | Unavailable]:
    """The file, the pipe, standard input, or the regular files of the folder that a path names, one at a time.

    What is not read is given out as a value, with why; `Reason.NOT_ASKED` where that is on purpose.
    """
    way = _Way(choose, links, until)
    try:
        mount = "" if path == STDIN else remote_mount_of(path)
        if mount:
            yield from _decoded(run_in_child(lambda: _encoded(_open(path, way)), mount, until=until))
        else:
            yield from _open(path, way)
    except StuckMount as error:
        yield _stuck(path, error).problem


class _Way(NamedTuple):
    choose: Choice
    links: Links
    until: float


def _open(path: str, way: _Way) -> Iterator[File | Unavailable]:
    if path == STDIN:
        yield File("standard input", _standard_input(way.until))
        return
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a name with a NUL byte is a ValueError here
        if stat.S_ISDIR(mode):
            yield from _walk(path, way)
            return
        _refuse_devices(path, mode)
        yield File(path, _pieces(path, way.until))
    except (OSError, ValueError) as error:
        yield _unreadable(path, error).problem
    except UnreadableFile as error:
        yield error.problem


def _walk(root: str, way: _Way) -> Iterator[File | Unavailable]:
    mounts = remote_mounts()
    real = os.path.realpath(root)
    own = remote_mount_of(root)
    given: set[str] = set()
    left_out: list[str] = []
    waiting = [("", 0)]
    while waiting:
        below, depth = waiting.pop()
        here = os.path.join(root, below)  # noqa: PTH118 - a Path would drop the name's own form
        if os.path.join(real, below).rstrip("/") in mounts and below:  # noqa: PTH118
            yield refused(here, "a mount of its own, which may hang; name it to read it", Reason.NOT_ASKED)
            continue
        try:
            with os.scandir(here) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield _unreadable(here, error).problem
            continue
        linked = [entry.name for entry in found if entry.is_symlink()]
        followed = [name for name in linked if _is_followed(f"{here}/{name}", way.links, real, own)]
        left_out += [os.path.join(here, name) for name in linked if name not in followed]  # noqa: PTH118
        folders, names = way.choose(
            [entry.name for entry in found if entry.is_dir(follow_symlinks=False)],
            sorted(followed + [entry.name for entry in found if entry.is_file(follow_symlinks=False)]),
        )
        for name in names:
            file = os.path.join(here, name)  # noqa: PTH118
            target = os.path.realpath(file) if name in followed else os.path.join(real, below, name)  # noqa: PTH118
            if target in given:  # a link and its file are one
                continue
            given.add(target)
            if len(given) > MOST_FILES:
                yield refused(root, f"more than {MOST_FILES} files; the rest is not read", Reason.GARBLED)
                return
            yield File(file, _pieces(file, way.until), is_named=False)
        if folders and depth >= DEEPEST_FOLDER:
            detail = f"folders nested deeper than {DEEPEST_FOLDER} levels are not read"
            yield refused(here, detail, Reason.NOT_ASKED)
        else:
            waiting += [(os.path.join(below, name), depth + 1) for name in reversed(folders)]  # noqa: PTH118
    if left_out and way.links is not Links.ALL:
        count = f"{len(left_out)} symbolic link{'s' if len(left_out) > 1 else ''} not followed"
        yield refused(root, f"{count} (first: {left_out[0]})", Reason.NOT_ASKED)


def _is_followed(link: str, links: Links, root: str, own: str) -> bool:
    if links is Links.NONE or remote_mount_of(link) not in ("", own) or not os.path.isfile(link):  # noqa: PTH113
        return False
    return links is Links.ALL or os.path.realpath(link).startswith(f"{root.rstrip('/')}/")


def _pieces(path: str, until: float) -> Iterator[bytes]:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        _refuse_devices(path, os.fstat(file).st_mode)
        yield from _read(path, file, until)
    finally:
        os.close(file)


def _standard_input(until: float) -> Iterator[bytes]:
    try:
        file = sys.stdin.buffer.fileno()
    except (AttributeError, ValueError, io.UnsupportedOperation):  # closed, or no file of the system
        if sys.stdin is not None:
            yield from iter(lambda: sys.stdin.buffer.read(PIECE), b"")
        return
    yield from _read("standard input", file, until)


def _read(name: str, file: int, until: float) -> Iterator[bytes]:
    poller = select.poll()
    poller.register(file, select.POLLIN)
    silence = math.inf if os.isatty(file) else SILENCE_S
    try:
        while True:
            patience = min(silence, until - time.monotonic())
            if not poller.poll(max(0.0, patience) * 1000 if patience < math.inf else None):
                given_up = f"nothing came for {patience:.0f} s" if patience == silence else "it did not end in time"
                raise UnreadableFile(name, given_up, Reason.TIMEOUT, "write it into a file first")
            piece = os.read(file, PIECE)
            if not piece:
                return
            yield piece
    except OSError as error:
        raise UnreadableFile(name, f"{error.strerror or error}; read up to there") from error


def _refuse_devices(path: str, mode: int) -> None:
    if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
        raise UnreadableFile(path, "neither a file nor a pipe", remedy="give a file, a folder or - for standard input")


def _unreadable(path: str, error: OSError | ValueError) -> UnreadableFile:
    detail = getattr(error, "strerror", None) or str(error)
    if isinstance(error, PermissionError):
        return UnreadableFile(path, detail, Reason.DENIED, "read it as a user who may")
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return UnreadableFile(path, detail, Reason.ABSENT, "check the path")
    return UnreadableFile(path, detail)


def _stuck(path: str, error: StuckMount) -> UnreadableFile:
    return UnreadableFile(path, str(error), Reason.TIMEOUT, "give a copy that is on another file system")


def _encoded(found: Iterable[File | Unavailable]) -> Iterator[bytes]:
    """What was found as frames for a pipe: a letter that says what it is, and its content."""
    for item in found:
        if isinstance(item, Unavailable):
            yield b"U" + msgspec.json.encode(item)
            continue
        yield (b"N" if item.is_named else b"F") + os.fsencode(item.name)
        try:
            for piece in item.pieces:
                yield b"P" + piece
        except UnreadableFile as error:
            yield b"E" + msgspec.json.encode(error.problem)


def _decoded(frames: Iterator[bytes]) -> Iterator[File | Unavailable]:
    ahead = next(frames, b"")

    def pieces(name: str) -> Iterator[bytes]:
        nonlocal ahead
        try:
            while (ahead := next(frames, b""))[:1] == b"P":
                yield ahead[1:]
        except StuckMount as error:
            ahead = b""
            raise _stuck(name, error) from error
        if ahead[:1] == b"E":
            problem = decode_json(ahead[1:], Unavailable)
            ahead = next(frames, b"")
            raise UnreadableFile.of(problem)

    while ahead:
        if ahead[:1] == b"U":
            yield decode_json(ahead[1:], Unavailable)
            ahead = next(frames, b"")
            continue
        name = os.fsdecode(ahead[1:])
        rest = pieces(name)
        yield File(name, rest, is_named=ahead[:1] == b"N")
        with contextlib.suppress(UnreadableFile):  # what the reader left is passed over
            for _ in rest:
                pass


def write_private(path: str, data: bytes) -> None:
    """Write a file that only its owner may read, by renaming a finished one into place.

    Raises UnreadableFile when the folder cannot be written or the name is a symbolic link or not a regular file.
    """
    mount = remote_mount_of(path)
    if not mount:
        _write(path, data)
        return

    def work() -> Iterator[bytes]:
        try:
            _write(path, data)
        except UnreadableFile as error:
            yield msgspec.json.encode(error.problem)

    try:
        for answer in run_in_child(work, mount, until=math.inf):
            problem = decode_json(answer, Unavailable)
            raise UnreadableFile.of(problem)
    except StuckMount as error:
        raise _stuck(path, error) from error


def _write(path: str, data: bytes) -> None:
    import tempfile

    target = Path(path)
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise UnreadableFile(path, "refusing to write through a symbolic link or over what is not a regular file")
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException as error:
        # Also when the process is told to end (SIGTERM, Ctrl-C): no half-written file stays behind.
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        if isinstance(error, OSError):
            raise UnreadableFile(path, error.strerror or str(error)) from error
        raise
