"""Every node that has, or is to have, a Lustre volume is there and ready."""

from __future__ import annotations

import pytest

from checks.client.node_ready import nodes_are_ready
from diag.model.verdict import Verdict
from diag.resources.kubernetes import Condition, Node
from tests.checks.given import denied, findings, node, pod, replace, verdicts


def told(status: str, message: str = "Kubelet stopped posting node status.") -> Node:
    made = node()
    condition = Condition("Ready", status, "NodeStatusUnknown", message, "2026-11-24T11:30:00Z")
    return replace(made, status=replace(made.status, conditions=(condition,)))


def test_a_ready_node_passes() -> None:
    assert verdicts(nodes_are_ready) == (Verdict.PASS,)


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_a_node_that_is_not_ready(status: str) -> None:
    (finding,) = findings(nodes_are_ready, nodes=(told(status),))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "node-not-ready")
    assert "since 2026-11-24T11:30:00Z: Kubelet stopped" in finding.message
    assert {subject.name for subject in finding.concerns} == {"pod-fsx", "fsx-pv"}


def test_a_node_whose_kubelet_never_said_anything() -> None:
    silent = replace(node(), status=replace(node().status, conditions=None))
    (finding,) = findings(nodes_are_ready, nodes=(silent,))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "node-not-ready")
    assert "never said" in finding.message


def test_a_node_that_does_not_exist() -> None:
    (gone, there) = findings(nodes_are_ready, pods=(pod(), pod("pod-b", node="node-b")))
    assert (gone.verdict, gone.subject.name, there.verdict) == (Verdict.FAIL, "node-b", Verdict.PASS)


def test_another_node_that_is_not_ready_is_none_of_ours() -> None:
    other = replace(told("False"), metadata=replace(node().metadata, name="node-b"))
    assert verdicts(nodes_are_ready, nodes=(node(), other)) == (Verdict.PASS,)


def test_pods_without_a_node_need_none() -> None:
    assert verdicts(nodes_are_ready, pods=(pod(phase="Pending", node=""),)) == (Verdict.SKIP,)


def test_unknown_names_the_permission() -> None:
    (finding,) = findings(nodes_are_ready, nodes=denied("list nodes"))
    assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list nodes")
