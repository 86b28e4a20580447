"""Facts read from EC2 about the network that StorageClasses name."""

from __future__ import annotations

from typing import TypeVar

from diag.analysis.storage_classes import Demand, group_ids, subnet_ids
from diag.model.layer import Layer
from diag.model.unavailable import Unavailable, value_or
from diag.registry import fact
from diag.resources.ec2 import SecurityGroup, Subnet
from diag.resources.eks import ClusterIdentity
from diag.resources.table import Table
from diag.sources.aws.ec2 import by_id
from diag.sources.aws.session import Aws

T = TypeVar("T")


@fact(layer=Layer.NETWORK, label="subnet", permissions=("ec2:DescribeSubnets",))
def class_subnets(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    demands: tuple[Demand, ...],
    subnets: Table[Subnet] | Unavailable,
) -> Table[Subnet]:
    """The subnets that file systems are to be made in; only those are asked for that no file system or node is in."""
    wanted = {id for demand in demands for id in subnet_ids(demand.parameters)}
    known = _known(wanted, subnets)
    read = by_id(
        aws, cluster_identity, "DescribeSubnets", "Subnets", "subnet-id", "SubnetId", wanted - set(known), Subnet
    )
    return Table({**known, **read.values}, read.missing)


@fact(layer=Layer.NETWORK, label="security group", permissions=("ec2:DescribeSecurityGroups",))
def class_groups(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    demands: tuple[Demand, ...],
    security_groups: Table[SecurityGroup] | Unavailable,
) -> Table[SecurityGroup]:
    """The security groups that file systems are to be made with; only those are asked for that none has yet."""
    wanted = {id for demand in demands for id in group_ids(demand.parameters)}
    known = _known(wanted, security_groups)
    read = by_id(
        aws, cluster_identity, "DescribeSecurityGroups", "SecurityGroups", "group-id", "GroupId",
        wanted - set(known), SecurityGroup,
    )  # fmt: skip
    return Table({**known, **read.values}, read.missing)


def _known(wanted: set[str], table: Table[T] | Unavailable) -> dict[str, T]:
    known = value_or(table, Table())
    return {id: known[id] for id in wanted if id in known}
