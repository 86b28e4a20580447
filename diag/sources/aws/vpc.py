"""Facts read from EC2 about the way packets and names take in a VPC: routes, network ACLs, DHCP options."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from diag.model.layer import Layer
from diag.model.unavailable import Unavailable
from diag.registry import fact
from diag.resources.ec2 import DhcpOptions, Instance, NatGateway, NetworkAcl, RouteTable, Vpc, VpcPeering
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.table import Table
from diag.sources.aws.session import Aws, shaped

T = TypeVar("T")

BATCH = 200
"""Values per filter. Source: EC2 API reference, using filters: at most 200 values in one filter."""


@fact(layer=Layer.NETWORK, label="route table", permissions=("ec2:DescribeRouteTables",))
def route_tables(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    mounted_file_systems: tuple[FileSystem, ...],
    instances: Table[Instance] | Unavailable,
) -> tuple[RouteTable, ...]:
    """Every route table of the VPCs of the file systems and of the nodes.

    Whole VPCs, since a subnet without a table of its own uses the main one, which no filter by subnet finds.
    """
    vpcs = _vpc_ids(mounted_file_systems, instances)
    return matching(aws, cluster_identity, "DescribeRouteTables", "RouteTables", "vpc-id", vpcs, RouteTable)


@fact(layer=Layer.NETWORK, label="NAT gateway", permissions=("ec2:DescribeNatGateways",))
def nat_gateways(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    mounted_file_systems: tuple[FileSystem, ...],
    instances: Table[Instance] | Unavailable,
) -> tuple[NatGateway, ...]:
    """Every NAT gateway of the VPCs of the file systems and of the nodes."""
    vpcs = _vpc_ids(mounted_file_systems, instances)
    # The one list operation of EC2 whose parameter is called Filter.
    return matching(
        aws, cluster_identity, "DescribeNatGateways", "NatGateways", "vpc-id", vpcs, NatGateway, parameter="Filter"
    )


@fact(layer=Layer.NETWORK, label="VPC peering", permissions=("ec2:DescribeVpcPeeringConnections",))
def vpc_peerings(
    aws: Aws, cluster_identity: ClusterIdentity, route_tables: tuple[RouteTable, ...]
) -> tuple[VpcPeering, ...]:
    """The peerings that routes lead into and that carry nothing; nothing is asked where every route is alive."""
    dead = {r.vpc_peering_connection_id for t in route_tables for r in t.routes if r.state == "blackhole"}
    return matching(
        aws, cluster_identity, "DescribeVpcPeeringConnections", "VpcPeeringConnections", "vpc-peering-connection-id",
        dead, VpcPeering,
    )  # fmt: skip


@fact(layer=Layer.NETWORK, label="network ACL", permissions=("ec2:DescribeNetworkAcls",))
def network_acls(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    mounted_file_systems: tuple[FileSystem, ...],
    instances: Table[Instance] | Unavailable,
) -> tuple[NetworkAcl, ...]:
    """Every network ACL of the VPCs of the file systems and of the nodes."""
    vpcs = _vpc_ids(mounted_file_systems, instances)
    return matching(aws, cluster_identity, "DescribeNetworkAcls", "NetworkAcls", "vpc-id", vpcs, NetworkAcl)


def _vpc_ids(file_systems: Iterable[FileSystem], instances: Table[Instance] | Unavailable) -> set[str]:
    nodes = set() if isinstance(instances, Unavailable) else {instance.vpc_id for instance in instances}
    return nodes | {file_system.vpc_id for file_system in file_systems}


@fact(layer=Layer.DNS, label="DHCP options", permissions=("ec2:DescribeDhcpOptions",))
def dhcp_options(aws: Aws, cluster_identity: ClusterIdentity, vpcs: Table[Vpc]) -> tuple[DhcpOptions, ...]:
    """The DHCP options of the file systems' VPCs; a VPC whose set is called `default` has none to be read."""
    ids = {vpc.dhcp_options_id for vpc in vpcs if vpc.dhcp_options_id != "default"}
    return matching(aws, cluster_identity, "DescribeDhcpOptions", "DhcpOptions", "dhcp-options-id", ids, DhcpOptions)


def matching(
    aws: Aws,
    identity: ClusterIdentity,
    operation: str,
    key: str,
    filter_name: str,
    wanted: Iterable[str],
    shape: type[T],
    parameter: str = "Filters",
) -> tuple[T, ...]:
    """Everything that one of the wanted values fits, each once."""
    values = sorted({value for value in wanted if value})
    found: list[T] = []
    for start in range(0, len(values), BATCH):
        filters = [{"Name": filter_name, "Values": values[start : start + BATCH]}]
        listed = aws.pages("ec2", operation, key, region=identity.region, **{parameter: filters})
        found += [shaped(raw, shape, f"an item of ec2:{operation}") for raw in listed]
    return tuple(dict.fromkeys(found))
