"""Runs a command that may never end: supervised, left behind at the deadline, and remembered while it is stuck.

A process in uninterruptible sleep survives SIGKILL, so nothing here ever waits for one: `subprocess.run(timeout=…)`
does, without bound, after its kill (CPython 3.11 subprocess.py). What was left behind is kept in a small ledger, so
that the next run does not put another process beside it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import selectors
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec

from diag.decode import decode_json
from diag.sources.remote_mounts import StuckMount, remote_mount_of, require_answers

KILL_GRACE_S = 0.2
"""How long a killed process may take to go."""

ERRORS_KEPT = 16 * 1024
"""Bytes of standard error that are kept; the rest is read and dropped."""

TOOLS_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
"""For the tools of a node: found where the system has them, and in English."""

POLL_S = 0.02
"""Where the kernel gives no pidfd (before 5.3, some sandboxes), the child is looked at this often."""


class CompletedCommand(msgspec.Struct, frozen=True):
    """How a command ended, or that it did not."""

    stdout: bytes
    exit_status: int | None
    """None when it was killed or left behind; minus the signal when one ended it."""
    is_cut: bool = False
    """It printed more than the cap and was ended for that."""
    stuck: Stuck | None = None
    """Set when it could not even be killed."""
    stderr: bytes = b""
    """The start of its standard error."""

    @property
    def complaint(self) -> str:
        """The last line of its standard error, empty where it wrote none."""
        return (self.stderr.decode("utf-8", "replace").strip().splitlines() or [""])[-1]


class Stuck(msgspec.Struct, frozen=True):
    """A process that does not go."""

    key: str
    """What it was started for; one entry a key."""
    pid: int
    started: int
    """Start time in clock ticks since boot (proc_pid_stat(5) field 22): tells a reused pid apart."""
    boot: str
    since: float
    """Unix seconds."""
    wchan: str = ""

    def __str__(self) -> str:
        where = f" in {self.wchan}" if self.wchan else ""
        when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.since))
        return f"process {self.pid} has been stuck{where} since {when}"


_GONE = ("", "Z", "X")
_GOING = (*_GONE, "R")
"""States of a killed process (proc_pid_stat(5)) that is no more, or about to go: what is stuck sleeps."""

_running: dict[int, str] = {}
"""Sessions that are being supervised now, each with what it was started for."""

_is_over = False
"""`end_all` was called: nothing is started any more."""

_left_behind: list[Stuck] = []
"""By this process: the ledger may not be writable."""

_starting: set[str] = set()
"""Keys of commands whose process is being made: it may run already, and nobody has its number yet."""


def supervise(
    argv: Sequence[str],
    *,
    key: str,
    feed: bytes,
    until: float,
    cap: int,
    environment: Mapping[str, str] = TOOLS_ENVIRONMENT,
    folder: str | None = "/",
) -> CompletedCommand:
    """Run a command in its own session until it ends, prints more than `cap` bytes, or the `time.monotonic()` instant.

    `feed` is its standard input; `folder` None is the present one, or / where that does not answer. Raises OSError when
    it cannot be started. Never waits past the deadline plus 0.2 s.
    """
    _starting.add(key)
    try:
        if _is_over:
            raise InterruptedError("the run is over")
        child = subprocess.Popen(  # noqa: S603 - argv is the caller's constant, or the kubeconfig's own plugin
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=_present_folder() if folder is None else folder,
            env=environment,
            start_new_session=True,
        )
        _running[child.pid] = key
    finally:
        _starting.discard(key)
    assert child.stdin is not None and child.stdout is not None and child.stderr is not None  # noqa: S101
    with supervised(child.pid, key), child.stdin, child.stdout, child.stderr:
        out, errors, is_cut = _converse(child.stdin, child.stdout, child.stderr, feed, until, cap)
        if _has_ended(child.pid, until if not is_cut else 0.0):
            return CompletedCommand(out, child.wait(), is_cut, stderr=errors + _left_in(child.stderr))
        stuck = end_child(child.pid, key)
    # Popen would look for it again: it is reaped, or it is the kernel's and init's from here on.
    child.returncode = 0
    return CompletedCommand(out, None, is_cut, stuck, errors)


def _present_folder() -> str:
    try:
        folder = os.getcwd()  # noqa: PTH109 - start-up
        require_answers((os.path.join(folder, ".lustre-doctor"),))  # noqa: PTH118 - any name in it
    except (OSError, StuckMount):
        return "/"
    return folder


@contextlib.contextmanager
def supervised(session: int, key: str) -> Iterator[None]:
    """While the block runs, `end_all` ends that session of a child too."""
    _running[session] = key
    try:
        yield
    finally:
        _running.pop(session, None)


def end_child(pid: int, key: str, grace: float = KILL_GRACE_S) -> Stuck | None:
    """Kill a child of this process with its session and reap it; remember it when it does not go in `grace` seconds.

    One that runs is not stuck: it was killed, and only waits for its turn on a busy machine.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)
        os.killpg(pid, signal.SIGKILL)
    until = time.monotonic() + grace
    is_gone = _has_ended(pid, until)
    if is_gone:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    survivor = _survivor(pid, until) if is_gone else None if state_of(pid) in _GOING else pid
    if survivor is None:
        return None
    stuck = Stuck(key, survivor, _start_time(survivor), _boot(), time.time(), wchan_of(survivor))
    remember(stuck)
    return stuck


