"""Facts about the machines under the controller's pods, and about the way from there to AWS's endpoints."""

from __future__ import annotations

from diag.analysis.claims import Provisioning
from diag.analysis.network.routing import subnets_without_way_out
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable
from diag.registry import fact
from diag.resources.ec2 import Instance, RouteTable, VpcEndpoint
from diag.resources.eks import ClusterIdentity
from diag.resources.kubernetes import Node
from diag.resources.table import Table
from diag.sources.aws.session import Aws, shaped


@fact(layer=Layer.IDENTITY, label="instance", permissions=("ec2:DescribeInstances",))
def controller_instances(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    provisioning: Provisioning,
    controller_nodes: tuple[Node, ...],
    instances: Table[Instance] | Unavailable,
) -> Table[Instance] | Unavailable:
    """The EC2 instances under the controller's pods; those that mount a volume as well are not read twice.

    Nothing is asked where nothing is provisioned.
    """
    ids = sorted({node.instance_id for node in controller_nodes if node.instance_id}) if provisioning.in_use else []
    known = {} if isinstance(instances, Unavailable) else instances.values
    values = {id: known[id] for id in ids if id in known}
    if not (wanted := [id for id in ids if id not in known]):
        return Table(values)
    found = aws.pages(
        "ec2", "DescribeInstances", "Reservations", region=cluster_identity.region,
        Filters=[{"Name": "instance-id", "Values": wanted}],
    )  # fmt: skip
    if isinstance(found, Unavailable):
        return found
    for raw in (raw for reservation in found for raw in reservation.get("Instances", ())):
        item = shaped({**raw, "NetworkInterfaces": ()}, Instance, "instance")
        if not isinstance(item, Unavailable):
            values[item.instance_id] = item
    missing = {id: Unavailable(f"instance {id}", Reason.ABSENT, "EC2 has none") for id in wanted if id not in values}
    return Table(values, missing)


@fact(layer=Layer.IDENTITY, label="VPC endpoint", permissions=("ec2:DescribeVpcEndpoints",))
def vpc_endpoints(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    controller_instances: Table[Instance],
    route_tables: tuple[RouteTable, ...],
) -> tuple[VpcEndpoint, ...] | Unavailable:
    """The endpoints of the controller's VPC, where its subnets have no other way to AWS; else nothing is asked."""
    closed = subnets_without_way_out(controller_instances, route_tables)
    vpcs = sorted({subnet.vpc_id for subnet in closed})
    if not vpcs:
        return ()
    found = aws.pages(
        "ec2", "DescribeVpcEndpoints", "VpcEndpoints", region=cluster_identity.region,
        Filters=[{"Name": "vpc-id", "Values": vpcs}],
    )  # fmt: skip
    if isinstance(found, Unavailable):
        return found
    items = [shaped(raw, VpcEndpoint, "VPC endpoint") for raw in found]
    return tuple(item for item in items if not isinstance(item, Unavailable))
