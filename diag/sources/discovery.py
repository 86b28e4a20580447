"""Finds out which cluster, region and account a run is about."""

from __future__ import annotations

from typing import Any

import msgspec

from diag.decode import decode_json
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable, Unreadable, unwrap, value_or
from diag.registry import fact
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.kubernetes import Node
from diag.resources.table import table_of
from diag.resources.target import KubeContext, Settings
from diag.sources.aws.session import Aws, shaped
from diag.sources.kubernetes.client import Kube

CLUSTER_KEYS = (
    "aws:eks:cluster-name",
    "eks:cluster-name",
    "eks:eks-cluster-name",
    "eks.amazonaws.com/cluster-name",
    "alpha.eksctl.io/cluster-name",
)
"""Labels of a node and tags of its instance that hold the cluster's name.

Source: EKS user guide, managed node groups and Auto Mode; eksctl and Karpenter documentation.
"""
OWNED = "kubernetes.io/cluster/"
"""An instance's tag of that prefix ends in the cluster's name. Source: EKS user guide, self-managed nodes."""

ISSUER_PATH = "/.well-known/openid-configuration"
"""Every service account may read it. Source: Kubernetes documentation, service account issuer discovery."""


@fact(
    layer=Layer.IDENTITY,
    label="cluster",
    always="report",
    names={"cluster": "cluster"},
    optional_permissions=("list nodes",),
)
def cluster_identity(
    settings: Settings, kube_context: KubeContext | Unavailable, kube: Kube, aws: Aws
) -> ClusterIdentity:
    """Cluster, region and account: what was given, else what the kubeconfig says, else what one node says.

    A node is asked only for what nothing else says, so that the AWS calls need not wait for the list of nodes.
    """
    context = value_or(kube_context, KubeContext())
    cluster, cluster_from = _first((settings.cluster, "--cluster"), (context.cluster, "kubeconfig"))
    origin = "service account" if context.issuer else "kubeconfig"
    region, region_from = _first((settings.region, "--region"), (context.region, origin))
    if not isinstance(kube_context, Unavailable) and not (cluster and region):
        node = _any_node(kube)
        if node is not None:
            cluster, cluster_from = _first((cluster, cluster_from), (cluster_of(node), "node label"))
            region, region_from = _first((region, region_from), (region_of(node), "node"))
    if not region:
        region, region_from = aws.configured_region(), "AWS configuration"
    return ClusterIdentity(cluster, region, context.account, cluster_from, region_from if region else "")


@fact(
    layer=Layer.IDENTITY,
    label="EKS cluster",
    names={"name": "cluster"},
    ranges=("serviceIpv4Cidr",),
    permissions=("eks:DescribeCluster",),
    optional_permissions=("eks:ListClusters", "ec2:DescribeInstances"),
)
def eks_cluster(
    aws: Aws, kube: Kube, cluster_identity: ClusterIdentity, kube_context: KubeContext | Unavailable
) -> EksCluster:
    """The EKS cluster behind the kubeconfig or around this pod.

    By its name; without one by its endpoint, by its OIDC issuer (a pod knows the endpoint by another address), or by
    the tags of a node's instance.
    """
    region = cluster_identity.region
    if cluster_identity.cluster:
        return _described(aws, cluster_identity.cluster, region)
    context = unwrap(kube_context)
    clusters: tuple[EksCluster, ...] = ()
    refused = None
    try:
        names = map(str, aws.pages("eks", "ListClusters", "clusters", region=region))
        clusters = tuple(table_of(names, lambda name: _described(aws, name, region)))
    except Unreadable as error:
        refused = error
    server = context.server.rstrip("/").lower()
    found = next((cluster for cluster in clusters if cluster.endpoint.lower() == server), None)
    if found is None and clusters:
        issuer = context.issuer or _issuer(kube)
        found = next((cluster for cluster in clusters if issuer and cluster.issuer == issuer), None)
    if found is not None:
        return found
    if tagged := _tagged_cluster(aws, kube, region):
        return _described(aws, tagged, region)
    if refused is not None:
        raise refused
    message = f"no cluster in {region or 'this region'} has the endpoint {context.server} or its issuer"
    raise Unreadable(Unavailable("EKS cluster", Reason.ABSENT, message, remedy="give --cluster and --region"))


def _first(*choices: tuple[str, str]) -> tuple[str, str]:
    return next((choice for choice in choices if choice[0]), ("", ""))


def _any_node(kube: Kube) -> Node | None:
    try:
        return kube.first("/api/v1/nodes", Node)
    except Unreadable:
        return None


def cluster_of(node: Node) -> str:
    """The EKS cluster that the node's labels name; empty where none does."""
    return _named_in(node.metadata.labels)


def region_of(node: Node) -> str:
    """The Region that the node's labels say, by itself or in its zone; empty where none does."""
    return node.region or node.zone.rstrip("abcdefghijklmnopqrstuvwxyz")


def _named_in(labels: dict[str, str] | None) -> str:
    """The cluster's name in a node's labels or an instance's tags."""
    labels = labels or {}
    owned = (key.removeprefix(OWNED) for key in labels if key.startswith(OWNED))
    return next((labels[key] for key in CLUSTER_KEYS if labels.get(key)), next(owned, ""))


def _described(aws: Aws, name: str, region: str) -> EksCluster:
    answer = aws.one("eks", "DescribeCluster", region=region, name=name)
    return shaped(answer.get("cluster"), EksCluster, f"EKS cluster {name}")


class _Issuer(msgspec.Struct):
    issuer: str


def _issuer(kube: Kube) -> str:
    """The OIDC issuer that the API server names, empty when it may not be asked."""
    try:
        return decode_json(kube.ask("get", ISSUER_PATH).body, _Issuer).issuer
    except (Unreadable, msgspec.DecodeError, ValueError, RecursionError):
        return ""


def _tagged_cluster(aws: Aws, kube: Kube, region: str) -> str:
    """The cluster that the tags of a node's instance name, empty when they cannot be read."""
    node = _any_node(kube)
    if node is None or not node.instance_id:
        return ""
    try:
        found = aws.pages("ec2", "DescribeInstances", "Reservations", region=region, InstanceIds=[node.instance_id])
    except Unreadable:
        return ""
    instances: list[Any] = [instance for reservation in found for instance in reservation.get("Instances") or ()]
    return next((name for instance in instances if (name := _named_in(_tags(instance)))), "")


def _tags(instance: dict[str, Any]) -> dict[str, str]:
    return {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in instance.get("Tags") or ()}
