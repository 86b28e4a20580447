"""What a pod asks for beside its volume."""

from __future__ import annotations

from typing import Any

import pytest

from checks.request.duplicate_volumehandle import volumes_of_a_pod_differ
from checks.request.fsgroup_chown import files_keep_their_group
from checks.request.pod_placement import runs_where_lustre_can_be_mounted
from diag.declare.check import Check
from diag.model.finding import Finding
from diag.model.subject import Kind
from diag.model.verdict import Verdict
from tests.checks.given import FS, claim, csi_driver, denied, findings, node, pod, replace, verdicts, volume

FARGATE = "eks.amazonaws.com/fargate-profile"


def only(check: Check, **facts: Any) -> Finding:
    (finding,) = findings(check, **facts)
    return finding


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


TWICE: dict[str, Any] = {
    "persistent_volumes": (volume(), volume("fsx-pv-2", claim="fsx-pvc-2")),
    "claims": (claim(), claim("fsx-pvc-2", "fsx-pv-2")),
}
"""Two volumes with one handle."""


class TestHandles:
    def test_two_volumes_of_one_handle_in_a_pod_that_waits(self) -> None:
        waiting = pod(phase="Pending", claims=("fsx-pvc", "fsx-pvc-2"))
        finding = only(volumes_of_a_pod_differ, **TWICE, pods=(waiting,))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "duplicate-volumehandle")
        assert {s.name for s in finding.concerns} == {"fsx-pv", "fsx-pv-2"}

    def test_two_pods_may_share_a_handle(self) -> None:
        pods = (pod(phase="Pending"), pod("pod-2", phase="Pending", claims=("fsx-pvc-2",)))
        assert set(verdicts(volumes_of_a_pod_differ, **TWICE, pods=pods)) == {Verdict.PASS}

    def test_one_claim_twice_in_a_pod_is_one_volume(self) -> None:
        pods = (pod(phase="Pending", claims=("fsx-pvc", "fsx-pvc")),)
        assert verdicts(volumes_of_a_pod_differ, pods=pods) == (Verdict.PASS,)

    def test_a_pod_that_runs_is_believed(self) -> None:
        pods = (pod(claims=("fsx-pvc", "fsx-pvc-2")),)
        assert set(verdicts(volumes_of_a_pod_differ, **TWICE, pods=pods)) == {Verdict.PASS}

    def test_unknown_names_the_permission(self) -> None:
        finding = only(volumes_of_a_pod_differ, pods=denied("list pods"))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list pods")


OWNED = pod(securityContext={"fsGroup": 2000})
CSI = {"driver": "fsx.csi.aws.com", "volumeHandle": FS, "fsType": "lustre"}
ONCE = volume(accessModes=["ReadWriteOnce"], csi=CSI)
POLICY = {policy: (csi_driver(fs_group_policy=policy),) for policy in ("File", "None")}
AT_THE_ROOT = pod(securityContext={"fsGroup": 2000, "fsGroupChangePolicy": "OnRootMismatch"})


class TestGroupOfFiles:
    def test_the_policy_file_walks_through_everything(self) -> None:
        finding = only(files_keep_their_group, pods=(OWNED,), csi_drivers=POLICY["File"])
        assert (finding.verdict, finding.cause) == (Verdict.WARN, "recursive-fsgroup-chown")

    def test_the_drivers_own_policy_walks_where_one_node_writes_and_a_type_is_given(self) -> None:
        assert only(files_keep_their_group, pods=(OWNED,), persistent_volumes=(ONCE,)).verdict is Verdict.WARN

    @pytest.mark.parametrize(
        ("facts", "why"),
        [
            ({"pods": (OWNED,)}, "many may write"),
            ({"pods": (OWNED,), "persistent_volumes": (volume(accessModes=["ReadWriteOnce"]),)}, "no type is given"),
            ({"csi_drivers": POLICY["File"]}, "no fsGroup"),
            ({"pods": (OWNED,), "persistent_volumes": (ONCE,), "csi_drivers": POLICY["None"]}, "never"),
            ({"pods": (AT_THE_ROOT,), "csi_drivers": POLICY["File"]}, "the root alone"),
        ],
    )
    def test_healthy_twins(self, facts: dict[str, Any], why: str) -> None:
        assert verdicts(files_keep_their_group, **facts) == (Verdict.PASS,), why

    def test_unknown_names_the_permission(self) -> None:
        finding = only(files_keep_their_group, csi_drivers=denied("list csidrivers"))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list csidrivers")
