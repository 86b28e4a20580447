"""Facts about the machines under the controller's pods, and about the way from there to AWS's endpoints."""

from __future__ import annotations

from diag.analysis.claims import Provisioning
from diag.analysis.network.outward import FIRST_CALLS
from diag.model.layer import Layer
from diag.model.unavailable import Unavailable, value_or
from diag.registry import fact
from diag.resources.ec2 import Instance, SecurityGroup, VpcEndpoint
from diag.resources.eks import ClusterIdentity
from diag.resources.kubernetes import Node
from diag.resources.table import Table
from diag.sources.aws.ec2 import by_id, instances_by_id
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
    aws: Aws, cluster_identity: ClusterIdentity, controller_instances: Table[Instance]
) -> tuple[VpcEndpoint, ...]:
    """The endpoints of the controller's VPC: with private DNS they take its calls even where a route leads out."""
    vpcs = sorted({instance.vpc_id for instance in controller_instances if instance.vpc_id})
    if not vpcs:
        return ()
    found = aws.pages(
        "ec2", "DescribeVpcEndpoints", "VpcEndpoints", region=cluster_identity.region,
        Filters=[{"Name": "vpc-id", "Values": vpcs}],
    )  # fmt: skip
    return tuple(shaped(raw, VpcEndpoint, "VPC endpoint") for raw in found)


@fact(layer=Layer.IDENTITY, label="security group", permissions=("ec2:DescribeSecurityGroups",))
def controller_groups(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    controller_instances: Table[Instance],
    vpc_endpoints: tuple[VpcEndpoint, ...],
    security_groups: Table[SecurityGroup] | Unavailable,
) -> Table[SecurityGroup]:
    """The groups of the controller's machines and of the endpoints that take its calls; only those not read yet."""
    ids = {group for instance in controller_instances for group in instance.primary_groups}
    ids |= {group for endpoint in vpc_endpoints if endpoint.service in FIRST_CALLS for group in endpoint.group_ids}
    read = value_or(security_groups, Table())
    known = {id: read[id] for id in ids if id in read}
    rest = by_id(
        aws, cluster_identity, "DescribeSecurityGroups", "SecurityGroups", "group-id", "GroupId", ids - set(known),
        SecurityGroup,
    )  # fmt: skip
    return Table({**known, **rest.values}, rest.missing)
