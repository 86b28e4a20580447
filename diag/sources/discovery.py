"""Finds out which cluster, region and account a run is about."""

from __future__ import annotations

from diag.model.unavailable import Unavailable
from diag.registry import fact
from diag.resources.eks import ClusterIdentity
from diag.resources.kubernetes import Node
from diag.resources.target import KubeContext, Settings
from diag.sources.aws.session import Aws
from diag.sources.kubernetes.client import Kube

CLUSTER_LABELS = ("alpha.eksctl.io/cluster-name", "eks.amazonaws.com/cluster-name", "aws:eks:cluster-name")


@fact(optional_permissions=("list nodes",))
def cluster_identity(
    settings: Settings, kube_context: KubeContext | Unavailable, kube: Kube, aws: Aws
) -> ClusterIdentity:
    """Cluster, region and account: what was given, else what the kubeconfig says, else what one node says.

    A node is asked only for what nothing else told, so that the AWS calls need not wait for the list of nodes.
    """
    context = KubeContext() if isinstance(kube_context, Unavailable) else kube_context
    cluster, cluster_from = _first((settings.cluster, "--cluster"), (context.cluster, "kubeconfig"))
    region, region_from = _first((settings.region, "--region"), (context.region, "kubeconfig"))
    if not isinstance(kube_context, Unavailable) and not (cluster and region):
        node = _any_node(kube)
        if node is not None:
            label = next((node.metadata.label(key) for key in CLUSTER_LABELS if node.metadata.label(key)), "")
            cluster, cluster_from = _first((cluster, cluster_from), (label, "node label"))
            region, region_from = _first((region, region_from), (_region_of(node), "node"))
    if not region:
        region, region_from = aws.configured_region(), "AWS configuration"
    return ClusterIdentity(cluster, region, context.account, cluster_from, region_from if region else "")


def _first(*choices: tuple[str, str]) -> tuple[str, str]:
    return next((choice for choice in choices if choice[0]), ("", ""))


def _any_node(kube: Kube) -> Node | None:
    listed = kube.list("/api/v1/nodes", Node)
    return None if isinstance(listed, Unavailable) or not listed.items else listed.items[0]


def _region_of(node: Node) -> str:
    return node.region or node.zone.rstrip("abcdefghijklmnopqrstuvwxyz")
