"""The folder under which the node plugin looks for the kubelet."""

from __future__ import annotations

from typing import Any

import pytest

from checks.driver.kubelet_path import kubelet_path
from diag import Verdict
from diag.resources.kubernetes import Workload
from diag.resources.kubernetes.pod import ContainerSecurityContext, VolumeMount
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


def mounting(*, privileged: bool = True, mount: str = "kubelet-dir", **fields: Any) -> Workload:
    """The DaemonSet with the mounts and the privilege of the chart's container."""
    made = given.node_plugin()
    own = VolumeMount(mount, "/var/lib/kubelet", **({"mount_propagation": "Bidirectional"} | fields))
    plugin, *rest = made.spec.template.spec.containers
    context = ContainerSecurityContext(privileged) if privileged else None
    plugin = given.replace(plugin, volume_mounts=(own,), security_context=context)
    spec = given.replace(made.spec.template.spec, containers=(plugin, *rest))
    template = given.replace(made.spec.template, spec=spec)
    return given.replace(made, spec=given.replace(made.spec, template=template))


def test_a_plugin_as_the_chart_makes_it_passes() -> None:
    assert given.verdicts(kubelet_path, daemon_sets=(mounting(),)) == (Verdict.PASS,)


def test_a_plugin_without_privileges_may_not_mount() -> None:
    found = given.findings(kubelet_path, daemon_sets=(mounting(privileged=False),))
    assert (found[0].verdict, found[0].cause) == (Verdict.FAIL, "mount-not-permitted")
    assert found[0].fix and found[0].fix.steps[0].by


@pytest.mark.parametrize(
    "fields", [{"mount_propagation": ""}, {"mount_propagation": "HostToContainer"}, {"mount": "plugin-dir"}]
)
def test_mounts_that_do_not_leave_the_container_are_seen(fields: dict[str, Any]) -> None:
    found = given.findings(kubelet_path, daemon_sets=(mounting(**fields),))
    assert (found[0].verdict, found[0].cause) == (Verdict.FAIL, "kubelet-path-wrong")
    assert "empty directory" in found[0].message


def test_a_folder_that_the_container_has_elsewhere() -> None:
    made = mounting()
    plugin, *rest = made.spec.template.spec.containers
    assert plugin.volume_mounts
    moved = given.replace(plugin.volume_mounts[0], mount_path="/kubelet")
    spec = given.replace(made.spec.template.spec, containers=(given.replace(plugin, volume_mounts=(moved,)), *rest))
    made = given.replace(made, spec=given.replace(made.spec, template=given.replace(made.spec.template, spec=spec)))
    found = given.findings(kubelet_path, daemon_sets=(made,))
    assert found[0].verdict is Verdict.FAIL
    assert "lands in the container alone" in found[0].message
