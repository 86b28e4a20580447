"""Which clusters a file system's tags name as its owners."""

from __future__ import annotations

from diag.facts.fsx import FileSystem

PREFIX = "kubernetes.io/cluster/"
"""With the value `owned`; `shared` names no owner. Source: kubernetes/cloud-provider-aws, prerequisites."""

NAMES = frozenset({"alpha.eksctl.io/cluster-name", "eks:cluster-name", "aws:eks:cluster-name", "KubernetesCluster"})
"""Tags whose value is a cluster's name. Source: eksctl, EKS and the former Kubernetes cloud provider."""


def clusters_of(file_system: FileSystem) -> tuple[str, ...]:
    """Names of the clusters that own it by its tags; none when no tag says so, or when it is shared."""
    found: dict[str, None] = {}
    for tag in file_system.tags:
        if tag.key.startswith(PREFIX) and tag.value == "owned":
            found[tag.key.removeprefix(PREFIX)] = None
        elif tag.key in NAMES and tag.value:
            found[tag.value] = None
    return tuple(found)
