"""The probe on this very machine: what it reads, what it never does, and what cannot be smuggled into it."""

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import Vantage
from diag.resources.reachability import Connect
from diag.resources.via import Via
from diag.sources import supervised as stuck
from diag.sources.nodes.ask import NodeAsk, Questions, probe, probe_hash, questions_of, report_from_probe
from diag.sources.nodes.local import Local
from diag.sources.nodes.parsers.answers import parse_answers
from tests.nodes.reading import ask, refusal, truth
from tests.nodes.stopped_fuse import stopped_fuse, why_not
from tests.patience import in_time

SHELLS = [name for name in ("dash", "bash", "busybox") if shutil.which(name)]

WRITES = re.compile(r"\b(?:O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND)\b")
CHANGES = (
    "mount,umount2,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,rmdir,chmod,fchmod,fchmodat,chown,fchownat,"
    "link,linkat,symlink,symlinkat,truncate,ftruncate,setxattr,mknod,mknodat,init_module,finit_module,delete_module,"
    "utimensat,sethostname,reboot,swapon,kexec_load"
)
MAY_OPEN = (
    "/proc/",
    "/sys/",
    "/etc/",
    "/usr/",
    "/lib",
    "/bin/",
    "/sbin/",
    "/dev/null",
    "/dev/tty",
    "/dev/kmsg",
    "/run/",
    "/var/lib/dkms",
    "/var/log/journal",
)


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stuck, "ledger_path", lambda: tmp_path / "ledger" / "stuck.json")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_posix_shell_gives_the_same_answers(shell: str) -> None:
    argv = [shell, *(["sh"] if shell == "busybox" else []), "-s", "--", "port:9", "address:127.0.0.1", "name:localhost"]
    out = subprocess.run(argv, input=probe(), capture_output=True, check=True, cwd="/").stdout.decode()
    answers = parse_answers(out)
    assert answers.is_complete and answers.is_probe and not answers.unfinished
    assert answers.by_question["kernel"].text == Path("/proc/sys/kernel/osrelease").read_text().strip()
    assert "127.0.0.1 STREAM" in re.sub(" +", " ", answers.by_question["names"].text)
    assert {"installed_module", "lustre_mounts", "sockets", "blocked", "imports"} <= set(answers.by_question)


def test_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        questions = questions_of(["localhost", "nosuch.invalid"], ["127.0.0.1", "127.0.0.3"], port)
        found = truth(ask(Local("here"), [NodeAsk("here")], questions)["here"])
    assert (found.via, found.vantage, found.probe) == (Via.LOCAL, Vantage.HOST, probe_hash())
    assert found.kernel == Path("/proc/sys/kernel/osrelease").read_text().strip()
    assert found.clock_skew_s == 0.0
    assert [(n.name, bool(n.addresses)) for n in found.names or ()] == [("localhost", True), ("nosuch.invalid", False)]
    assert [a.outcome for a in found.connects or ()] == [Connect.OPEN, Connect.REFUSED]
    assert any(s.local_port == port and s.state == "LISTEN" for s in found.sockets or ())


def test_other_nodes_cannot_be_read_from_here() -> None:
    answers = ask(Local("here"), [NodeAsk("there", "192.0.2.7")])
    assert refusal(answers["there"]).reason is Reason.NOT_ASKED


@pytest.mark.parametrize(
    "token",
    [
        "name:x; reboot",
        "name:$(reboot)",
        "name:`id`",
        "name:a\nb",
        "address:127.0.0.1|id",
        "name:",
        "x",
        "run:id",
        "name:*",
    ],
)
def test_the_probe_itself_refuses_a_token_that_is_none(token: str) -> None:
    ran = subprocess.run(["sh", "-s", "--", token], input=probe(), capture_output=True, check=False)
    assert ran.returncode == 64
    assert b"uid=" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    "name",
    [
        "x; reboot", "$(reboot)", "a\nb", "a\x1b[2Jb", "-f", "fs-1.example.com;", "fs-1..example.com", "x" * 1_000_000,
        "a b", "${FSxID}.fsx.eu-west-1.amazonaws.com", "../../etc/passwd", "名前.example", "",
    ],
)  # fmt: skip
def test_what_is_no_host_name_is_never_sent(name: str) -> None:
    assert questions_of([name], [], 988).names == ()


@pytest.mark.parametrize("address", ["10.0.0.1;id", "10.0.0", "010.0.0.1", "fe80::1%eth0", "10.0.0.1 ", "$(id)"])
def test_what_is_no_address_is_never_sent(address: str) -> None:
    assert questions_of([], [address], 988).addresses == ()


@given(st.lists(st.text()), st.lists(st.text()))
def test_tokens_hold_nothing_that_means_anything_to_a_shell(names: list[str], addresses: list[str]) -> None:
    for token in questions_of(names, addresses, 988).tokens(skip=("sockets",)):
        assert re.fullmatch(r"[a-z]+:[A-Za-z0-9._:-]+", token)


