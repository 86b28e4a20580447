"""Over SSH to OpenSSH's own server: configuration, bastion, known hosts, and servers that misbehave."""

import asyncio
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncssh
import pytest

from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import NodeReport
from diag.resources.via import Via
from diag.sources.nodes.ask import NodeAsk, probe_hash, questions_of
from diag.sources.nodes.ssh import Ssh
from tests.nodes.reading import ask, refusal, truth
from tests.nodes.sshd import Sshd, config_entry, make_key, sshd, why_not
from tests.patience import in_time

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")

NODE = NodeAsk("node-a", "127.0.0.1")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    make_key(folder / "id")
    make_key(folder / "other")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd") / "node", keys / "id") as running:
        yield running


@pytest.fixture(scope="module")
def bastion(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd") / "bastion", keys / "id") as running:
        yield running


@pytest.fixture
def config(tmp_path: Path, server: Sshd, keys: Path) -> Path:
    (tmp_path / "known_hosts").write_text(server.known_hosts_line)
    path = tmp_path / "config"
    path.write_text(config_entry("node-*", server, keys / "id", tmp_path / "known_hosts"))
    return path


def read(config: Path, *asks: NodeAsk, accept_new: bool = False, node_s: float = 8.0) -> NodeReport | Unavailable:
    way = Ssh(config=str(config), accept_new=accept_new)
    return ask(way, asks or (NODE,), questions_of(["localhost"], [], 988), node_s=node_s)["node-a"]


def test_one_session_reads_the_node(config: Path) -> None:
    found = truth(read(config))
    assert (found.via, found.probe) == (Via.SSH, probe_hash())
    assert found.kernel == os.uname().release
    assert [n.name for n in found.names or ()] == ["localhost"]


def test_several_nodes_of_one_configuration(config: Path) -> None:
    asks = [NodeAsk(f"node-{letter}") for letter in "abcd"]
    answers = ask(Ssh(config=str(config)), asks)
    assert all(truth(answers[one.node]).kernel for one in asks)


def test_through_a_bastion(tmp_path: Path, server: Sshd, bastion: Sshd, keys: Path) -> None:
    (tmp_path / "known_hosts").write_text(server.known_hosts_line + bastion.known_hosts_line)
    config = tmp_path / "config"
    config.write_text(
        config_entry("node-a", server, keys / "id", tmp_path / "known_hosts", "ProxyJump jump")
        + config_entry("jump", bastion, keys / "id", tmp_path / "known_hosts")
    )
    assert truth(read(config)).kernel == os.uname().release


def test_a_jump_in_a_circle_is_no_endless_one(tmp_path: Path, server: Sshd, keys: Path) -> None:
    config = tmp_path / "config"
    config.write_text(config_entry("node-a", server, keys / "id", tmp_path / "known_hosts", "ProxyJump node-a"))
    assert "circle" in refusal(read(config)).detail


def test_an_unknown_host_is_refused_with_its_fingerprint(config: Path) -> None:
    (config.parent / "known_hosts").write_text("")
    why = refusal(read(config))
    assert why.reason is Reason.DENIED
    assert "is not known" in why.detail and "SHA256:" in why.detail and "--accept-new-host-keys" in why.remedy


def test_an_unknown_host_is_taken_for_this_run_when_asked_and_nothing_is_written(config: Path) -> None:
    known = config.parent / "known_hosts"
    known.write_text("")
    assert truth(read(config, accept_new=True)).kernel
    assert known.read_text() == ""


@pytest.mark.parametrize("accept_new", [False, True])
def test_a_changed_key_is_refused_whatever_was_asked(config: Path, server: Sshd, keys: Path, accept_new: bool) -> None:
    other = " ".join((keys / "other.pub").read_text().split()[:2])
    (config.parent / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {other}\n")
    why = refusal(read(config, accept_new=accept_new))
    assert why.reason is Reason.DENIED
    assert "is not the one in known_hosts" in why.detail and "ssh-keygen -R" in why.remedy


def test_a_key_that_is_not_let_in(config: Path, server: Sshd, keys: Path) -> None:
    config.write_text(config_entry("node-a", server, keys / "other", config.parent / "known_hosts"))
    why = refusal(read(config))
    assert why.reason is Reason.DENIED and "--ssh-user" in why.remedy


def test_nobody_listens(tmp_path: Path, server: Sshd, keys: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = tmp_path / "config"
    config.write_text(config_entry("node-a", Sshd(port, server.folder), keys / "id", tmp_path / "known_hosts"))
    assert refusal(read(config)).reason is Reason.UNREACHABLE


def test_no_such_configuration(tmp_path: Path) -> None:
    assert refusal(read(tmp_path / "nothing")).reason is Reason.ABSENT


def test_a_server_that_accepts_and_is_silent(tmp_path: Path, server: Sshd, keys: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=8) as silent:
        config = tmp_path / "config"
        quiet = Sshd(silent.getsockname()[1], server.folder)
        config.write_text(config_entry("node-a", quiet, keys / "id", tmp_path / "known_hosts"))
        with in_time():
            why = refusal(read(config, node_s=1.0))
        assert why.reason is Reason.TIMEOUT


Process = Callable[[asyncssh.SSHServerProcess[bytes]], None]


def misbehave(config: Path, keys: Path, act: Process) -> Callable[[], None]:
    """An asyncssh server in a thread, entered into the configuration; returns what ends it."""
    loop = asyncio.new_event_loop()
    started = threading.Event()
    ports: list[int] = []
    (config.parent / "authorized").write_bytes((keys / "id.pub").read_bytes())

    async def serve() -> None:
        acceptor = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[str(keys / "other")], encoding=None, process_factory=act,
            authorized_client_keys=str(config.parent / "authorized"),
        )  # fmt: skip
        ports.append(acceptor.sockets[0].getsockname()[1])
        started.set()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.run_forever()

    threading.Thread(target=run, daemon=True).start()
    assert started.wait(10)
    fake = Sshd(ports[0], config.parent)
    key = " ".join((keys / "other.pub").read_text().split()[:2])
    (config.parent / "known_hosts").write_text(f"[127.0.0.1]:{ports[0]} {key}\n")
    config.write_text(config_entry("node-a", fake, keys / "id", config.parent / "known_hosts"))

    def end() -> None:
        loop.call_soon_threadsafe(loop.stop)

    return end


def test_a_command_that_never_answers(config: Path, keys: Path) -> None:
    end = misbehave(config, keys, lambda process: None)
    with in_time():
        why = refusal(read(config, node_s=2.0))
    assert why.reason is Reason.TIMEOUT
    end()


def test_a_gigabyte_is_cut(config: Path, keys: Path) -> None:
    async def pour(process: asyncssh.SSHServerProcess[bytes]) -> None:
        process.stdout.write(b"#lustre-doctor 1\n#begin kernel\n|6.1\n#end kernel 0\n")
        for _ in range(16_000):
            process.stdout.write(b"|" + b"x" * 65_535)
            await process.stdout.drain()
        process.exit(0)

    end = misbehave(config, keys, pour)  # type: ignore[arg-type]
    found = truth(read(config, node_s=8.0))
    assert found.kernel == "6.1"
    assert "more than" in found.why_missing("names").detail
    end()


def test_a_session_that_ends_half_way(config: Path, keys: Path) -> None:
    def half(process: asyncssh.SSHServerProcess[bytes]) -> None:
        process.stdout.write(b"#lustre-doctor 1\n#begin kernel\n|6.1\n#end kernel 0\n#begin nids\n")
        process.exit_with_signal("KILL")

    end = misbehave(config, keys, half)
    found = truth(read(config))
    assert found.kernel == "6.1" and found.nids is None
    assert found.missing["nids"].reason is Reason.GARBLED and "half-way" in found.missing["nids"].detail
    end()


def test_a_proxy_command_carries_the_connection(tmp_path: Path, server: Sshd, keys: Path) -> None:
    """The name leads nowhere without the command: had it been ignored, nothing would have answered."""
    relay = tmp_path / "relay.py"
    relay.write_text(
        "import os, socket, sys, threading\n"
        "peer = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
        "def up():\n"
        "    while data := os.read(0, 65536):\n"
        "        peer.sendall(data)\n"
        "threading.Thread(target=up, daemon=True).start()\n"
        "while data := peer.recv(65536):\n"
        "    os.write(1, data)\n"
    )
    (tmp_path / "known_hosts").write_text(f"alias-a {server.host_key}\n")
    config = tmp_path / "config"
    entry = config_entry("node-a", server, keys / "id", tmp_path / "known_hosts", "HostKeyAlias alias-a")
    command = f"    ProxyCommand {sys.executable} {relay} {server.port}\n"
    config.write_text(entry.replace("127.0.0.1", "node-a.invalid") + command)
    assert truth(read(config)).kernel == os.uname().release


def test_one_odd_entry_costs_its_own_hosts_alone(config: Path) -> None:
    config.write_text(config.read_text() + "Host odd-*\n    ???\n")
    assert truth(read(config)).kernel == os.uname().release


def test_a_node_of_an_odd_entry_says_which_line(config: Path) -> None:
    config.write_text('Match exec "true"\n    ProxyJump elsewhere\n' + config.read_text())
    found = refusal(read(config))
    assert found.reason is Reason.GARBLED
    assert f"{config}:1" in found.detail


def test_a_revoked_key_is_refused(tmp_path: Path, config: Path, server: Sshd) -> None:
    (tmp_path / "known_hosts").write_text(server.known_hosts_line + f"@revoked * {server.host_key}\n")
    assert "revokes" in refusal(read(config)).detail


def test_a_revoked_key_is_refused_where_new_keys_are_taken(tmp_path: Path, config: Path, server: Sshd) -> None:
    (tmp_path / "known_hosts").write_text(f"@revoked * {server.host_key}\n")
    assert "revokes" in refusal(read(config, accept_new=True)).detail
