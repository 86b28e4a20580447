"""Paths on mounts that can hang whoever touches them: found without a touch, read by a child that can be left behind.

A process that touches a dead Lustre (NFS, FUSE …) mount sleeps uninterruptibly, and a process with one such thread
never ends. So the mount table is asked first (reading it touches no mount), and whatever lies on such a mount is read
by a forked child, which sends what it read through a pipe. A silent child is killed; one that cannot be killed is left
behind and remembered (`diag.sources.supervised`), and nothing is asked of its mount again while it is there.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
import os
import re
import select
import struct
import time
from collections.abc import Callable, Iterable, Iterator

_NETWORK = frozenset(("lustre", "nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "afs", "autofs"))
_CLUSTER = frozenset(("gpfs", "beegfs", "orangefs", "pvfs2", "coda", "ocfs2", "gfs2"))
_LOCAL_FUSE = frozenset(("fuseblk", "fusectl", "fuse.fuse-overlayfs", "fuse.lxcfs"))
_MOUNT_TABLE = "/proc/self/mountinfo"
_ESCAPED = re.compile(r"\\([0-7]{3})")
_MOST_LINKS = 40
_MOST_TOUCHED = 1000
_LENGTH = struct.Struct(">I")
_HIGHEST_FILE = 65536

ANSWER_S = 5.0
"""Seconds of silence after which a child on such a mount is given up."""


class StuckMount(Exception):
    """The mount did not answer in time; the message says what is stuck."""


def remote_mounts() -> frozenset[str]:
    """The mount points, as this process sees them, of file systems that can hang; none where there is no such table."""
    try:
        with open(_MOUNT_TABLE, encoding="utf-8", errors="surrogateescape") as table:  # noqa: PTH123 - start-up
            rows = [line.partition(" - ") for line in table]
    except OSError:
        return frozenset()
    return frozenset(
        _ESCAPED.sub(lambda found: chr(int(found[1], 8)), mount.split(" ")[4])
        for mount, _, system in rows
        if _can_hang(system.split(" ", 1)[0])
    )


def _can_hang(kind: str) -> bool:
    return kind in _NETWORK or kind in _CLUSTER or (kind.startswith("fuse") and kind not in _LOCAL_FUSE)


def remote_mount_of(path: str) -> str:
    """The mount point of such a file system that a path leads to, empty when it leads to none.

    Links are followed one component at a time, and nothing on the mount is touched.
    """
    mounts = remote_mounts()
    if not mounts or "\0" in path:
        return ""
    here = "/"
    waiting = os.path.join(os.getcwd(), path).split("/")[::-1]  # noqa: PTH118, PTH109 - Path would normalise
    links = 0
    while waiting:
        step = waiting.pop()
        if step in ("", "."):
            continue
        here = os.path.dirname(here) if step == ".." else f"{here.rstrip('/')}/{step}"  # noqa: PTH120
        if here in mounts:
            return here
        try:
            link = os.readlink(here)  # noqa: PTH115
        except OSError:
            continue
        links += 1
        if links > _MOST_LINKS:
            return ""
        here = "/" if link.startswith("/") else os.path.dirname(here)  # noqa: PTH120
        waiting += link.split("/")[::-1]
    return ""


def run_in_child(work: Callable[[], Iterator[bytes]], mount: str, *, until: float) -> Iterator[bytes]:
    """What `work` yields in a child process, piece by piece.

    Raises StuckMount when the mount says nothing for `ANSWER_S` or until the `time.monotonic()` instant, and at once
    while an earlier child is still stuck on it.
    """
    from diag.sources.supervised import end_child, still_stuck, supervised

    key = f"files on {mount}"
    if (stuck := still_stuck(key)) is not None:
        raise StuckMount(f"{mount} does not answer: {stuck}")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _serve(work, writer)
    os.close(writer)
    with supervised(child, key):
        try:
            while size := _size(_exactly(reader, _LENGTH.size, until), mount):
                yield _exactly(reader, size, until)
        except TimeoutError:
            raise StuckMount(f"{mount} does not answer") from None
        finally:
            os.close(reader)
            end_child(child, key)


def require_answers(paths: Iterable[str], *, until: float = math.inf) -> None:
    """For what a library opens by itself: raise StuckMount where one of the paths is on a mount that does not answer.

    A child touches each of them first; what is not there answers too.
    """
    by_mount: dict[str, list[str]] = {}
    for path in map(os.path.expanduser, map(os.path.expandvars, paths)):
        if path and (mount := remote_mount_of(path)):
            by_mount.setdefault(mount, []).append(path)
    for mount, touched in by_mount.items():
        for _ in run_in_child(functools.partial(_touch, touched), mount, until=until):
            pass


def _touch(paths: list[str]) -> Iterator[bytes]:
    for path in paths:
        inside = (os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)  # noqa: PTH118
        for file in itertools.chain((path,), itertools.islice(inside, _MOST_TOUCHED)):
            # The name may be there while what holds the content is not.
            if os.path.isfile(file):  # noqa: PTH113
                with contextlib.suppress(OSError), open(file, "rb") as content:  # noqa: PTH123
                    content.read(1)
            yield b"."


def _serve(work: Callable[[], Iterator[bytes]], writer: int) -> None:
    """The child: sends every piece with its length before it, and an empty one at the end. Never returns."""
    status = 1
    try:
        os.setsid()
        # A child that is left behind must not keep anybody waiting for the end of our output.
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        os.closerange(3, writer)
        os.closerange(writer + 1, _HIGHEST_FILE)
        with os.fdopen(writer, "wb") as pipe:
            for piece in filter(None, work()):
                pipe.write(_LENGTH.pack(len(piece)) + piece)
                pipe.flush()
            pipe.write(_LENGTH.pack(0))
        status = 0
    except BaseException:  # noqa: S110 - the parent finds the end missing and says so
        pass
    finally:
        os._exit(status)


def _size(head: bytes, mount: str) -> int:
    if len(head) < _LENGTH.size:
        raise StuckMount(f"{mount}: the child that reads it ended early")
    return int(_LENGTH.unpack(head)[0])


def _exactly(reader: int, size: int, until: float) -> bytes:
    """`size` bytes from the child, fewer when it ended early."""
    parts: list[bytes] = []
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    while size:
        patience = min(ANSWER_S, until - time.monotonic())
        if patience <= 0 or not poller.poll(patience * 1000):
            raise TimeoutError
        piece = os.read(reader, size)
        if not piece:
            break
        parts.append(piece)
        size -= len(piece)
    return b"".join(parts)
