"""Files that a person names: what can hang is given up or never opened, what cannot be read says why."""

from __future__ import annotations

import io
import math
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from diag.model.unavailable import Reason, Unavailable
from diag.sources import files, remote_mounts, supervised
from diag.sources.files import File, UnreadableFile, is_missing, open_files, read_bounded, write_private
from diag.sources.remote_mounts import StuckMount, remote_mount_of, run_in_child
from tests.nodes.stopped_fuse import stopped_fuse, why_not
from tests.patience import PATIENCE_S


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised, "ledger_path", lambda: tmp_path / "ledger" / "stuck.json")


def why(path: object, **options: float) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as refused:
        read_bounded(str(path), **options)  # type: ignore[arg-type]
    return refused.value


def contents(path: object) -> dict[str, bytes | str]:
    """What a path holds by the names that are told; a problem by its detail."""
    return {
        found.detail if isinstance(found, Unavailable) else found.name: (
            found.reason.value if isinstance(found, Unavailable) else b"".join(found.pieces)
        )
        for found in open_files(str(path))
    }


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 1_000_000)
    assert read_bounded(str(tmp_path / "a")) == b"x" * 1_000_000


def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * (2 << 20))
    assert "larger than 1 MiB" in str(why(tmp_path / "a", limit=1 << 20))


def test_the_reason_is_said(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2Jb").mkdir()
    assert why(tmp_path / "none").problem.reason is Reason.ABSENT
    assert "null byte" in str(why("\0"))
    folder = why(tmp_path / "a\x1b[2Jb")
    assert "a folder, not a file" in str(folder) and "\x1b" not in str(folder)
    assert is_missing(str(tmp_path / "none")) and not is_missing(str(tmp_path)) and not is_missing("-")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_never_opened(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> int:
        raise AssertionError(f"opened {arguments}")

    monkeypatch.setattr(os, "open", refuse)
    assert "neither a file nor a pipe" in str(why(device))


def test_a_pipe_that_nobody_writes_to_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SILENCE_S", 0.1)
    os.mkfifo(tmp_path / "pipe")
    refused = why(tmp_path / "pipe")
    assert refused.problem.reason is Reason.TIMEOUT and "nothing came for" in str(refused)


def test_a_pipe_that_goes_on_for_ever_ends_at_the_deadline(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    stop = threading.Event()

    def trickle() -> None:
        with (tmp_path / "pipe").open("wb", buffering=0) as pipe:
            while not stop.wait(0.02):
                try:
                    pipe.write(b".")
                except BrokenPipeError:
                    return

    writer = threading.Thread(target=trickle)
    writer.start()
    try:
        assert why(tmp_path / "pipe", until=time.monotonic() + 0.3).problem.reason is Reason.TIMEOUT
    finally:
        stop.set()
        writer.join()


def test_a_pipe_is_read_to_its_end_whenever_its_writer_comes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    late = threading.Timer(0.2, lambda: (tmp_path / "pipe").write_bytes(b"y" * 300_000))
    late.start()
    assert read_bounded(str(tmp_path / "pipe")) == b"y" * 300_000
    late.join()


def test_standard_input_that_stays_open_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SILENCE_S", 0.1)
    reader, writer = os.pipe()
    with os.fdopen(reader) as stdin, os.fdopen(writer, "wb"):
        monkeypatch.setattr(sys, "stdin", stdin)
        assert why("-").problem.reason is Reason.TIMEOUT


def test_standard_input_need_not_be_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"abc")))
    assert read_bounded("-") == b"abc"
    monkeypatch.setattr(sys, "stdin", None)
    assert read_bounded("-") == b""


def test_a_folder_is_walked_within_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "a").write_bytes(b"1")
    (tmp_path / "in" / "b").write_bytes(b"2")
    (tmp_path / "in" / "link").symlink_to("b")
    os.mkfifo(tmp_path / "in" / "pipe")
    here = str(tmp_path / "in")
    left_out = f"1 symbolic link not followed (first: {here}/link)"
    assert contents(tmp_path / "in") == {f"{here}/b": b"2", f"{here}/deep/a": b"1", left_out: "not-asked"}
    monkeypatch.setattr(files, "MOST_FILES", 1)
    assert contents(tmp_path / "in")["more than 1 files; the rest is not read"] == "garbled"


# --- mounts that can hang ---


