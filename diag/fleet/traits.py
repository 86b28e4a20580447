"""The nodes of a run with what each has that others may not have."""

from __future__ import annotations

import msgspec

from diag.declare.fact import fact
from diag.facts.ec2 import Instance
from diag.facts.eks import ClusterIdentity
from diag.facts.kubernetes import Node
from diag.facts.node_truth import NodeTruth
from diag.facts.table import Table
from diag.model.subject import Kind, Subject
from diag.model.unavailable import Reason, Unavailable


class Fleet(msgspec.Struct, frozen=True):
    """What the nodes of a run say of themselves, and their traits."""

    truths: Table[NodeTruth]
    traits: dict[str, dict[str, str]]
    """Of every node that was asked."""
    addresses: dict[str, tuple[str, ...]]
    """Addresses that EC2 and Kubernetes know of each, the InternalIP first."""
    subject: Subject
    why_none: Unavailable | None = None
    """Why no node was looked into."""


@fact()
def fleet(
    node_truths: Table[NodeTruth] | Unavailable,
    nodes: tuple[Node, ...] | Unavailable,
    instances: Table[Instance] | Unavailable,
    cluster_identity: ClusterIdentity | Unavailable,
) -> Fleet:
    """The answers of the nodes beside what the control plane knows of each."""
    name = "" if isinstance(cluster_identity, Unavailable) else cluster_identity.cluster
    subject = Subject(Kind.CLUSTER, name or "(this run)")
    if isinstance(node_truths, Unavailable):
        return Fleet(Table(), {}, {}, subject, node_truths)
    if not node_truths.values and not node_truths.missing:
        return Fleet(node_truths, {}, {}, subject, NOBODY_ASKED)
    by_name = {} if isinstance(nodes, Unavailable) else {node.name: node for node in nodes}
    names = (*node_truths.values, *node_truths.missing)
    traits = {name: traits_of(by_name.get(name), instances, node_truths.values.get(name)) for name in names}
    addresses = {name: _addresses(by_name[name], instances) for name in names if name in by_name}
    return Fleet(node_truths, traits, addresses, subject)


NOBODY_ASKED = Unavailable(
    "the nodes themselves",
    Reason.NOT_ASKED,
    "no node was looked into",
    remedy="give --via auto (or exec, ssh, ssm, local)",
)


def traits_of(node: Node | None, instances: Table[Instance] | Unavailable, truth: NodeTruth | None) -> dict[str, str]:
    """The traits of one node; those that are not known are left out."""
    found: dict[str, str] = {}
    if node is not None:
        info = node.status.node_info
        found = {
            "kernel": info.kernel_version,
            "OS image": info.os_image,
            "architecture": info.architecture,
            "zone": node.zone,
            "node group": node.node_group,
            "instance type": node.metadata.label("node.kubernetes.io/instance-type"),
        }
        instance = None if isinstance(instances, Unavailable) else instances.values.get(node.instance_id)
        if instance is not None:
            found |= {"subnet": instance.subnet_id, "AMI": instance.image_id, "instance type": instance.instance_type}
    if truth is not None:
        found["kernel"] = truth.kernel or found.get("kernel", "")
        found |= {"Lustre client": truth.module_version, "driver image": truth.image[-12:]}
    return {kind: value for kind, value in found.items() if value}


def _addresses(node: Node, instances: Table[Instance] | Unavailable) -> tuple[str, ...]:
    instance = None if isinstance(instances, Unavailable) else instances.values.get(node.instance_id)
    found = [node.internal_ip]
    if instance is not None:
        found += [instance.private_ip_address, *(i.private_ip_address for i in instance.network_interfaces)]
    return tuple(dict.fromkeys(address for address in found if address))
