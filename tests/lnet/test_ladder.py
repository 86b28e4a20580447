"""The ladder on good servers of every release, and on servers that are unusual but good."""

from __future__ import annotations

import json

import msgspec
import pytest

from diag.model.verdict import Verdict
from diag.resources.lnet_probe import Step
from diag.sources.lnet.target import Target
from tests.lab.lustre import Fault, LustreServer
from tests.lnet.climbing import climb_to, options, rung, steps, world

TO_RUNG_7 = list(Step)[:7]

RELEASES = {
    "2.10.5.0": ("RTE_DISABLED", False),
    "2.12.9.0": ("DISCOVERY", True),
    "2.15.8.0": ("DISCOVERY", True),
    "2.16.1.0": ("LARGE_ADDR", True),
    "2.17.57.62": ("DISCOVERY", True),
}


@pytest.mark.parametrize("version", RELEASES)
def test_a_healthy_server_passes_every_rung_and_logs_nothing(version: str) -> None:
    with LustreServer(version) as server:
        ladder = climb_to(server)
        assert server.exports == ()
    assert steps(ladder) == TO_RUNG_7
    assert {rung.verdict for rung in ladder.rungs} == {Verdict.PASS}
    assert (ladder.verdict, ladder.cause, ladder.server_version) == (Verdict.PASS, None, version)
    assert ladder.knows_fsname is True
    feature, _discovers = RELEASES[version]
    assert feature in ladder.ping_features
    assert ladder.server_nids[0].nid == "127.0.0.1@tcp"
    assert server.log == []
    assert (server.connections, server.node.mgs and server.node.mgs.non_ir_clients) == (1, 0)


@pytest.mark.parametrize(("version", "discovers"), [(version, row[1]) for version, row in RELEASES.items()])
def test_round_trips_stay_within_eight_also_when_the_server_discovers_us(version: str, discovers: bool) -> None:
    with LustreServer(version) as server:
        first, second = climb_to(server), climb_to(server)
    assert first.round_trips == (7 if discovers else 6)
    assert second.round_trips in (6, 8), "8 when the server was still tearing the first connection down"


def test_a_large_nid_server_tells_its_ipv6_address() -> None:
    with LustreServer("2.16.1.0") as server:
        ladder = climb_to(server)
    assert [nid.nid for nid in ladder.server_nids] == ["127.0.0.1@tcp", "fd00::2@tcp"]


UNUSUAL = (
    Fault.SLOW,
    Fault.DRIBBLE,
    Fault.CHECKSUMS,
    Fault.KEEPALIVES,
    Fault.EARLY_REPLIES,
    Fault.ZERO_COPY,
    Fault.WANTS_ACKS,
    Fault.STRAY_MESSAGES,
    Fault.BUSY_ONCE,
)


@pytest.mark.parametrize("fault", UNUSUAL)
def test_an_unusual_server_is_a_good_one(fault: Fault) -> None:
    with LustreServer("2.15.8.0", faults=[fault]) as server:
        ladder = climb_to(server)
    assert (ladder.verdict, ladder.knows_fsname) == (Verdict.PASS, True)
    assert server.log == []


def test_everything_unusual_at_once() -> None:
    with LustreServer("2.17.57.62", faults=UNUSUAL) as server:
        ladder = climb_to(server, how=options(read_map=True))
    assert ladder.verdict is Verdict.PASS
    assert (server.log, server.node.unreceipted) == ([], set())


def test_zero_copy_sends_and_wanted_acks_are_answered() -> None:
    with LustreServer(faults=[Fault.ZERO_COPY, Fault.WANTS_ACKS]) as server:
        climb_to(server)
    assert server.node.unreceipted == set()
    assert server.node.acks == 3


def test_the_name_is_asked_for_once_and_nothing_else_is() -> None:
    with LustreServer() as server:
        climb_to(server)
        assert server.node.mgs is not None
        assert server.node.mgs.opened == ["ddyezbev-client"]


