"""Under which folder the driver looks for the kubelet."""

from __future__ import annotations

from collections.abc import Iterable

from diag.facts.kubernetes import Workload

USUAL = "/var/lib/kubelet"
"""The kubelet's --root-dir where nobody sets another, as on every EKS image. Source: Kubernetes kubelet reference."""
REGISTRY = "/plugins_registry"
"""The folder under the root where the kubelet looks for plugins. Source: Kubernetes pkg/kubelet/config/defaults.go."""


def kubelet_root(workload: Workload) -> str:
    """The kubelet root that a CSI node plugin's registrar writes under; empty when it has no such hostPath."""
    for volume in workload.spec.template.spec.volumes or ():
        path = volume.host_path.path.rstrip("/") if volume.host_path else ""
        if path.endswith(REGISTRY):
            return path.removesuffix(REGISTRY) or "/"
    return ""


def roots_of_others(workload: Workload, daemon_sets: Iterable[Workload]) -> dict[str, tuple[str, ...]]:
    """The roots that other CSI node plugins use, with the names of those that do."""
    found: dict[str, tuple[str, ...]] = {}
    for other in daemon_sets:
        root = kubelet_root(other)
        if root and other.metadata != workload.metadata:
            found[root] = (*found.get(root, ()), other.metadata.name)
    return found
