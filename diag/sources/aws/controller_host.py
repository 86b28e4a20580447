"""Facts about the machines under the controller's pods, and about the way from there to AWS's endpoints."""

from __future__ import annotations

from diag.analysis.claims import Provisioning
from diag.analysis.network.routing import subnets_without_way_out
from diag.model.layer import Layer
from diag.model.unavailable import Unavailable, value_or
from diag.registry import fact
from diag.resources.ec2 import Instance, RouteTable, VpcEndpoint
from diag.resources.eks import ClusterIdentity
from diag.resources.kubernetes import Node
from diag.resources.table import Table
from diag.sources.aws.ec2 import instances_by_id
from diag.sources.aws.session import Aws, shaped


@fact(layer=Layer.IDENTITY, label="instance", permissions=("ec2:DescribeInstances",))
def controller_instances(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    provisioning: Provisioning,
    controller_nodes: tuple[Node, ...],
    instances: Table[Instance] | Unavailable,
) -> Table[Instance]:
    """The EC2 instances under the controller's pods; those that mount a volume as well are not read twice.

    Nothing is asked where nothing is provisioned.
    """
    ids = sorted({node.instance_id for node in controller_nodes if node.instance_id}) if provisioning.in_use else []
    known = value_or(instances, Table())
    read = instances_by_id(aws, cluster_identity, (id for id in ids if id not in known))
    return Table({**{id: known[id] for id in ids if id in known}, **read.values}, read.missing)


@fact(layer=Layer.IDENTITY, label="VPC endpoint", permissions=("ec2:DescribeVpcEndpoints",))
def vpc_endpoints(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    controller_instances: Table[Instance],
    route_tables: tuple[RouteTable, ...],
) -> tuple[VpcEndpoint, ...]:
    """The endpoints of the controller's VPC, where its subnets have no other way to AWS; else nothing is asked."""
    closed = subnets_without_way_out(controller_instances, route_tables)
    vpcs = sorted({subnet.vpc_id for subnet in closed})
    if not vpcs:
        return ()
    found = aws.pages(
        "ec2", "DescribeVpcEndpoints", "VpcEndpoints", region=cluster_identity.region,
        Filters=[{"Name": "vpc-id", "Values": vpcs}],
    )  # fmt: skip
    return tuple(shaped(raw, VpcEndpoint, "VPC endpoint") for raw in found)
