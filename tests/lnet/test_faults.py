"""Servers that are wrong, each by name: which rung fails, which cause it speaks for, and that nothing is left."""

from __future__ import annotations

import socket

import pytest

from diag.model.verdict import Verdict
from diag.resources.lnet_probe import Step
from diag.sources.lnet.ladder import World, climb
from diag.sources.lnet.resolve import NameState, Resolution
from diag.sources.lnet.target import Depth, Options, Target
from tests.lab.lustre import Fault, LustreServer
from tests.lnet.climbing import NO_LNET, PORTS, climb_to, options, rung, world
from tests.patience import in_time

# Fault, the rung that decides, its verdict and cause, a word the message must have.
FAULTS = [
    (Fault.HTTP, Step.LNET, Verdict.FAIL, "wrong-service-on-988", "HTTP"),
    (Fault.SSH, Step.LNET, Verdict.FAIL, "wrong-service-on-988", "SSH"),
    (Fault.GARBAGE, Step.LNET, Verdict.FAIL, "wrong-service-on-988", "0b 30 55"),
    (Fault.SILENT, Step.LNET, Verdict.FAIL, None, "said nothing"),
    (Fault.CLOSES, Step.SOURCE_PORT, Verdict.FAIL, "source-port-rewritten-snat", "something else listens"),
    (Fault.INSECURE_PORT, Step.SOURCE_PORT, Verdict.FAIL, "source-port-rewritten-snat", "NAT"),
    (Fault.REFUSED_NID, Step.LNET, Verdict.FAIL, "lnet-wrong-network", "127.0.0.1@tcp"),
    (Fault.HALF_HELLO, Step.LNET, Verdict.FAIL, None, "23 bytes"),
    (Fault.HALF_HELLO_CLOSES, Step.LNET, Verdict.FAIL, None, "23 bytes"),
    (Fault.HUGE_HELLO, Step.LNET, Verdict.FAIL, None, "4294967295 addresses"),
    (Fault.OTHER_HELLO_VERSION, Step.LNET, Verdict.FAIL, None, "version 9"),
    (Fault.OTHER_ACCEPTOR_VERSION, Step.LNET, Verdict.FAIL, None, "version 7"),
    (Fault.BUSY, Step.LNET, Verdict.UNKNOWN, None, "4 times"),
    (Fault.NO_PING, Step.PING, Verdict.FAIL, None, "said nothing"),
    (Fault.HUGE_PAYLOAD, Step.PING, Verdict.FAIL, None, "4294967295 bytes of payload"),
    (Fault.UNKNOWN_FRAME, Step.PING, Verdict.FAIL, None, "0xc7"),
    (Fault.HALF_REPLY, Step.PING, Verdict.FAIL, None, "said nothing"),
    (Fault.ENDLESS_NOOPS, Step.PING, Verdict.FAIL, None, "said nothing"),
    (Fault.ENDLESS_QUESTIONS, Step.PING, Verdict.FAIL, None, "LNet ping answer"),
    (Fault.INTERFACE_DOWN, Step.PING, Verdict.WARN, None, "down"),
    (Fault.ENODEV, Step.MGS, Verdict.FAIL, "mgs-down", "ENODEV"),
    (Fault.EAGAIN, Step.MGS, Verdict.FAIL, "server-not-ready-race", "EAGAIN"),
    (Fault.EBUSY, Step.MGS, Verdict.FAIL, "server-not-ready-race", "EBUSY"),
    (Fault.EPROTO, Step.MGS, Verdict.FAIL, "client-server-version-mismatch", "EPROTO"),
    (Fault.EACCES, Step.MGS, Verdict.FAIL, None, "EACCES"),
    (Fault.HANGS_UP, Step.MGS, Verdict.FAIL, None, "closed the connection"),
    (Fault.HUGE_BUFFERS, Step.MGS, Verdict.FAIL, None, "not LNet"),
    (Fault.NO_CONNECT_DATA, Step.MGS, Verdict.FAIL, None, "not LNet"),
    (Fault.LOG_ERROR, Step.FILE_SYSTEM, Verdict.UNKNOWN, None, "EIO"),
]