def test_a_2_10_server_and_a_2_15_client() -> None:
    """The incident: the server's version, its name found, and the pair refused."""

    def compatible(client: str, server: str) -> bool:
        return not (client.startswith("2.15") and server.startswith("2.10"))

    with LustreServer("2.10.5.0") as server:
        ladder = climb_to(server, how=options(client_version="2.15.6"), where=world(compatible=compatible))
    assert (ladder.verdict, ladder.cause) == (Verdict.FAIL, "client-server-version-mismatch")
    assert "2.10.5.0" in rung(ladder, Step.MGS).message and "2.15.6" in rung(ladder, Step.MGS).message
    assert rung(ladder, Step.FILE_SYSTEM).verdict is Verdict.PASS
    assert (ladder.compatible, ladder.knows_fsname) == (False, True)


def test_a_2_15_server_and_the_same_client() -> None:
    with LustreServer("2.15.8.0") as server:
        how = options(client_version="2.15.6")
        ladder = climb_to(server, how=how, where=world(compatible=lambda client, server: True))
    assert (ladder.verdict, ladder.compatible) == (Verdict.PASS, True)


def test_a_pair_that_nobody_knows_is_no_failure_and_says_so() -> None:
    with LustreServer("2.17.57.62") as server:
        how = options(client_version="2.15.6")
        ladder = climb_to(server, how=how, where=world(compatible=lambda client, server: None))
    assert (ladder.verdict, ladder.compatible) == (Verdict.PASS, None)
    assert "not known" in rung(ladder, Step.MGS).message


def test_without_a_mount_name_the_version_is_told_all_the_same() -> None:
    with LustreServer() as server:
        ladder = climb_to(server, None)
        assert server.node.mgs is not None and server.node.mgs.opened == []
    assert (ladder.server_version, ladder.knows_fsname) == ("2.15.8.0", None)
    assert rung(ladder, Step.FILE_SYSTEM).verdict is Verdict.SKIP


def test_a_ladder_is_json_and_comes_back() -> None:
    from diag.resources.lnet_probe import Ladder

    with LustreServer() as server:
        ladder = climb_to(server, how=options(read_map=True))
    text = msgspec.json.encode(ladder)
    assert msgspec.json.decode(text, type=Ladder) == ladder
    assert json.loads(text)["rungs"][1]["step"] == "tcp"


def test_the_tcp_rung_reads_like_netcat() -> None:
    with LustreServer() as server:
        ladder = climb_to(server)
    assert ladder.summary.startswith(f"Connection to 127.0.0.1 {server.port} port [tcp/lustre] succeeded!")
    assert str(ladder.source_port) in ladder.summary


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("fs-0123.fsx.eu-west-1.amazonaws.com", Target("fs-0123.fsx.eu-west-1.amazonaws.com")),
        ("10.0.0.5:1988/ddyezbev", Target("10.0.0.5", 1988, "ddyezbev")),
        ("10.0.0.5/ddyezbev/some/directory", Target("10.0.0.5", 988, "ddyezbev")),
        ("fs-0123.example@tcp:/ddyezbev", Target("fs-0123.example", 988, "ddyezbev")),
        ("10.0.0.5@tcp3:/fsx", Target("10.0.0.5", 988, "fsx", 3)),
        ("10.0.0.5:/fsx", Target("10.0.0.5", 988, "fsx")),
    ],
)
def test_targets(text: str, target: Target) -> None:
    assert Target.parse(text) == target


@pytest.mark.parametrize("text", ["", "/fsx", "10.0.0.5:0", "10.0.0.5:99999", "a b", "fd00::1", "x@o2ib:/fsx", "$(id)"])
def test_what_is_no_target(text: str) -> None:
    with pytest.raises(ValueError, match=r"HOST|no such|IPv6|o2ib"):
        Target.parse(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("fd00::1@tcp:/ddyezbev", "IPv6"),
        ("[fd00::1]:988/ddyezbev", "IPv6"),
        ("fd00:0:0:1::2", "IPv6"),
        ("10.0.0.1@efa:/ddyezbev", "efa network"),
        ("10.0.0.1@o2ib1:/ddyezbev", "o2ib network"),
        ("10.0.0.1@tcp::/ddyezbev", "is not HOST"),
    ],
)
def test_a_nid_that_lustre_knows_and_the_probe_does_not_ask_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Target.parse(text)
