"""Every target of a mounted file system is connected."""

from __future__ import annotations

import pytest

from checks.workload.node_targets import node_is_connected
from diag.analysis.nodes.connections import Outage, judge_connections, time_left
from diag.model.verdict import Verdict
from diag.resources.node_report import Import
from tests.checks.given_node_checks import only, truth
from tests.lab.nodes import Target


@pytest.mark.parametrize(
    ("targets", "verdict", "cause"),
    [
        ((Target("mgc"), Target("mdc"), Target("osc", state="IDLE")), Verdict.PASS, ""),
        ((Target("mgc"), Target("mdc"), Target("osc", 3, "CONNECTING", attempts=9)), Verdict.FAIL, "ost-unavailable"),
        ((Target("mgc"), Target("mdc", 0, "DISCONN"), Target("osc")), Verdict.FAIL, "mdt-unavailable"),
        ((Target("mgc", state="CONNECTING", attempts=5), Target("mdc"), Target("osc")), Verdict.FAIL, "mgs-down"),
        ((Target("mdc", 0, "EVICTED"), Target("osc")), Verdict.FAIL, "client-evicted"),
        ((Target("mdc", history=("FULL", "EVICTED", "FULL")), Target("osc")), Verdict.WARN, "client-evicted"),
        ((Target("mdc", 0, "DISCONN"), Target("osc", 0, "DISCONN")), Verdict.FAIL, "connection-lost-network"),
        ((Target("mdc"), Target("osc", 0, "CONNECTING")), Verdict.WARN, ""),
        # The MGS answers at the same address: no fault of the network.
        (
            (Target("mgc"), Target("mdc", 0, "CONNECTING", attempts=4), Target("osc", 0, "CONNECTING", attempts=20)),
            Verdict.FAIL,
            "mdt-unavailable",
        ),
        ((Target("mgc"), Target("mdc"), Target("osc", 0, "REPLAY_WAIT", attempts=3)), Verdict.WARN, ""),
    ],
)
def test_targets(targets: tuple[Target, ...], verdict: Verdict, cause: str) -> None:
    found = only(node_is_connected, truth(fsname="ddyezbev", targets=targets))
    assert (found.verdict, found.cause) == (verdict, cause)


HERE, THERE = "10.0.0.1@tcp", "10.0.0.2@tcp"


def link(kind: str, state: str, nid: str = HERE, attempts: int = 9, number: int = 0) -> Import:
    label = {"mgc": "MGS", "mdc": f"ddyezbev-MDT{number:04x}", "osc": f"ddyezbev-OST{number:04x}"}[kind]
    return Import(f"MGC{nid}" if kind == "mgc" else f"{label}-{kind}-ff", label, state, nid, "2.15.5.0", attempts)


@pytest.mark.parametrize(
    ("imports", "outage"),
    [
        ((link("mgc", "FULL"), link("mdc", "FULL"), link("osc", "IDLE", THERE)), Outage.NOTHING),
        # One server answers for nothing, the other for all: the host, or the way to it.
        ((link("mgc", "FULL"), link("osc", "DISCONN", THERE), link("osc", "CONNECTING", THERE, 9, 1)),
         Outage.SERVERS),
        # One of two targets of a server: the target.
        ((link("mgc", "FULL"), link("osc", "FULL", THERE), link("osc", "DISCONN", THERE, 9, 1)),
         Outage.TARGETS),
        ((link("mgc", "CONNECTING"), link("mdc", "FULL"), link("osc", "FULL", THERE)), Outage.TARGETS),
        ((link("mgc", "CONNECTING", THERE), link("mdc", "FULL"), link("osc", "FULL")), Outage.SERVERS),
        # A server in recovery answers.
        ((link("mdc", "RECOVER"), link("osc", "CONNECTING", HERE)), Outage.TARGETS),
        ((link("mdc", "REPLAY_WAIT"), link("osc", "CONNECTING", THERE)), Outage.SERVERS),
        # An OST that nobody uses says nothing of its server.
        ((link("mgc", "DISCONN"), link("mdc", "CONNECTING"), link("osc", "IDLE", THERE)), Outage.NETWORK),
        # The same host under two networks.
        ((link("mgc", "FULL"), link("osc", "CONNECTING", "10.0.0.1@tcp1")), Outage.SERVERS),
        ((link("mgc", "FULL"), link("mdc", "DISCONN", "<none>")), Outage.SERVERS),
        # An unmount is under way.
        ((link("mgc", "FULL"), link("mdc", "CLOSED"), link("osc", "CLOSED", THERE)), Outage.NOTHING),
        ((link("mgc", "NEW", HERE, 0),), Outage.CONNECTING),
        ((link("mgc", "FULL"), link("mdc", "EVICTED"), link("osc", "DISCONN", THERE)), Outage.EVICTED),
    ],
)  # fmt: skip
def test_connections_are_judged_together(imports: tuple[Import, ...], outage: Outage) -> None:
    assert judge_connections(imports).outage is outage


def test_a_recovery_says_how_long_it_can_still_take() -> None:
    recovering = (
        Target("mgc"),
        Target("mdc", 0, "REPLAY_WAIT", ("FULL", "DISCONN", "REPLAY_WAIT"), 3, began=999999998),
    )
    found = only(node_is_connected, truth(fsname="ddyezbev", targets=recovering))
    assert found.verdict is Verdict.WARN and "it ends within 5 min, or 15 min if clients are missing" in found.message


@pytest.mark.parametrize(
    ("passed", "says"),
    [
        (62, "it ends within 4 min, or 14 min if clients are missing"),
        (400, "it ends within 9 min"),
        (1000, "it has taken 17 min, longer than servers wait by default"),
    ],
)
def test_the_time_left_is_that_of_the_servers_defaults(passed: int, says: str) -> None:
    one = Import("ddyezbev-MDT0000-mdc-ff", "ddyezbev-MDT0000", "RECOVER", HERE, since=1000)
    assert time_left((one,), 1000.0 + passed) == says
    assert time_left((Import("x", "x", "RECOVER", HERE),), 2000.0) == ""


def test_a_connected_target_that_owes_a_reply_warns() -> None:
    silent = (Target("mgc"), Target("mdc", in_flight=3, idle_s=840), Target("osc", idle_s=3000))
    found = only(node_is_connected, truth(fsname="ddyezbev", targets=silent))
    assert found.verdict is Verdict.WARN and "MDT0000 is connected and has not replied" in found.message
    busy = (Target("mgc"), Target("mdc", in_flight=3, idle_s=20))
    assert only(node_is_connected, truth(fsname="ddyezbev", targets=busy)).verdict is Verdict.PASS