@pytest.mark.parametrize(("fault", "step", "verdict", "cause", "word"), FAULTS, ids=[row[0].name for row in FAULTS])
def test_what_each_fault_is_told_as(fault: Fault, step: Step, verdict: Verdict, cause: str | None, word: str) -> None:
    with in_time(), LustreServer(faults=[fault]) as server:
        ladder = climb_to(server, how=options(timeout=1.5))
    decides = rung(ladder, step)
    assert (ladder.verdict, ladder.cause, ladder.headline) == (verdict, cause, decides.message)
    assert (decides.verdict, decides.cause) == (verdict, cause)
    assert word in decides.message
    # A reply that cannot be read hides the handle by which its export could be given back.
    assert server.exports == () or fault is Fault.HUGE_BUFFERS


def test_every_fault_has_its_test() -> None:
    elsewhere = {Fault.NO_MGS, Fault.NEVER_DISCONNECTS, Fault.BROKEN_LOG, Fault.ENDLESS_LOG}
    from tests.lnet.test_ladder import UNUSUAL

    assert {row[0] for row in FAULTS} | set(UNUSUAL) | elsewhere == set(Fault)


def test_an_unknown_name_would_end_the_mount_in_exit_status_2() -> None:
    with LustreServer() as server:
        ladder = climb_to(server, "wrongfs1")
    assert (ladder.verdict, ladder.cause, ladder.knows_fsname) == (Verdict.FAIL, "wrong-mountname", False)
    assert "exit status 2" in ladder.headline
    assert (ladder.server_version, server.log) == ("2.15.8.0", [])


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("muchtoolong", "mountname-too-long"),
        ("a/b", "wrong-mountname"),
        ("dot.ted", "wrong-mountname"),
        ("ünicode", "wrong-mountname"),
    ],
)
def test_a_name_that_no_file_system_can_have_is_never_sent(name: str, cause: str) -> None:
    with LustreServer() as server:
        ladder = climb_to(server, name)
        assert server.node.mgs is not None and server.node.mgs.opened == []
    assert (ladder.cause, ladder.knows_fsname) == (cause, False)


@pytest.mark.parametrize(
    ("by_name", "timeout", "verdict", "cause"),
    [
        (False, 3.0, Verdict.FAIL, "mgs-down"),
        (True, 3.0, Verdict.FAIL, "mgs-down"),
        (True, 1.0, Verdict.UNKNOWN, None),
    ],
)
def test_no_mgs_on_this_node(by_name: bool, timeout: float, verdict: Verdict, cause: str | None) -> None:
    """An address may be any server's, the file system's name stands for its MGS; too short a wait proves nothing."""
    state = NameState.FOUND if by_name else NameState.LITERAL
    where = World(host=lambda: NO_LNET, resolve=lambda host, patience: Resolution(state, ("127.0.0.1",)))
    with LustreServer(mgs=False) as server:
        ladder = climb_to(server, how=options(timeout=timeout), where=where)
    assert (ladder.verdict, ladder.cause) == (verdict, cause)
    assert rung(ladder, Step.MGS).beside == ("" if by_name else "wrong-mgs-address")
    assert rung(ladder, Step.PING).verdict is Verdict.PASS
    assert server.log == []


def test_a_server_behind_nat_is_met_under_its_own_nid() -> None:
    with LustreServer(nid="10.77.0.2@tcp") as server:
        assert climb_to(server).cause == "lnet-wrong-network"
        ladder = climb_to(server, how=options(nid="10.77.0.2@tcp"))
    assert ladder.verdict is Verdict.PASS
    assert ladder.server_nids[0].nid == "10.77.0.2@tcp"


def test_a_server_on_another_lnet_network() -> None:
    with LustreServer(nid="127.0.0.1@tcp1") as server:
        assert climb_to(server).cause == "lnet-wrong-network"
        target = Target.parse(f"127.0.0.1@tcp1:{server.port}/ddyezbev")
        ladder = climb(target, options(), world())
    assert ladder.verdict is Verdict.PASS


def test_a_mgs_that_never_answers_the_farewell_costs_little_time() -> None:
    with LustreServer(faults=[Fault.NEVER_DISCONNECTS]) as server:
        ladder = climb_to(server)
    assert ladder.verdict is Verdict.PASS
    assert ladder.elapsed_ms < 1000


