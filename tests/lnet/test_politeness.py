"""What the probe must never do to a server, or to the Lustre client beside it."""

from __future__ import annotations

import itertools
import os
import threading
import time
from pathlib import Path

import pytest

from diag.model.unavailable import Unreadable
from diag.model.verdict import Verdict
from diag.resources.lnet_probe import Step
from diag.sources.lnet.hello import LUSTRE_PID, USERSPACE_PID
from diag.sources.lnet.host import HostLnet, LnetState, read_host
from diag.sources.lnet.identity import Manner, fresh_identity, manner
from diag.sources.lnet.ladder import World, climb
from diag.sources.lnet.nid import Nid
from diag.sources.lnet.target import Target
from diag.sources.lnet_facts import Prober
from tests.lab.lustre import LabFileSystem, LustreServer, peer
from tests.lab.lustre.fault import Fault
from tests.lnet.climbing import NO_LNET, climb_to, options, rung, world
from tests.patience import PATIENCE_S, eventually

OURS = Nid.tcp("127.0.0.1")


class Interrupting:
    """A clock at whose n-th reading Ctrl-C is pressed."""

    def __init__(self, moment: int) -> None:
        self.left = moment

    def __call__(self) -> float:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return time.monotonic()


def readings() -> int:
    clock = Interrupting(-1)
    with LustreServer() as server:
        climb_to(server, how=options(read_map=True), where=World(now=clock, host=lambda: NO_LNET))
    return -1 - clock.left


def test_an_interrupt_at_any_moment_leaves_no_export_and_no_log_line() -> None:
    moments = readings()
    assert moments > 30
    interrupted = 0
    with LustreServer() as server:
        for moment in range(1, moments + 1):
            try:
                climb_to(
                    server, how=options(read_map=True), where=World(now=Interrupting(moment), host=lambda: NO_LNET)
                )
            except KeyboardInterrupt:
                interrupted += 1
            settle(server)
            assert server.exports == (), f"interrupted at reading {moment}"
        assert server.node.mgs is not None and server.node.mgs.stale == 0, "said farewell twice"
    assert interrupted > 30
    # A connection cut before its HELLO is the one thing that shows.
    assert [line for line in server.log if "connection request" not in line and "reading HELLO" not in line] == []


def settle(server: LustreServer) -> None:
    """Until the server has seen the connection close."""
    eventually(lambda: not server.node.peers)


def test_one_connection_at_a_time_also_over_a_whole_file_system() -> None:
    with LabFileSystem(osts=4) as fs:
        most = 0
        done = threading.Event()

        def watch() -> None:
            nonlocal most
            while not done.is_set():
                most = max(most, sum(len(server.node.peers) for server in (fs.mgs, *fs.servers)))

        watcher = threading.Thread(target=watch)
        watcher.start()
        ladder = climb_to(fs.mgs, how=options(read_map=True))
        done.set()
        watcher.join()
        connections = [server.connections for server in (fs.mgs, *fs.servers)]
    assert ladder.verdict is Verdict.PASS
    # A server notices a close a moment after it, so two may overlap in its books; never three.
    assert most <= 2
    assert connections == [1, 1, 1, 1, 1]
    assert fs.log == []


def test_every_identity_is_new_and_recognisable() -> None:
    identities = [fresh_identity(OURS, Manner.ALONE) for _ in range(50)]
    assert all(identity.uuid.startswith("lustre-doctor-") and len(identity.uuid) < 40 for identity in identities)
    for numbers in (
        [identity.uuid for identity in identities],
        [identity.handle for identity in identities],
        [identity.ping_handle for identity in identities],
    ):
        assert len(set(numbers)) == 50
    assert all(identity.pid == LUSTRE_PID for identity in identities)


# Beside a live kernel client.

UP_HERE = HostLnet(LnetState.UP, (OURS,))
UP_UNKNOWN = HostLnet(LnetState.UP, None)
UP_OTHER = HostLnet(LnetState.UP, (Nid.parse("10.1.2.3@tcp"),))


