"""Every pod with a Lustre volume runs on a Linux node of EC2, not on Fargate and not on Windows."""

from __future__ import annotations

from typing import Any

import pytest

from checks.request.pod_placement import runs_where_lustre_can_be_mounted
from diag.model.subject import Kind
from diag.model.verdict import Verdict
from diag.resources.kubernetes import Node
from tests.checks.given import denied, findings, node, pod, replace, verdicts
from tests.checks.given_pod_request import only

FARGATE = "eks.amazonaws.com/fargate-profile"


class TestPlacement:
    def test_a_linux_node_passes(self) -> None:
        assert verdicts(runs_where_lustre_can_be_mounted) == (Verdict.PASS,)

    def test_a_pod_that_a_fargate_profile_caught(self) -> None:
        caught = replace(pod(phase="Pending", node=""), metadata=replace(pod().metadata, labels={FARGATE: "default"}))
        finding = only(runs_where_lustre_can_be_mounted, pods=(caught,))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "pod-on-fargate")
        assert [subject.kind for subject in finding.concerns] == [Kind.POD]

    def test_a_pod_on_a_fargate_node(self) -> None:
        fargate = node(labels={"eks.amazonaws.com/compute-type": "fargate"})
        assert only(runs_where_lustre_can_be_mounted, nodes=(fargate,)).cause == "pod-on-fargate"

    def test_a_pod_on_auto_mode_is_on_ec2(self) -> None:
        auto = node(labels={"eks.amazonaws.com/compute-type": "auto"})
        assert verdicts(runs_where_lustre_can_be_mounted, nodes=(auto,)) == (Verdict.PASS,)

    @pytest.mark.parametrize(
        "hybrid",
        [
            node(labels={"eks.amazonaws.com/compute-type": "hybrid"}),
            replace(node(), spec=replace(node().spec, provider_id="eks-hybrid:///eu-west-1/prod/a")),
        ],
    )
    @pytest.mark.parametrize(("phase", "verdict"), [("Pending", Verdict.FAIL), ("Running", Verdict.WARN)])
    def test_a_pod_on_a_hybrid_node(self, hybrid: Node, phase: str, verdict: Verdict) -> None:
        finding = only(runs_where_lustre_can_be_mounted, nodes=(hybrid,), pods=(pod(phase=phase),))
        assert (finding.verdict, finding.cause) == (verdict, "hybrid-node-unsupported")

    @pytest.mark.parametrize(
        "facts",
        [
            {"nodes": (node(operating_system="windows"),)},
            {"pods": (pod(phase="Pending", node="", nodeSelector={"kubernetes.io/os": "windows"}),)},
        ],
    )
    def test_a_pod_on_windows(self, facts: dict[str, Any]) -> None:
        finding = only(runs_where_lustre_can_be_mounted, **facts)
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "pod-on-windows")

    def test_the_pods_that_are_well_placed_pass_beside_one_that_is_not(self) -> None:
        windows = pod("pod-win", node="node-win")
        nodes = (node(), node("node-win", operating_system="windows"))
        bad, good = findings(runs_where_lustre_can_be_mounted, pods=(pod(), windows), nodes=nodes)
        assert (bad.verdict, good.verdict) == (Verdict.FAIL, Verdict.PASS)
        assert {s.name for s in bad.concerns} == {"pod-win", "node-win"}
        assert [s.name for s in good.concerns] == ["pod-fsx"]

    def test_unknown_names_the_permission(self) -> None:
        finding = only(runs_where_lustre_can_be_mounted, nodes=denied("list nodes"))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list nodes")
