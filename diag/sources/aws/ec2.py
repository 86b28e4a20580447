"""Facts read from EC2: interfaces, security groups, instances, subnets and VPCs, each asked in batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable, Unreadable, value_or
from diag.registry import fact
from diag.resources.ec2 import Instance, NetworkInterface, PrefixList, RouteTable, SecurityGroup, Subnet, Vpc
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import Node
from diag.resources.table import Table, table_of
from diag.sources.aws.session import Aws, shaped

T = TypeVar("T")

BATCH = 200
"""Values per filter. Source: EC2 API reference, DescribeInstances: at most 200 values in one filter."""


@fact(layer=Layer.NETWORK, label="ENI", permissions=("ec2:DescribeNetworkInterfaces",))
def network_interfaces(
    aws: Aws, cluster_identity: ClusterIdentity, mounted_file_systems: tuple[FileSystem, ...]
) -> Table[NetworkInterface]:
    """Every ENI of the file systems of this run. Their groups are told nowhere else: FSx returns none."""
    ids = [eni for fs in mounted_file_systems for eni in fs.network_interface_ids]
    return by_id(
        aws, cluster_identity, "DescribeNetworkInterfaces", "NetworkInterfaces", "network-interface-id",
        "NetworkInterfaceId", ids, NetworkInterface,
    )  # fmt: skip


@fact(layer=Layer.NETWORK, label="instance", permissions=("ec2:DescribeInstances",))
def instances(aws: Aws, cluster_identity: ClusterIdentity, mounting_nodes: tuple[Node, ...]) -> Table[Instance]:
    """The EC2 instance under each node that mounts or may mount a volume of this run."""
    return instances_by_id(aws, cluster_identity, {node.instance_id for node in mounting_nodes})


def instances_by_id(aws: Aws, identity: ClusterIdentity, ids: Iterable[str]) -> Table[Instance]:
    """EC2 instances by id; empty ids are left out."""
    wanted = sorted(set(ids) - {""})
    reservations = _filtered(aws, identity, "DescribeInstances", "Reservations", "instance-id", wanted)
    raws = [_flattened(raw) for reservation in reservations for raw in reservation.get("Instances") or ()]
    return _table(wanted, raws, "InstanceId", Instance, "instance")


def _flattened(raw: dict[str, Any]) -> dict[str, Any]:
    interfaces = raw.get("NetworkInterfaces") or ()
    flat = [{**eni, "DeviceIndex": eni.get("Attachment", {}).get("DeviceIndex", 0)} for eni in interfaces]
    return {**raw, "NetworkInterfaces": flat}


@fact(layer=Layer.NETWORK, label="security group", permissions=("ec2:DescribeSecurityGroups",))
def security_groups(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    network_interfaces: Table[NetworkInterface],
    instances: Table[Instance] | Unavailable,
) -> Table[SecurityGroup]:
    """The groups of every file-system ENI and of every node's primary interface, with their rules."""
    ids = {group for eni in network_interfaces for group in eni.group_ids}
    if not isinstance(instances, Unavailable):
        ids |= {group for instance in instances for group in instance.primary_groups}
    return by_id(
        aws, cluster_identity, "DescribeSecurityGroups", "SecurityGroups", "group-id", "GroupId", sorted(ids),
        SecurityGroup,
    )  # fmt: skip


@fact(layer=Layer.NETWORK, label="prefix list", permissions=("ec2:GetManagedPrefixListEntries",))
def prefix_lists(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    security_groups: Table[SecurityGroup],
    route_tables: tuple[RouteTable, ...] | Unavailable,
) -> Table[PrefixList]:
    """The entries of every prefix list that a rule or a route names; nothing is asked when none does.

    Lists of gateway endpoints (S3, DynamoDB) are left out.
    """
    routes = (route for table in value_or(route_tables, ()) for route in table.routes)
    ids = {r.destination_prefix_list_id for r in routes if not r.gateway_id.startswith("vpce-")} - {""}
    ids |= {
        ref.prefix_list_id
        for group in security_groups
        for permission in (*group.ip_permissions, *group.ip_permissions_egress)
        for ref in permission.prefix_list_ids
    }

    def read(id: str) -> PrefixList:
        region = cluster_identity.region
        found = aws.pages("ec2", "GetManagedPrefixListEntries", "Entries", region=region, PrefixListId=id)
        return PrefixList(id, tuple(str(entry.get("Cidr", "")) for entry in found))

    return table_of(sorted(ids), read)