def test_a_live_kernel_client_is_never_cut_off() -> None:
    with LustreServer() as server:
        server.kernel_client("127.0.0.1@tcp")
        ladder = climb_to(server, where=world(UP_HERE))
    assert server.node.disturbed == []
    assert (ladder.verdict, ladder.knows_fsname, server.log) == (Verdict.PASS, True, [])


def test_the_lab_does_cut_a_client_off_when_its_name_is_taken() -> None:
    """What the rule is there for; without it the test above would prove nothing."""
    with LustreServer() as server:
        server.kernel_client("127.0.0.1@tcp")
        climb_to(server, where=world(NO_LNET))
    assert server.node.disturbed == ["127.0.0.1@tcp"]


def test_with_lnet_up_and_its_nids_unreadable_it_stops_at_the_ping_and_says_where_to_look() -> None:
    with LustreServer() as server:
        server.kernel_client("127.0.0.1@tcp")
        ladder = climb_to(server, where=world(UP_UNKNOWN))
        assert server.exports == ()
    assert server.node.disturbed == []
    assert rung(ladder, Step.PING).verdict is Verdict.PASS
    assert rung(ladder, Step.MGS).verdict is Verdict.UNKNOWN
    assert "lctl get_param mgc.*.import" in rung(ladder, Step.MGS).fix
    assert ladder.verdict is Verdict.UNKNOWN


def test_a_server_that_does_not_know_the_kernel_beside_us_is_no_failure() -> None:
    with LustreServer() as server:
        ladder = climb_to(server, where=world(UP_HERE))
    assert rung(ladder, Step.MGS).verdict is Verdict.UNKNOWN
    assert ladder.cause is None


@pytest.mark.parametrize(
    ("host", "how"),
    [
        (NO_LNET, Manner.ALONE),
        (HostLnet(LnetState.LOADED, ()), Manner.ALONE),
        (UP_OTHER, Manner.ALONE),
        (UP_HERE, Manner.BESIDE),
        (UP_UNKNOWN, Manner.PING_ONLY),
        (HostLnet(LnetState.UP, None, elsewhere=True), Manner.ALONE),
        (HostLnet(LnetState.UNKNOWN), Manner.PING_ONLY),
    ],
)
def test_manners(host: HostLnet, how: Manner) -> None:
    assert manner(host, OURS) is how
    pid = fresh_identity(OURS, how).pid
    assert (pid == LUSTRE_PID) == (how is Manner.ALONE)
    assert how is Manner.ALONE or pid & USERSPACE_PID


# Looking at this kernel.

NIS = """\
nid                      status alive refs peer  rtr   max    tx   min
0@lo                         up     0    2    0    0     0     0     0
10.77.0.3@tcp                up    -1    1    8    0   256   256   254
10.78.0.3@tcp1             down    -1    1    8    0   256   256   254
"""
NO_NIS = "\n".join(NIS.splitlines()[:2])
LISTENS = "   5: 00000000:03DC 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 0 1 0\n"
TABLE = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
CONNECTED = "   6: 0300000A:03FF 0200000A:03DC 01 00000000:00000000 00:00000000 00000000     0        0 0 1 0\n"


