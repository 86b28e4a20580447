"""The controller knows its region, and reaches the instance metadata service if it depends on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from diag import Draft, Fix, Layer, Table, Unavailable, check, fail, ok, warn
from diag.advice.driver import set_region
from diag.advice.steps import caution, change, undo
from diag.analysis.claims import NOT_FOR_MOUNTS, Provisioning, idle
from diag.analysis.identity.controller import (
    HOPS_OF_A_POD,
    REGION,
    has_own_key,
    injected,
    is_a_hop_away,
    is_auto_mode,
    plugin_of,
    why_closed,
    without_region,
)
from diag.analysis.identity.permissions import Rights, who_may_create
from diag.resources.ec2 import Instance
from diag.resources.eks import ClusterIdentity
from diag.resources.kubernetes import Node, Pod, Workload


@check("controller-region", layer=Layer.IDENTITY, speaks_for=("region-undetermined", "imds-unreachable"))
def controller_knows_its_region(
    cluster_identity: ClusterIdentity,
    provisioning: Provisioning,
    controller: Workload | Unavailable,
    controller_pods: tuple[Pod, ...],
    controller_nodes: tuple[Node, ...],
    controller_instances: Table[Instance],
    node_rights: Table[Rights] | Unavailable,
) -> Iterator[Draft]:
    """The controller knows its region, and reaches the instance metadata service if it depends on it.

    It takes the region from AWS_REGION, which IRSA, Pod Identity and controller.region of the chart set, else from
    the metadata service, or from v1.7.0 on from the providerID of an EKS hybrid node. Where pods cannot reach that
    service (hop limit 1, EKS Auto Mode) it starts with an empty region and every call to FSx fails. If it acts with its
    node's role it gets the credentials there as well.

    pass: AWS_REGION is set, the metadata service answers, the node's providerID tells, or no node was chosen yet
    warn: as fail, for the node's credentials or another Region, but no claim waits
    fail: AWS_REGION is another Region than the cluster's while a claim waits; or it is not set, or the node's role has
        to do, and pods cannot reach the metadata service; or one node of the controller's has no instance profile
    unknown: the node's instance could not be read
    skip: nothing is provisioned dynamically, or no pod of the controller exists
    source: aws-fsx-csi-driver v1.9.0 pkg/cloud/metadata.go; EC2 user guide, instance metadata options
    """
    if isinstance(controller, Unavailable) or not provisioning.in_use or not controller_pods:
        yield idle(controller, provisioning, "no pod of the controller exists")
        return
    subject = controller.subject
    nodes = {node.name: node for node in controller_nodes}
    elsewhere = {value for pod in controller_pods if (value := _told_region(pod)) != cluster_identity.region and value}
    if elsewhere and cluster_identity.region:
        told, home = ", ".join(sorted(elsewhere)), cluster_identity.region
        message = (
            f"AWS_REGION of the controller is {told}, the cluster is in {home}: it makes and looks for file systems"
            f" there; {NOT_FOR_MOUNTS}"
        )
        say = fail if provisioning.pending else warn
        fix = set_region(controller, cluster_identity.region)
        concerns = provisioning.pending
        yield say(subject, message, cause="region-undetermined", fix=fix, concerns=concerns)
        return
    able = who_may_create(node_rights)
    as_node = isinstance(able, str) and able and not has_own_key(controller)
    bare, closed = without_region(controller_pods, controller_nodes, controller_instances)
    if closed:
        message = f"{bare} pod(s) of the controller have no AWS_REGION and cannot ask for it: {closed}"
        fix = set_region(controller, cluster_identity.region)
        yield fail(subject, f"{message}; {NOT_FOR_MOUNTS}", cause="region-undetermined", fix=fix)
        return
    for pod in controller_pods if as_node else ():
        node = nodes.get(pod.spec.node_name)
        closed = why_closed(pod, node, controller_instances) or _without_profile(node, controller_instances)
        if injected(pod) is None and closed:
            message = f"{pod.key} acts with its node's role, and cannot get the credentials: {closed}"
            broken, waiting = (fail, provisioning.pending) if provisioning.pending else (warn, ())
            more = _let_pods_ask(controller_pods, nodes, controller_instances)
            yield broken(subject, message, cause="imds-unreachable", fix=more, concerns=waiting)
            return
    yield ok(subject, "every pod of the controller knows its region")


def _without_profile(node: Node | None, instances: Table[Instance]) -> str:
    """Why a node has no role to act with, while others of the controller's have one; empty where it has."""
    if (
        node is None
        or instances[node.instance_id].iam_instance_profile
        or not any(one.iam_instance_profile for one in instances)
    ):
        return ""
    return f"instance {node.instance_id} has no instance profile, and with it no role"


def _told_region(pod: Pod) -> str:
    """The Region that the pod's AWS_REGION names; empty where it is not set, or taken from somewhere else."""
    return next((variable.value for variable in plugin_of(pod.spec).env or () if variable.name == REGION), "")


def _let_pods_ask(pods: Iterable[Pod], nodes: Mapping[str, Node], instances: Table[Instance]) -> Fix | None:
    """One hop more, so that answers of the metadata service reach pods; None where that is not what they lack."""
    short: dict[str, None] = {}
    for pod in pods:
        node = nodes.get(pod.spec.node_name)
        options = instances[node.instance_id].metadata_options if node and node.instance_id in instances else None
        if node and options and not is_auto_mode(node) and is_a_hop_away(pod, options):
            short[node.instance_id] = None
    if not short:
        return None
    command = "aws ec2 modify-instance-metadata-options --instance-id {instance} --http-put-response-hop-limit"
    effect = "Let pods of this instance reach its metadata service; the driver asks again by itself."
    return Fix(
        (
            caution(
                "Every pod of the instance can then use the node's role; a role of the controller's own is better."
            ),
            caution("A node that is made later has what its launch template says: set it there as well."),
            *(change(f"{command} {HOPS_OF_A_POD}", {"instance": id}, changes=effect) for id in short),
            *(undo(f"{command} 1", {"instance": id}) for id in short),
        )
    )
