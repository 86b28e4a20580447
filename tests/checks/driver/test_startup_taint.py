"""The driver's start-up taint, which it takes away when it is ready."""

from __future__ import annotations

import pytest

from checks.driver.startup_taint import startup_taint
from diag import Verdict
from diag.resources.kubernetes import Condition, Pod, Taint
from tests.checks import given

STARTING = Taint("fsx.csi.aws.com/agent-not-ready", "", "NoExecute")


def test_a_start_up_taint_on_an_old_node_is_stuck() -> None:
    (found,) = given.findings(startup_taint, nodes=(given.node(taints=(STARTING,)),))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "startup-taint-stuck")
    assert found.concerns == (), "the pods that it keeps waiting are on no node"
    assert found.evidence == ("tainted: node-a",)
    assert found.fix is not None
    assert found.fix.commands == ("kubectl taint nodes node-a fsx.csi.aws.com/agent-not-ready-",)


def test_a_start_up_taint_stays_where_the_plugin_does_not_run_and_that_is_the_cause() -> None:
    nodes, pods = (given.node(taints=(STARTING,)),), (given.pod(node="", phase="Pending"),)
    plugin = (given.node_plugin(nodeSelector={"pool": "system"}),)
    (found,) = given.findings(startup_taint, nodes=nodes, pods=pods, daemon_sets=plugin)
    assert (found.verdict, found.cause, found.fix) == (Verdict.FAIL, "csi-node-not-scheduled", None)


def ready_since(time: str) -> Pod:
    plugin = given.plugin_pod()
    return given.replace(
        plugin, status=given.replace(plugin.status, conditions=(Condition("Ready", "True", "", "", time),))
    )


@pytest.mark.parametrize(
    ("plugin", "verdict"),
    [
        ((), Verdict.SKIP),
        ((ready_since("2026-11-24T11:59:00Z"),), Verdict.SKIP),
        ((ready_since("2026-11-24T11:50:00Z"),), Verdict.FAIL),
    ],
)
def test_a_start_up_taint_on_a_new_node_is_as_it_should_be(plugin: tuple[Pod, ...], verdict: Verdict) -> None:
    new = given.node(taints=(STARTING,), created="2026-11-24T11:53:00Z")
    assert given.verdicts(startup_taint, nodes=(new,), pods=(given.pod(), *plugin)) == (verdict,)


def test_no_start_up_taint_and_one_without_any_driver() -> None:
    assert given.verdicts(startup_taint) == (Verdict.PASS,)
    (found,) = given.findings(startup_taint, nodes=(given.node(taints=(STARTING,)),), daemon_sets=())
    assert (found.verdict, found.cause) == (Verdict.FAIL, "csi-driver-not-registered")


def test_a_start_up_taint_where_the_plugin_cannot_be_seen() -> None:
    tainted = (given.node(taints=(STARTING,)),)
    assert given.verdicts(startup_taint, nodes=tainted, csi_nodes=given.denied("list csinodes")) == (Verdict.UNKNOWN,)
    assert given.verdicts(startup_taint, nodes=given.denied("list nodes")) == (Verdict.UNKNOWN,)