def end_all() -> None:
    """Kill what is still being supervised: this process is about to end, and leaves no orphan.

    Waits for what is being started, but no longer than `KILL_GRACE_S`: its program may lie on a dead mount. What does
    not go is remembered.
    """
    global _is_over
    _is_over = True
    until = time.monotonic() + KILL_GRACE_S
    while _starting and time.monotonic() < until:
        time.sleep(POLL_S)
    running = dict(_running)
    for session in running:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(session, signal.SIGKILL)
    until = time.monotonic() + KILL_GRACE_S
    for session, key in running.items():
        with contextlib.suppress(ChildProcessError):  # whoever supervised it has reaped it
            end_child(session, key, max(0.0, until - time.monotonic()))


def _converse(
    stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes], feed: bytes, until: float, cap: int
) -> tuple[bytes, bytes, bool]:
    """Feed the child, close its input, and collect what it prints until it closes its output."""
    for stream in (stdin, stdout, stderr):
        os.set_blocking(stream.fileno(), False)
    pieces: list[bytes] = []
    errors = bytearray()
    size = 0
    rest = memoryview(feed)
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        selector.register(stderr, selectors.EVENT_READ)
        selector.register(stdin, selectors.EVENT_WRITE)
        while (left := until - time.monotonic()) > 0:
            for ready, _ in selector.select(left):
                if ready.fileobj is stdin:
                    try:
                        rest = rest[os.write(ready.fd, rest[:4096]) :]
                    except BrokenPipeError:
                        rest = rest[:0]
                    if not rest:
                        selector.unregister(stdin)
                        stdin.close()
                    continue
                piece = os.read(ready.fd, 65536)
                if ready.fileobj is stderr:
                    errors += piece[: ERRORS_KEPT - len(errors)]
                    if not piece:
                        selector.unregister(stderr)
                    continue
                if not piece:
                    return b"".join(pieces), bytes(errors), False
                pieces.append(piece)
                size += len(piece)
                if size > cap:
                    return b"".join(pieces)[:cap], bytes(errors), True
    return b"".join(pieces), bytes(errors), False


def _left_in(stderr: IO[bytes]) -> bytes:
    """What a command that has ended wrote last."""
    try:
        return os.read(stderr.fileno(), ERRORS_KEPT)
    except OSError:
        return b""


def _has_ended(pid: int, until: float) -> bool:
    """Whether a child has ended by the deadline; it stays to be reaped."""
    try:
        watch = os.pidfd_open(pid)
    except (OSError, AttributeError):
        with contextlib.suppress(ChildProcessError):  # another thread has reaped it
            while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                if time.monotonic() >= until:
                    return False
                time.sleep(POLL_S)
        return True
    try:
        poller = select.poll()
        poller.register(watch, select.POLLIN)
        return bool(poller.poll(max(0.0, until - time.monotonic()) * 1000))
    finally:
        os.close(watch)


def _survivor(session: int, until: float) -> int | None:
    """A process of a killed session that is still there at the deadline: a shell dies, the tool it started may not."""
    while True:
        pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        left = [pid for pid in pids if _session_of(pid) == session and state_of(pid) not in _GONE]
        if not left:
            return None
        if time.monotonic() >= until:
            return next((pid for pid in left if state_of(pid) not in _GOING), None)
        time.sleep(POLL_S)


def _session_of(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[3]) if len(fields) > 3 else 0


def wchan_of(pid: int) -> str:
    """The kernel function that a process waits in; empty when not told. Reads wchan alone, never cmdline or maps."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        name = Path(f"/proc/{pid}/wchan").read_text().strip()
        return "" if name == "0" else name[:100]
    return ""


def state_of(pid: int) -> str:
    """The one-letter state of a process (proc_pid_stat(5)); empty when it is gone."""
    fields = _stat(pid)
    return fields[0] if fields else ""


def _start_time(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[19]) if len(fields) > 19 else 0


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; the name before them may hold any character."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].decode("ascii", "replace").split()
    return []


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def still_stuck(key: str) -> Stuck | None:
    """The process that an earlier run left behind for the same purpose, while it is there."""
    return next((entry for entry in (*_alive(_left_behind), *_load()) if entry.key == key), None)


def remember(stuck: Stuck) -> None:
    """Write a process into the ledger. A ledger that cannot be written costs only the memory of it."""
    _left_behind.append(stuck)
    kept = [entry for entry in _load() if entry.key != stuck.key]
    path = ledger_path()
    if remote_mount_of(str(path)):
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(path.parent):
            return
        scratch = path.with_suffix(f".{os.getpid()}")
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode([*kept, stuck]))
        scratch.replace(path)


def ledger_path() -> Path:
    """/run for root, the user's runtime folder or their state folder otherwise; gone or stale after a boot.

    It is not used where it lies on a mount that can hang.
    """
    if os.geteuid() == 0:
        return Path("/run/lustre-doctor/stuck.json")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime or Path.home() / ".local" / "state") / "lustre-doctor" / "stuck.json"


def _load() -> list[Stuck]:
    """Entries whose process is still there: same boot, same start time, and not a mere zombie."""
    path = ledger_path()
    try:
        if remote_mount_of(str(path)) or not _is_ours(path.parent):
            return []
        raw = path.read_bytes()[: 1 << 20]
        entries = decode_json(raw, list[Stuck])
    except (OSError, msgspec.DecodeError, json.JSONDecodeError):
        return []
    return _alive(entries)


def _alive(entries: Sequence[Stuck]) -> list[Stuck]:
    boot = _boot()
    return [
        entry
        for entry in entries
        if entry.boot == boot and _start_time(entry.pid) == entry.started and state_of(entry.pid) not in _GONE
    ]


def _is_ours(folder: Path) -> bool:
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