def tree(root: Path, **files: str) -> Path:
    names = {"nis": "sys/kernel/debug/lnet/nis", "old_nis": "proc/sys/lnet/nis", "users": "sys/module/ksocklnd/refcnt"}
    names |= {"accept": "sys/module/lnet/parameters/accept", "port": "sys/module/lnet/parameters/accept_port"}
    names |= {"tcp": "proc/net/tcp", "tcp6": "proc/net/tcp6"}
    (root / "proc/self").mkdir(parents=True)
    (root / "sys/module").mkdir(parents=True)
    if files:
        (root / "sys/module/lnet").mkdir()
    for name, text in files.items():
        path = root / names[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


TCP, TCP1 = Nid.parse("10.77.0.3@tcp"), Nid.parse("10.78.0.3@tcp1")


@pytest.mark.parametrize(
    ("files", "state", "nids", "elsewhere"),
    [
        ({}, LnetState.ABSENT, (), False),
        ({"nis": NIS, "users": "2\n"}, LnetState.UP, (TCP, TCP1), False),
        ({"old_nis": NIS}, LnetState.UP, (TCP, TCP1), False),
        ({"nis": NO_NIS, "users": "0\n"}, LnetState.LOADED, (), False),
        ({"users": "0\n"}, LnetState.LOADED, (), False),
        ({"users": "1\n"}, LnetState.UP, None, False),
        ({"users": "1\n", "accept": "secure\n", "tcp": TABLE + LISTENS}, LnetState.UP, None, False),
        ({"users": "1\n", "accept": "secure\n", "tcp": TABLE + CONNECTED, "tcp6": TABLE}, LnetState.UP, None, True),
        ({"users": "1\n", "accept": "secure\n", "tcp": TABLE, "tcp6": TABLE + LISTENS}, LnetState.UP, None, False),
        ({"users": "1\n", "accept": "none\n", "tcp": TABLE}, LnetState.UP, None, False),
        # An acceptor on another port (1988 is 07C4) is here all the same.
        (
            {"users": "1\n", "accept": "all\n", "port": "1988\n", "tcp": TABLE + LISTENS.replace("03DC", "07C4")},
            LnetState.UP,
            None,
            False,
        ),
        ({"users": "1\n", "accept": "all\n", "port": "1988\n", "tcp": TABLE + LISTENS}, LnetState.UP, None, True),
    ],
)
def test_what_this_kernel_shows(
    tmp_path: Path, files: dict[str, str], state: LnetState, nids: tuple[Nid, ...] | None, elsewhere: bool
) -> None:
    host = read_host(tree(tmp_path, **files))
    assert (host.state, host.nids, host.elsewhere) == (state, nids, elsewhere)
    assert host.evidence


def test_a_linux_without_sysfs_could_have_lnet_and_another_system_could_not(tmp_path: Path) -> None:
    (tmp_path / "linux/proc/self").mkdir(parents=True)
    (tmp_path / "mac").mkdir()
    assert read_host(tmp_path / "linux").state is LnetState.UNKNOWN
    assert read_host(tmp_path / "mac").state is LnetState.ABSENT


def test_a_long_series_of_probes_leaves_a_server_as_it_was() -> None:
    with LustreServer("2.10.5.0") as server:
        for _ in itertools.repeat(None, 10):
            ladder = climb(Target(server.address, server.port, "ddyezbev"), options(), world())
            assert ladder.verdict is Verdict.PASS
        assert (server.exports, server.mistakes) == ((), [])
    assert server.log == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may bind a port below 1024")
def test_an_interrupted_run_takes_its_leave_of_a_server_that_keeps_it_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "SLOWNESS_S", 0.2)
    with LustreServer(faults=[Fault.SLOW], privileged=range(512, 1024)) as server:
        prober, ladders = Prober(wanted=True), []

        def ask() -> None:
            ladders.append(prober.ask(server.address, server.port, "ddyezbev"))

        climbing = threading.Thread(target=ask, daemon=True)
        climbing.start()
        assert eventually(lambda: server.exports), "it never came to the MGS"
        prober.cancel()
        climbing.join(PATIENCE_S)
        settle(server)
        assert server.exports == ()
        found = {rung.step: rung.verdict for rung in ladders[0].rungs}
        assert found.get(Step.FILE_SYSTEM) is not Verdict.PASS, "it went on as if nothing had happened"


def test_an_interrupted_run_calls_no_further_server() -> None:
    prober = Prober(wanted=True)
    prober.cancel()
    with LustreServer(accept="all") as server:
        with pytest.raises(Unreadable, match="interrupted"):
            prober.ask(server.address, server.port, "ddyezbev")
        assert server.log == []