@fact(layer=Layer.NETWORK, label="subnet", permissions=("ec2:DescribeSubnets",))
def subnets(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    mounted_file_systems: tuple[FileSystem, ...],
    instances: Table[Instance] | Unavailable,
) -> Table[Subnet]:
    """The subnets of the file systems and of the nodes."""
    ids = {subnet for fs in mounted_file_systems for subnet in fs.subnet_ids}
    if not isinstance(instances, Unavailable):
        ids |= {instance.subnet_id for instance in instances if instance.subnet_id}
    return by_id(aws, cluster_identity, "DescribeSubnets", "Subnets", "subnet-id", "SubnetId", sorted(ids), Subnet)


@fact(layer=Layer.DNS, label="VPC", ranges=("CidrBlock",), permissions=("ec2:DescribeVpcs",))
def described_vpcs(aws: Aws, cluster_identity: ClusterIdentity, naming_vpcs: tuple[str, ...]) -> Table[Vpc]:
    """The VPCs in which names are asked, without their DNS attributes."""
    ids = list(naming_vpcs)
    return by_id(aws, cluster_identity, "DescribeVpcs", "Vpcs", "vpc-id", "VpcId", ids, Vpc)


@fact(layer=Layer.DNS, label="enableDnsSupport of", permissions=("ec2:DescribeVpcAttribute",))
def dns_support(aws: Aws, cluster_identity: ClusterIdentity, naming_vpcs: tuple[str, ...]) -> Table[bool]:
    """enableDnsSupport of each VPC: EC2 gives one attribute a call, so both are read at the same time."""
    return _attribute(aws, cluster_identity, naming_vpcs, "enableDnsSupport")


@fact(layer=Layer.DNS, label="enableDnsHostnames of", permissions=("ec2:DescribeVpcAttribute",))
def dns_hostnames(aws: Aws, cluster_identity: ClusterIdentity, naming_vpcs: tuple[str, ...]) -> Table[bool]:
    """enableDnsHostnames of each VPC."""
    return _attribute(aws, cluster_identity, naming_vpcs, "enableDnsHostnames")


@fact(layer=Layer.DNS)
def vpcs(described_vpcs: Table[Vpc], dns_support: Table[bool], dns_hostnames: Table[bool]) -> Table[Vpc]:
    """The VPCs in which names are asked, with their two DNS attributes."""

    def read(id: str) -> Vpc:
        support, hostnames = dns_support[id], dns_hostnames[id]
        return msgspec.structs.replace(described_vpcs[id], enable_dns_support=support, enable_dns_hostnames=hostnames)

    return table_of((*described_vpcs.values, *described_vpcs.missing), read)


def _attribute(aws: Aws, identity: ClusterIdentity, vpcs: Iterable[str], attribute: str) -> Table[bool]:
    def read(id: str) -> bool:
        answer = aws.one("ec2", "DescribeVpcAttribute", region=identity.region, VpcId=id, Attribute=attribute)
        return bool(answer.get(attribute[0].upper() + attribute[1:], {}).get("Value"))

    return table_of(vpcs, read)


def by_id(
    aws: Aws,
    identity: ClusterIdentity,
    operation: str,
    key: str,
    filter_name: str,
    id_field: str,
    ids: Iterable[str],
    shape: type[T],
) -> Table[T]:
    """Objects by id, asked through a filter: an unknown id is then absent instead of failing the whole call."""
    wanted = sorted(set(ids))
    return _table(wanted, _filtered(aws, identity, operation, key, filter_name, wanted), id_field, shape, key)


def _filtered(
    aws: Aws, identity: ClusterIdentity, operation: str, key: str, filter_name: str, values: list[str]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for start in range(0, len(values), BATCH):
        filters = [{"Name": filter_name, "Values": values[start : start + BATCH]}]
        found += aws.pages("ec2", operation, key, region=identity.region, Filters=filters)
    return found


def _table(wanted: list[str], raws: Iterable[dict[str, Any]], id_field: str, shape: type[T], what: str) -> Table[T]:
    found = {str(raw.get(id_field, "")): raw for raw in raws}

    def read(id: str) -> T:
        if id not in found:
            message = f"EC2 has no such object in this account and region ({what})"
            raise Unreadable(Unavailable(id, Reason.ABSENT, message))
        return shaped(found[id], shape, id)

    return table_of(dict.fromkeys((*wanted, *found)), read)
