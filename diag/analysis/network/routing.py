"""Which way a VPC sends packets, and whether that way leads to the internet."""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Iterable, Sequence

from diag.model.unavailable import Reason, Unavailable
from diag.resources.ec2 import Instance, NatGateway, PrefixList, Route, RouteTable, Subnet
from diag.resources.table import Table

UNREAD = Unavailable("prefix list", Reason.NOT_ASKED)
EVERYWHERE = "0.0.0.0/0"


class Way(enum.Enum):
    """How a route table treats an address."""

    OPEN = "open"
    BLACKHOLE = "blackhole"
    NONE = "none"
    INTERNET = "internet"
    """Only a route to the internet covers it, where a private address leads nowhere."""
    UNKNOWN = "unknown"
    """A route by a prefix list that could not be read may cover it."""


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


def way_to(
    address: str, table: RouteTable, prefix_lists: Table[PrefixList] | Unavailable = UNREAD
) -> tuple[Way, Route | None]:
    """Where the table sends packets for an IPv4 address: by the most specific route that covers it.

    Entries of prefix lists count like CIDRs of their own, and a local route before any list. A route whose target is
    gone is a black hole and still wins. Source: Amazon VPC user guide, route priority.
    """
    best, is_sure = -1, True
    chosen: Route | None = None
    for route in table.routes:
        for cidr in _destinations(route, prefix_lists) or ("",):
            length = prefix_length(cidr, address)
            if length > best or (length == best >= 0 and not route.destination_prefix_list_id):
                best, chosen = length, route
        is_sure = is_sure and _destinations(route, prefix_lists) is not None
    if not is_sure and (chosen is None or chosen.target != "local"):
        return Way.UNKNOWN, None
    if chosen is None:
        return Way.NONE, None
    if chosen.state == "blackhole":
        return Way.BLACKHOLE, chosen
    return (Way.INTERNET if _to_the_internet(chosen) else Way.OPEN), chosen


def _destinations(route: Route, prefix_lists: Table[PrefixList] | Unavailable) -> tuple[str, ...] | None:
    """The CIDRs that a route is for; None for a list that was not read.

    A gateway endpoint's list (S3, DynamoDB) counts for none: no file server is in it.
    """
    if not route.destination_prefix_list_id:
        return (route.destination_cidr_block,)
    if route.gateway_id.startswith("vpce-"):
        return ()
    entries = (
        prefix_lists if isinstance(prefix_lists, Unavailable) else prefix_lists.get(route.destination_prefix_list_id)
    )
    return None if isinstance(entries, Unavailable) else entries.cidrs


def prefix_length(cidr: str, address: str) -> int:
    """Prefix length of a network that holds the address, -1 when it does not."""
    try:
        network = ipaddress.ip_network(cidr, strict=False)
        return network.prefixlen if ipaddress.ip_address(address) in network else -1
    except ValueError:
        return -1


def _to_the_internet(route: Route) -> bool:
    return route.target.startswith(("igw-", "nat-", "eigw-", "cagw-"))


SOMEWHERE = "52.94.0.1"
"""An address of AWS's public ranges; only a default route, or one as wide, covers it."""


def subnets_without_way_out(
    instances: Iterable[Instance],
    tables: Sequence[RouteTable],
    nats: Iterable[NatGateway] = (),
    *,
    by_own_address: bool = True,
) -> dict[Subnet, str]:
    """The instances' subnets whose route table leads no packet to AWS's public addresses, and why where it seems to.

    A route to a transit gateway, a peering or an appliance counts as a way: what lies behind it is not seen. An
    internet gateway lets only instances with a public address out, and a NAT gateway leads where its own subnet does.
    Pods whose packets leave with the pod's address in place of the instance's (`by_own_address` is False) have none.
    Source: Amazon VPC user guide, internet gateways; NAT gateways, basics and troubleshooting; amazon-vpc-cni-k8s
    README, AWS_VPC_K8S_CNI_EXTERNALSNAT.
    """
    found: dict[Subnet, str] = {}
    by_id = {nat.nat_gateway_id: nat for nat in nats}
    for instance in instances:
        subnet = Subnet(instance.subnet_id, instance.vpc_id)
        table = table_of(subnet, tables)
        if table is None:
            continue
        way, route = way_to(SOMEWHERE, table)
        target = "" if route is None else route.target
        if way in (Way.NONE, Way.BLACKHOLE) or (target.startswith("igw-") and not instance.public_ip_address):
            found[subnet] = ""
        elif target.startswith("igw-") and not by_own_address:
            found[subnet] = f"{target} lets no pod out: the VPC CNI leaves pods their own addresses (EXTERNALSNAT)"
        elif target in by_id and (why := _why_nat_is_no_way(by_id[target], tables)):
            found[subnet] = why
    return found


def nat_to_use(
    subnets: Iterable[Subnet], nats: Iterable[NatGateway], tables: Sequence[RouteTable]
) -> tuple[NatGateway, tuple[RouteTable, ...]] | None:
    """A NAT gateway of the subnets' VPC that leads out, and their tables, where none of these has a default route."""
    own = tuple(subnets)
    found = dict.fromkeys(table.route_table_id for table in (table_of(subnet, tables) for subnet in own) if table)
    used = tuple(table for table in tables if table.route_table_id in found)
    if any(route.destination_cidr_block == EVERYWHERE for table in used for route in table.routes):
        return None
    vpcs = {subnet.vpc_id for subnet in own}
    for nat in nats:
        leads = nat.state == "available" and nat.connectivity_type == "public" and not _why_nat_is_no_way(nat, tables)
        if leads and vpcs == {nat.vpc_id} and used:
            return nat, used
    return None


def _why_nat_is_no_way(nat: NatGateway, tables: Sequence[RouteTable]) -> str:
    """Why packets that reach a NAT gateway do not reach the internet; empty where they do, or that is not known."""
    if nat.state not in ("", "available"):
        return f"{nat.nat_gateway_id} is {nat.state}"
    table = table_of(Subnet(nat.subnet_id, nat.vpc_id), tables) if nat.subnet_id else None
    if table is None or nat.connectivity_type != "public":
        return ""
    way, route = way_to(SOMEWHERE, table)
    if route is not None and route.target == nat.nat_gateway_id:
        return f"{nat.nat_gateway_id} is in {nat.subnet_id}, whose default route leads to itself"
    if way in (Way.NONE, Way.BLACKHOLE):
        return f"{nat.nat_gateway_id} is in {nat.subnet_id}, which has no way to the internet itself"
    return ""