@pytest.fixture
def mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that counts as the mount point of a Lustre file system; this process may not touch it."""
    point = tmp_path / "a mount"
    (point / "sub").mkdir(parents=True)
    (point / "sub" / "log").write_bytes(b"from the mount" * 100_000)
    (point / "empty").write_bytes(b"")
    table = tmp_path / "mountinfo"
    name = str(point).replace(" ", "\\040")
    local = "22 1 8:1 / / rw - ext4 /dev/sda1 rw"
    table.write_text(f"{local}\n36 22 0:40 / {name} rw,noatime - lustre 10.0.0.1@tcp:/abcdefgh rw,flock\n")
    monkeypatch.setattr(remote_mounts, "_MOUNT_TABLE", str(table))
    monkeypatch.setattr(remote_mounts, "ANSWER_S", PATIENCE_S)
    ours = os.getpid()
    for name in ("open", "stat", "scandir", "readlink", "lstat"):
        monkeypatch.setattr(os, name, guarded(getattr(os, name), str(point), ours))
    return point


def guarded(function: object, point: str, ours: int) -> object:
    assert callable(function)

    def guard(path: object, *arguments: object, **named: object) -> object:
        assert os.getpid() != ours or not f"{path}/".startswith(f"{point}/"), f"touched {path}"
        return function(path, *arguments, **named)

    return guard


@pytest.mark.parametrize("start", ["", "link/..", "deep/up"])
def test_a_path_to_such_a_mount_is_known_without_a_touch(tmp_path: Path, mount: Path, start: str) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "up").symlink_to("..")
    (tmp_path / "link").symlink_to(tmp_path / "deep")
    (tmp_path / "to").symlink_to("deep/../a mount/sub")
    assert remote_mount_of(f"{tmp_path}/{start}/a mount/sub/log") == str(mount)
    assert remote_mount_of(f"{tmp_path}/to/log") == str(mount)
    assert remote_mount_of(f"{tmp_path}/deep") == ""
    assert remote_mount_of(f"{tmp_path}/a mount too") == ""


def test_a_relative_path_counts_from_where_the_person_is(mount: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getcwd", lambda: str(mount / "sub"))
    assert remote_mount_of("lustre-doctor.toml") == str(mount)


def test_links_in_a_circle_lead_nowhere(tmp_path: Path, mount: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    assert remote_mount_of(f"{tmp_path}/one/x") == ""


def test_a_file_on_it_is_read_by_a_child(mount: Path) -> None:
    assert read_bounded(f"{mount}/sub/log") == b"from the mount" * 100_000
    assert why(f"{mount}/none").problem.reason is Reason.ABSENT
    assert "a folder, not a file" in str(why(mount))


def test_a_folder_on_it_is_read_by_a_child(mount: Path) -> None:
    assert contents(mount) == {f"{mount}/empty": b"", f"{mount}/sub/log": b"from the mount" * 100_000}
    files_of = [found for found in open_files(str(mount)) if isinstance(found, File)]
    assert [file.name for file in files_of] == [f"{mount}/empty", f"{mount}/sub/log"], "what is left unread is passed"


def test_such_a_mount_below_a_folder_is_not_entered(tmp_path: Path, mount: Path) -> None:
    (tmp_path / "b").write_bytes(b"2")
    assert contents(tmp_path)[f"{tmp_path}/b"] == b"2"
    assert contents(tmp_path)["a mount of its own, which may hang; name it to read it"] == "not-asked"


def test_a_file_is_written_there_by_a_child(mount: Path) -> None:
    write_private(f"{mount}/out", b"report")
    assert read_bounded(f"{mount}/out") == b"report"
    with pytest.raises(UnreadableFile, match="No such file"):
        write_private(f"{mount}/none/out", b"report")


def test_a_silent_child_is_ended(mount: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_mounts, "ANSWER_S", 0.2)

    def work() -> Iterator[bytes]:
        yield str(os.getpid()).encode()
        time.sleep(60)

    pieces = run_in_child(work, str(mount), until=math.inf)
    child = int(next(pieces))
    with pytest.raises(StuckMount, match="does not answer"):
        next(pieces)
    assert supervised.state_of(child) == ""


def test_a_child_that_fails_is_no_end_of_a_file(mount: Path) -> None:
    def work() -> Iterator[bytes]:
        yield b"half"
        raise MemoryError

    with pytest.raises(StuckMount, match="ended early"):
        list(run_in_child(work, str(mount), until=math.inf))


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")
def test_a_dead_mount_costs_its_own_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_mounts, "ANSWER_S", 0.3)
    folder = tmp_path / "dead"
    folder.mkdir()
    with stopped_fuse(folder):
        first = why(folder / "lustre-doctor.toml")
        assert first.problem.reason is Reason.TIMEOUT and "does not answer" in str(first)
        monkeypatch.setattr(remote_mounts, "ANSWER_S", PATIENCE_S)
        assert "has been stuck" in str(why(folder / "other")), "a second process is not put beside the first"


def test_a_process_that_is_told_to_end_leaves_no_half_written_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(file: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_private(str(tmp_path / "report"), b"half")
    assert list(tmp_path.iterdir()) == []
