"""Facts read from EC2 about the transit gateways between nodes and file systems."""

from __future__ import annotations

from typing import TypeVar

from diag.model.layer import Layer
from diag.registry import fact
from diag.resources.ec2 import Instance, RouteTable, Subnet
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.table import Table, table_of
from diag.resources.transit_gateway import (
    Attachment,
    GatewayRoute,
    GatewayTable,
    TransitGateway,
    TransitNetwork,
    VpcAttachment,
)
from diag.sources.aws.ec2 import by_id
from diag.sources.aws.session import Aws, shaped
from diag.sources.aws.vpc import matching

T = TypeVar("T")


@fact(
    layer=Layer.NETWORK,
    label="transit gateway",
    permissions=(
        "ec2:DescribeTransitGateways",
        "ec2:DescribeTransitGatewayAttachments",
        "ec2:DescribeTransitGatewayVpcAttachments",
        "ec2:SearchTransitGatewayRoutes",
        "ec2:DescribeSubnets",
    ),
)
def transit_network(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    mounted_file_systems: tuple[FileSystem, ...],
    instances: Table[Instance],
    route_tables: tuple[RouteTable, ...],
) -> TransitNetwork:
    """The gateways that routes of these VPCs name; nothing is asked where nodes and servers are in one VPC.

    Only a route table of the run's own account can be searched; of another account's gateway the attachments are read.
    """
    vpcs = {one.vpc_id for one in instances} | {one.vpc_id for one in mounted_file_systems}
    ids = {route.transit_gateway_id for table in route_tables for route in table.routes} - {""}
    if len(vpcs - {""}) < 2 or not ids:
        return TransitNetwork()

    def found(operation: str, key: str, shape: type[T]) -> tuple[T, ...]:
        return matching(aws, cluster_identity, operation, key, "transit-gateway-id", ids, shape)

    gateways = found("DescribeTransitGateways", "TransitGateways", TransitGateway)
    attachments = found("DescribeTransitGatewayAttachments", "TransitGatewayAttachments", Attachment)
    of_vpcs = found("DescribeTransitGatewayVpcAttachments", "TransitGatewayVpcAttachments", VpcAttachment)
    tables = dict.fromkeys(
        one.association.transit_gateway_route_table_id for one in attachments if one.resource_id in vpcs
    )

    def search(table: str) -> GatewayTable:
        answer = aws.one(
            "ec2", "SearchTransitGatewayRoutes", region=cluster_identity.region, TransitGatewayRouteTableId=table,
            Filters=[{"Name": "state", "Values": ["active", "blackhole"]}],
        )  # fmt: skip
        routes = tuple(shaped(raw, GatewayRoute, f"route of {table}") for raw in answer.get("Routes") or ())
        return GatewayTable(routes, not answer.get("AdditionalRoutesAvailable"))

    subnets = {subnet for one in of_vpcs for subnet in one.subnet_ids}
    zones = by_id(aws, cluster_identity, "DescribeSubnets", "Subnets", "subnet-id", "SubnetId", subnets, Subnet)
    return TransitNetwork(
        gateways, attachments, of_vpcs, table_of(filter(None, tables), search),
        {one.subnet_id: one.availability_zone for one in zones},
    )  # fmt: skip