def test_nothing_listens() -> None:
    with LustreServer() as server:
        port = server.port
    ladder = climb(Target("127.0.0.1", port, "ddyezbev"), options(), world())
    assert (ladder.verdict, ladder.cause) == (Verdict.FAIL, "mgs-down")
    assert ladder.summary == f"connect to 127.0.0.1 port {port} (tcp) failed: Connection refused"


def test_a_source_address_that_is_not_ours() -> None:
    how = Options(source_ip="192.0.2.1", source_ports=PORTS, timeout=2)
    with LustreServer() as server:
        ladder = climb_to(server, how=how)
    assert (ladder.verdict, ladder.cause) == (Verdict.UNKNOWN, None)
    assert "192.0.2.1" in ladder.headline


@pytest.mark.parametrize(
    ("state", "word"),
    [(NameState.UNKNOWN_NAME, "does not resolve"), (NameState.TEMPORARY, "resolver"), (NameState.SILENT, "resolver")],
)
def test_a_name_that_does_not_resolve(state: NameState, word: str) -> None:
    where = World(host=lambda: NO_LNET, resolve=lambda host, patience: Resolution(state, detail="it said so"))
    ladder = climb(Target("fs-0.example", mount_name="fsx"), options(), where)
    assert (ladder.verdict, ladder.cause) == (Verdict.FAIL, "dns-resolution-failure")
    assert word in ladder.headline and len(ladder.rungs) == 1


# From a port that is not privileged.


def unprivileged(depth: Depth = Depth.FULL) -> Options:
    """Port 1 may not be bound by anybody but root; a range that cannot be bound at all stands for it."""
    return Options(source_ports=(), timeout=2, depth=depth)


def test_an_unprivileged_probe_of_a_secure_server_says_nothing_against_it() -> None:
    with LustreServer() as server:
        ladder = climb_to(server, how=unprivileged())
    assert (ladder.verdict, ladder.cause, ladder.privileged) == (Verdict.UNKNOWN, None, False)
    assert rung(ladder, Step.TCP).verdict is Verdict.PASS
    assert "accept=secure" in ladder.headline
    assert "CAP_NET_BIND_SERVICE" in rung(ladder, Step.SOURCE_PORT).fix
    assert server.connections == 1


def test_an_unprivileged_probe_of_an_open_server_stops_at_the_ping() -> None:
    with LustreServer(accept="all") as server:
        ladder = climb_to(server, how=unprivileged())
    assert rung(ladder, Step.PING).verdict is Verdict.PASS
    assert rung(ladder, Step.MGS).verdict is Verdict.UNKNOWN
    assert (ladder.verdict, server.exports, server.log) == (Verdict.UNKNOWN, (), [])


def test_an_unprivileged_probe_still_recognises_what_is_not_lustre() -> None:
    with LustreServer(faults=[Fault.HTTP]) as server:
        assert climb_to(server, how=unprivileged()).cause == "wrong-service-on-988"


# Asked for TCP alone.


def test_a_connect_from_a_privileged_port_is_silent_on_the_server() -> None:
    with LustreServer() as server:
        how = Options(depth=Depth.CONNECT, source_ports=PORTS)
        ladder = climb_to(server, how=how)
    assert ladder.verdict is Verdict.PASS
    assert rung(ladder, Step.LNET).message.startswith("an LNet acceptor answers")
    assert (server.log, server.node.pings, ladder.round_trips) == ([], 0, 2)


def test_a_connect_from_an_unprivileged_port_judges_nothing_but_tcp() -> None:
    with LustreServer() as server:
        ladder = climb_to(server, how=unprivileged(Depth.CONNECT))
    assert [rung.verdict for rung in ladder.rungs] == [Verdict.PASS, Verdict.PASS, Verdict.SKIP, Verdict.SKIP]
    assert ladder.verdict is Verdict.PASS


def test_an_acceptor_that_another_peer_holds_up_is_waited_for() -> None:
    """An idle connection blocks the acceptor until its timeout, 5 s on a real server; a second here."""
    with (
        LustreServer(accept_timeout=1.0, privileged=range(1, 65536)) as server,
        socket.create_connection((server.address, server.port)),
    ):
        ladder = climb_to(server)
    assert ladder.verdict is Verdict.PASS
    assert rung(ladder, Step.LNET).elapsed_ms > 900
