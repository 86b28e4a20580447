"""Which way a VPC sends packets, and whether that way leads to the internet."""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Iterable, Sequence

from diag.resources.ec2 import Instance, Route, RouteTable, Subnet


class Way(enum.Enum):
    """How a route table treats an address."""

    OPEN = "open"
    BLACKHOLE = "blackhole"
    NONE = "none"
    INTERNET = "internet"
    """Only a route to the internet covers it, where a private address leads nowhere."""
    UNKNOWN = "unknown"
    """A route by prefix list may cover it."""


def table_of(subnet: Subnet, tables: Iterable[RouteTable]) -> RouteTable | None:
    """The table that a subnet uses: its own, else the main one of its VPC.

    Source: Amazon VPC user guide, route table associations.
    """
    main = None
    for table in tables:
        if any(association.subnet_id == subnet.subnet_id for association in table.associations):
            return table
        if table.vpc_id == subnet.vpc_id and any(association.main for association in table.associations):
            main = table
    return main


def way_to(address: str, table: RouteTable) -> tuple[Way, Route | None]:
    """Where the table sends packets for an IPv4 address: by the most specific route that covers it.

    A route whose target is gone is a black hole and still wins. Source: Amazon VPC user guide, route priority.
    """
    covering = sorted(
        ((length, route) for route in table.routes if (length := _covers(route.destination_cidr_block, address)) >= 0),
        key=lambda found: found[0],
    )
    if covering and (covering[-1][0] > 0 or not _by_list(table.routes)):
        route = covering[-1][1]
        if route.state == "blackhole":
            return Way.BLACKHOLE, route
        return (Way.INTERNET if _to_the_internet(route) else Way.OPEN), route
    if _by_list(table.routes):
        return Way.UNKNOWN, None
    return Way.NONE, None


def _covers(cidr: str, address: str) -> int:
    """Prefix length of a network that holds the address, -1 when it does not."""
    try:
        network = ipaddress.ip_network(cidr, strict=False)
        return network.prefixlen if ipaddress.ip_address(address) in network else -1
    except ValueError:
        return -1


def _to_the_internet(route: Route) -> bool:
    return route.target.startswith(("igw-", "nat-", "eigw-", "cagw-"))


def _by_list(routes: Sequence[Route]) -> bool:
    """Whether a prefix list other than a gateway endpoint's (S3, DynamoDB) has a route."""
    return any(r.destination_prefix_list_id and not r.gateway_id.startswith("vpce-") for r in routes)


SOMEWHERE = "52.94.0.1"
"""An address of AWS's public ranges; only a default route, or one as wide, covers it."""


def subnets_without_way_out(instances: Iterable[Instance], tables: Sequence[RouteTable]) -> tuple[Subnet, ...]:
    """The instances' subnets whose route table leads no packet to AWS's public addresses.

    A route to a transit gateway, a peering or an appliance counts as a way: what lies behind it is not seen.
    """
    found: dict[str, Subnet] = {}
    for instance in instances:
        subnet = Subnet(instance.subnet_id, instance.vpc_id)
        table = table_of(subnet, tables)
        if table is not None and way_to(SOMEWHERE, table)[0] in (Way.NONE, Way.BLACKHOLE):
            found[subnet.subnet_id] = subnet
    return tuple(found.values())
