"""The folder under which the node plugin looks for the kubelet."""

from __future__ import annotations

import pytest

from checks.driver.kubelet_path import kubelet_path
from diag import Verdict
from diag.resources.kubernetes import Workload
from tests.checks import given


def plugin_under(root: str, name: str = "fsx-csi-node") -> Workload:
    volumes = [{"name": "r", "hostPath": {"path": f"{root}/plugins_registry/"}}] if root else []
    made = given.node_plugin(volumes=volumes)
    image = given.DRIVER_IMAGE if name == "fsx-csi-node" else "ebs:v1"
    spec = given.node_plugin(image=image, volumes=volumes).spec
    return given.replace(made, metadata=given.replace(made.metadata, name=name), spec=spec)


@pytest.mark.parametrize(
    ("root", "other", "registered", "verdict"),
    [
        ("/var/lib/kubelet", "", True, Verdict.PASS),
        ("/var/lib/k0s/kubelet", "/var/lib/k0s/kubelet", False, Verdict.PASS),
        ("/var/lib/k0s/kubelet", "", True, Verdict.PASS),
        ("/var/lib/k0s/kubelet", "", False, Verdict.WARN),
        ("/var/lib/k0s/kubelet", "/var/lib/kubelet", False, Verdict.FAIL),
        ("/var/lib/kubelet", "/var/lib/k0s/kubelet", False, Verdict.FAIL),
        ("", "", True, Verdict.SKIP),
    ],
)
def test_the_kubelet_s_root(root: str, other: str, registered: bool, verdict: Verdict) -> None:
    others = (plugin_under(other, "ebs-csi-node"),) if other else ()
    csi_nodes = (given.csi_node(),) if registered else ()
    (found,) = given.findings(kubelet_path, daemon_sets=(plugin_under(root), *others), csi_nodes=csi_nodes)
    assert found.verdict is verdict
    assert (found.cause == "kubelet-path-wrong") is (verdict in (Verdict.FAIL, Verdict.WARN))


def test_the_kubelet_s_root_unseen() -> None:
    odd = (plugin_under("/var/lib/k0s/kubelet"),)
    assert given.verdicts(kubelet_path, daemon_sets=odd, csi_nodes=given.denied("list csinodes")) == (Verdict.UNKNOWN,)
    assert given.verdicts(kubelet_path, daemon_sets=given.denied("list daemonsets")) == (Verdict.UNKNOWN,)
