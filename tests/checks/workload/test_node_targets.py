"""Every target of a mounted file system is connected."""

from __future__ import annotations

import pytest

from checks.workload.node_targets import node_is_connected
from diag.model.verdict import Verdict
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