def test_a_thousand_volumes_do_not_become_a_thousand_questions() -> None:
    questions = questions_of([f"fs-{n}.example.com" for n in range(1000)], [f"10.0.{n}.1" for n in range(250)], 988)
    assert (len(questions.names), len(questions.addresses)) == (16, 32)


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("shell", SHELLS)
def test_it_opens_nothing_for_writing_and_changes_nothing(shell: str, tmp_path: Path) -> None:
    log = tmp_path / "trace"
    argv = [shell, *(["sh"] if shell == "busybox" else []), "-s", "--", "port:9", "address:127.0.0.1", "name:localhost"]
    trace = ["strace", "-f", "-qq", "-s", "300", "-o", str(log), "-e", f"trace=%file,{CHANGES}", *argv]
    tried = subprocess.run(trace, input=probe(), capture_output=True, check=False, cwd="/")
    if tried.returncode:
        pytest.skip(f"nothing can be traced here: {tried.stderr[:100]!r}")
    lines = log.read_text().splitlines()
    assert len(lines) > 100
    opened = [line for line in lines if re.search(r"\bopen(?:at)?\(", line)]
    written = [line for line in opened if WRITES.search(line) and "/dev/tty" not in line]
    assert written == []
    changed = [line for line in lines if re.search(rf"\b(?:{CHANGES.replace(',', '|')})\(", line)]
    assert changed == []
    paths = {match[1] for line in opened if (match := re.search(r'open(?:at)?\((?:AT_FDCWD, )?"(/[^"]*)"', line))}
    assert [path for path in paths if not path.startswith(MAY_OPEN) and path not in ("/", "/proc", "/sys")] == []


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")
def test_a_dead_mount_does_not_hold_it(tmp_path: Path) -> None:
    folder = tmp_path / "dead"
    folder.mkdir()
    with stopped_fuse(folder), in_time():
        found = truth(ask(Local("here"), [NodeAsk("here")])["here"])
    assert found.lustre_mounts == ()


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")
def test_a_process_that_hangs_in_a_dead_mount_is_seen(tmp_path: Path) -> None:
    folder = tmp_path / "dead"
    folder.mkdir()
    with stopped_fuse(folder):
        victim = subprocess.Popen(["ls", str(folder)], stdout=subprocess.DEVNULL)
        time.sleep(0.3)
        victim.kill()
        time.sleep(0.1)
        found = truth(ask(Local("here"), [NodeAsk("here")])["here"])
    victim.wait()
    assert any(task.pid == victim.pid and task.name == "ls" for task in found.blocked or ())


def test_while_a_probe_still_hangs_no_other_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = stuck.Stuck("node probe", 4711, 1, "boot", 0.0, "ptlrpc_queue_wait")
    monkeypatch.setattr("diag.sources.nodes.local.still_stuck", lambda key: entry)
    why = refusal(ask(Local("here"), [NodeAsk("here")])["here"])
    assert why.reason is Reason.TIMEOUT and "4711" in why.detail and "ptlrpc_queue_wait" in why.detail


def test_a_slow_node_keeps_what_it_has_said(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = probe().replace(b"ask names resolve", b"ask names sleep 600")
    monkeypatch.setattr("diag.sources.nodes.local.probe", lambda: slow)
    questions = Questions(names=("localhost",))
    with in_time():
        found = truth(ask(Local("here"), [NodeAsk("here")], questions, node_s=3)["here"])
    assert found.kernel is not None
    why = found.why_missing("names")
    assert isinstance(why, Unavailable) and why.reason is Reason.TIMEOUT


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")
def test_while_a_lustre_tool_hangs_no_other_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run used to leave one more `lctl --version` behind."""
    folder, tools, started = tmp_path / "dead", tmp_path / "tools", tmp_path / "started"
    folder.mkdir()
    tools.mkdir()
    for tool in ("lctl", "lnetctl"):
        (tools / tool).write_text(f"#!/bin/sh\necho {tool} >>{started}\n")
        (tools / tool).chmod(0o755)
    shutil.copy("/bin/ls", tmp_path / "lctl")
    searched = probe().replace(b"PATH=/usr/sbin", f"PATH={tools}:/usr/sbin".encode(), 1)
    monkeypatch.setattr("diag.sources.nodes.local.probe", lambda: searched)
    healthy = truth(ask(Local("here"), [NodeAsk("here")])["here"])
    assert started.read_text().split(), "the tools are found where nothing hangs"
    started.unlink()
    with stopped_fuse(folder):
        victim = subprocess.Popen([str(tmp_path / "lctl"), str(folder)], stdout=subprocess.DEVNULL)
        time.sleep(0.3)
        victim.kill()
        time.sleep(0.1)
        found = truth(ask(Local("here"), [NodeAsk("here")])["here"])
    victim.wait()
    assert not started.exists()
    assert any(task.name == "lctl" for task in found.blocked or ())
    for field in ("tools_version", "lnet_interfaces", "nids", "imports"):
        why = found.why_missing(field)
        assert isinstance(why, Unavailable) and why.reason is Reason.TIMEOUT
    assert healthy.blocked is not None


RUBBISH = (b"", b"\x00\xff" * 500, b"Last login: today\n", b"<html>no</html>", b"#done\n", b"#begin kernel\n|6.1\n")


@pytest.mark.parametrize("output", RUBBISH, ids=range(len(RUBBISH)))
def test_an_answer_that_is_none_is_unknown_and_never_skipped(output: bytes) -> None:
    found = report_from_probe(NodeAsk("here"), Via.SSH, output, (0.0, 1.0), 988)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.GARBLED


def test_what_an_answer_cut_short_lacks_is_unknown() -> None:
    cut = b"Welcome!\n#lustre-doctor 1\n#begin kernel\n|6.1.0\n#end kernel 0\n#begin os_release\n|ID=am"
    found = report_from_probe(NodeAsk("here"), Via.SSH, cut, (0.0, 1.0), 988)
    assert not isinstance(found, Unavailable)
    assert found.kernel == "6.1.0"
    for field in ("os_release", "imports"):
        why = found.why_missing(field)
        assert isinstance(why, Unavailable) and why.reason in (Reason.GARBLED, Reason.TIMEOUT)


@given(st.binary(max_size=400))
def test_any_bytes_are_an_answer_or_a_reason(output: bytes) -> None:
    found = report_from_probe(NodeAsk("here"), Via.SSH, output, (0.0, 1.0), 988)
    assert isinstance(found, Unavailable) or b"#lustre-doctor 1" in output
