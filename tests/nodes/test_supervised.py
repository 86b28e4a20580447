"""Supervision: a command that ends, one that prints too much, one that is late, and ones that cannot be killed."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from diag.sources import supervised as stuck
from diag.sources.supervised import CompletedCommand, still_stuck, supervise
from tests.nodes import unkillable
from tests.nodes.stopped_fuse import stopped_fuse, why_not
from tests.patience import PATIENCE_S, eventually, in_time

CAP = 1 << 20


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ledger" / "stuck.json"
    monkeypatch.setattr(stuck, "ledger_path", lambda: path)
    return path


def run(
    *argv: str, feed: bytes = b"", seconds: float = PATIENCE_S, cap: int = CAP, key: str = "test"
) -> CompletedCommand:
    return supervise(argv, key=key, feed=feed, until=time.monotonic() + seconds, cap=cap)


def test_output_input_and_exit_status() -> None:
    ran = run("/bin/sh", "-c", "cat; exit 7", feed=b"x" * 200_000)
    assert (len(ran.stdout), ran.exit_status, ran.is_cut, ran.stuck) == (200_000, 7, False, None)


def test_a_command_that_does_not_read_its_input() -> None:
    assert run("/bin/sh", "-c", "exec 0<&-; echo done", feed=b"x" * 1_000_000).stdout == b"done\n"


def test_endless_output_is_cut_and_ended() -> None:
    with in_time():
        ran = run("/bin/sh", "-c", "while :; do echo yes; done", cap=10_000, seconds=600)
    assert ran.is_cut and len(ran.stdout) == 10_000 and ran.stuck is None


def test_a_late_command_is_killed_with_its_children_and_its_output_is_kept() -> None:
    with in_time():
        ran = run("/bin/sh", "-c", "echo first; sleep 600 & echo $!; wait", seconds=1)
    first, child = ran.stdout.split()
    assert (first, ran.exit_status, ran.stuck) == (b"first", None, None)
    assert eventually(lambda: stuck.state_of(int(child)) in ("", "Z"))


def test_without_pidfd_the_child_is_watched_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError("seccomp")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    assert run("/bin/sh", "-c", "echo out").exit_status == 0
    assert run("/bin/sh", "-c", "sleep 600", seconds=0.2).exit_status is None


@pytest.fixture
def held() -> Iterator[CompletedCommand]:
    ran = run(sys.executable, unkillable.__file__, seconds=2.0, key="held")
    if ran.exit_status == unkillable.UNTRACED:
        pytest.skip("this machine lets nobody be traced")
    yield ran
    let_go(ran)


def let_go(held: CompletedCommand) -> None:
    """End the tracer, and with it the process that it holds."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(held.stdout.split()[1]), signal.SIGKILL)


def test_an_unkillable_child_is_left_behind_in_time(held: CompletedCommand) -> None:
    assert held.exit_status is None
    assert held.stuck is not None and held.stuck.pid > 0


@pytest.mark.parametrize(("state", "is_stuck"), [("R", False), ("D", True), ("t", True)])
def test_a_killed_process_that_waits_for_a_busy_processor_is_not_stuck(
    monkeypatch: pytest.MonkeyPatch, state: str, is_stuck: bool
) -> None:
    monkeypatch.setattr(stuck, "_left_behind", [])
    monkeypatch.setattr(stuck, "_has_ended", lambda pid, until: False)
    monkeypatch.setattr(stuck, "state_of", lambda pid: state)
    with subprocess.Popen(["/bin/sleep", "600"], start_new_session=True) as child:
        assert (stuck.end_child(child.pid, "busy") is not None, still_stuck("busy") is not None) == (is_stuck, is_stuck)


def test_the_ledger_remembers_it_while_it_is_there(held: CompletedCommand) -> None:
    assert held.stuck is not None
    remembered = still_stuck("held")
    assert remembered is not None and remembered.pid == held.stuck.pid
    assert still_stuck("something else") is None


def test_the_ledger_forgets_what_is_gone(held: CompletedCommand) -> None:
    assert held.stuck is not None
    let_go(held)
    assert eventually(lambda: still_stuck("held") is None)


def test_a_pid_that_was_used_again_is_somebody_else(ledger: Path) -> None:
    entry = stuck.Stuck("reused", os.getpid(), started=1, boot=stuck._boot(), since=0.0)
    stuck.remember(entry)
    assert still_stuck("reused") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b'[{"key":"x"}]'])
def test_a_damaged_ledger_is_an_empty_one(ledger: Path, content: bytes) -> None:
    ledger.parent.mkdir(mode=0o700)
    ledger.write_bytes(content)
    assert still_stuck("x") is None


def test_a_ledger_that_others_can_write_is_not_believed(ledger: Path) -> None:
    ledger.parent.mkdir()
    ledger.parent.chmod(0o777)
    stuck.remember(stuck.Stuck("x", os.getpid(), stuck._start_time(os.getpid()), stuck._boot(), 0.0))
    assert not ledger.exists()


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")
def test_a_process_in_uninterruptible_sleep(tmp_path: Path) -> None:
    folder = tmp_path / "dead"
    folder.mkdir()
    with stopped_fuse(folder):
        with in_time():
            ran = run("/bin/ls", str(folder), seconds=1, key="dead mount")
        assert ran.stuck is not None
        assert stuck.state_of(ran.stuck.pid) == "D"
        assert still_stuck("dead mount") is not None
    assert eventually(lambda: still_stuck("dead mount") is None)


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")
def test_a_tool_that_outlives_its_shell_is_remembered(tmp_path: Path) -> None:
    """The probe is a shell: it dies when it is killed, the Lustre tool that it started may not."""
    folder = tmp_path / "dead"
    folder.mkdir()
    with stopped_fuse(folder):
        ran = run("/bin/sh", "-c", f"ls {folder}; :", seconds=0.5, key="dead tool")
        assert ran.stuck is not None
        assert stuck.state_of(ran.stuck.pid) == "D"
        assert still_stuck("dead tool") is not None


def test_a_command_that_is_just_being_started_is_ended_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[subprocess.Popen[bytes]] = []
    made, known = threading.Event(), threading.Event()

    class Slow(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            children.append(self)
            made.set()
            known.wait(60)

    monkeypatch.setattr(subprocess, "Popen", Slow)
    monkeypatch.setattr(stuck, "KILL_GRACE_S", 60.0)
    monkeypatch.setattr(stuck, "_is_over", False)
    threading.Thread(target=lambda: run("/bin/sleep", "600", seconds=60), daemon=True).start()
    assert made.wait(60)
    threading.Timer(0.05, known.set).start()
    stuck.end_all()
    # Whoever reaps it first knows the signal; that it is gone is what counts.
    children[0].wait(60)
    assert not Path(f"/proc/{children[0].pid}").exists()


def test_nothing_is_started_once_the_run_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stuck, "_is_over", False)
    stuck.end_all()
    with pytest.raises(OSError, match="the run is over"):
        run("/bin/sleep", "600", seconds=60)


@pytest.mark.skipif(why_not() != "", reason=why_not())
def test_a_ledger_on_a_dead_mount_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    with stopped_fuse(tmp_path / "home") as home, in_time():
        monkeypatch.setattr(stuck, "ledger_path", lambda: home / "stuck.json")
        monkeypatch.setattr(stuck, "_left_behind", [])
        stuck.remember(me := stuck.Stuck("k", os.getpid(), stuck._start_time(os.getpid()), stuck._boot(), 0.0))
        assert still_stuck("k") == me
        assert still_stuck("other") is None
