"""The cluster's IP family."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Unavailable, check, fail, ok, warn
from diag.analysis.volumes import Mount
from diag.resources.eks import EksCluster


@check("ip-family", layer=Layer.NETWORK, speaks_for="ipv6-cluster")
def cluster_is_ipv4(eks_cluster: EksCluster, mounts: tuple[Mount, ...] | Unavailable) -> Iterator[Draft]:
    """The cluster is of the IPv4 family.

    FSx for Lustre has IPv4 addresses alone, and EKS does not support it in clusters of the IPv6 family, whose pods,
    the node plugin's among them, have no IPv4 address.

    pass: the family is ipv4
    warn: the family is ipv6, and a pod has a volume mounted all the same
    fail: the family is ipv6
    unknown: the cluster could not be described
    source: EKS user guide, IPv6 addresses to clusters, Pods, and Services; FSx API NetworkType
    """
    family = eks_cluster.kubernetes_network_config.ip_family
    up = () if isinstance(mounts, Unavailable) else [mount for mount in mounts if mount.pod.is_up]
    if family != "ipv6":
        yield ok(eks_cluster, f"the IP family of {eks_cluster.name} is {family}")
    elif up:
        yield warn(eks_cluster, f"{eks_cluster.name} is of the IPv6 family, where FSx for Lustre is not supported")
    else:
        message = f"{eks_cluster.name} is of the IPv6 family: FSx for Lustre is not supported there, and has IPv4 alone"
        yield fail(eks_cluster, message)
