"""Routes between the nodes' subnets and the file servers' subnets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from diag import Draft, Fix, Layer, Reason, Table, Unavailable, Unreadable, check, fail, ok, skip, unknown
from diag.advice.steps import change, person, undo
from diag.analysis.file_systems import has_no_servers
from diag.analysis.network.paths import Clients, Crossing, crossings, enis_of
from diag.analysis.network.routing import Way, table_of, way_to
from diag.analysis.nodes.eligibility import node_list
from diag.model.unavailable import value_or
from diag.resources.ec2 import NetworkInterface, PrefixList, Route, RouteTable, Subnet, VpcPeering
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem

NETWORK = "whoever runs the network of both VPCs"
BEHIND = ("vgw-", "lgw-", "arn:")
"""Virtual private and local gateways, and core networks of Cloud WAN, which go by their ARN.

Source: Amazon VPC user guide, route table targets.
"""


@check("routes", layer=Layer.NETWORK, each="mounted_file_systems", speaks_for=("route-missing", "route-blackhole"))
def routes_lead_both_ways(
    file_system: FileSystem,
    network_interfaces: Table[NetworkInterface],
    clients: dict[str, Clients],
    subnets: Table[Subnet],
    route_tables: tuple[RouteTable, ...],
    prefix_lists: Table[PrefixList] | Unavailable,
    vpc_peerings: tuple[VpcPeering, ...] | Unavailable,
    cluster_identity: ClusterIdentity,
) -> Iterator[Draft]:
    """Route tables lead from every node's subnet to every ENI of the file system, and back.

    Inside one VPC the local route always does. From another VPC both sides need a route, over a peering or a transit
    gateway; one whose target is gone is a black hole, and a default route to the internet is no way to a private
    address. What a transit gateway does with the packets says transit-gateway; what a firewall does is not looked at.

    pass: the most specific route on either side is alive and leads to the other VPC
    fail: a side has no such route, or it is a black hole, or the two sides take different peerings
    unknown: route tables, subnets, ENIs or a prefix list that decides could not be read, or are another account's; or
        a route leads to a virtual private gateway or into Cloud WAN, behind which lies what is not seen
    skip: the file system has no ENIs to look at (being created, deleted, failed, or none of Lustre)
    source: Amazon VPC user guide, route tables; FSx for Lustre user guide, mounting-on-premises
    """
    enis = enis_of(file_system, network_interfaces)
    if not enis:
        yield skip(file_system, has_no_servers(file_system))
        return
    followed: dict[str, Route] = {}
    dead = Peerings({item.vpc_peering_connection_id: item for item in value_or(vpc_peerings, ())}, cluster_identity)
    for crossing in crossings(clients[file_system.id].groups, enis):
        nodes, servers = subnets[crossing.client.subnet_id], subnets[crossing.server_subnet]
        there, back = _table(nodes, route_tables), _table(servers, route_tables)
        lists = () if isinstance(prefix_lists, Unavailable) else prefix_lists
        listed = (entry for one in lists for entry in one.cidrs)
        senders = crossing.node_addresses((*(route.destination_cidr_block for route in back.routes), *listed))
        for subnet, table, addresses, other in (
            (nodes, there, crossing.eni_addresses, Side(servers, back, senders)),
            (servers, back, senders, Side(nodes, there, crossing.eni_addresses)),
        ):
            for address in addresses:
                way, route = way_to(address, table, prefix_lists)
                if way is Way.OPEN and route is not None:
                    followed[f"{table.route_table_id} of {subnet.subnet_id}: {_shown(route)}"] = route
                elif way is Way.UNKNOWN:
                    why = "it routes by a prefix list that was not read"
                    raise Unreadable(Unavailable(table.route_table_id, Reason.NOT_ASKED, why))
                else:
                    yield _broken(file_system, crossing, Hop(subnet, table, address, way, route), other, dead)
                    return
        over, home = Side(servers, back, senders).peering, Side(nodes, there, crossing.eni_addresses).peering
        if over and home and over != home:
            yield _parted(file_system, crossing, there, home, back, over)
            return
    if behind := sorted({route.target for route in followed.values() if route.target.startswith(BEHIND)}):
        through = f"packets between the nodes and its ENIs go through {', '.join(behind)}"
        yield unknown(file_system, f"{through}, and what lies behind it is not seen", *followed)
        return
    direct = all(route.target.startswith(("local", "pcx-")) for route in followed.values())
    proves = ("route-missing", "route-blackhole") if direct else ()
    message = (*followed, *_zones(clients[file_system.id], enis))
    yield ok(file_system, "routes lead from the nodes to its ENIs and back", *message, rules_out=proves)


def _zones(nodes: Clients, enis: Sequence[NetworkInterface]) -> tuple[str, ...]:
    """A remark where packets cross zones: it works, slower, and AWS bills the traffic."""
    here = {eni.availability_zone for eni in enis if eni.availability_zone}
    away = sorted({node.zone for group in nodes.groups for node in group.nodes if node.zone} - here)
    return (f"nodes in {', '.join(away)} reach it in {', '.join(sorted(here))}: across zones",) if here and away else ()


def _table(subnet: Subnet, tables: Sequence[RouteTable]) -> RouteTable:
    table = table_of(subnet, tables)
    if table is None:
        what = f"route table of {subnet.subnet_id}"
        raise Unreadable(Unavailable(what, Reason.ABSENT, f"this account has no route table of {subnet.vpc_id}"))
    return table


class Side(NamedTuple):
    """Where the packets go: a subnet, its routes, and the addresses over here."""

    subnet: Subnet
    table: RouteTable
    senders: tuple[str, ...]

    @property
    def peering(self) -> str:
        """The peering over which answers come back; empty when there is none that works."""
        return self._over("pcx-")

    @property
    def way_home(self) -> str:
        """The peering or transit gateway over which answers come back; empty when there is none that works."""
        return self._over("pcx-") or self._over("tgw-")

    def _over(self, kind: str) -> str:
        ways = (way_to(address, self.table) for address in self.senders)
        return next((r.target for way, r in ways if way is Way.OPEN and r and r.target.startswith(kind)), "")


class Hop(NamedTuple):
    """A subnet whose packets for an address find no way, and what its route table says of them."""

    subnet: Subnet
    table: RouteTable
    address: str
    way: Way
    route: Route | None


class Peerings(NamedTuple):
    """The peerings that carry nothing, by id, and whose cluster it is."""

    by_id: Mapping[str, VpcPeering]
    identity: ClusterIdentity


def _broken(file_system: FileSystem, crossing: Crossing, hop: Hop, other: Side, peerings: Peerings) -> Draft:
    table, route = hop.table, hop.route
    is_back = hop.subnet.subnet_id == crossing.server_subnet
    to = f"{hop.address}, {'a node' if is_back else 'an ENI of ' + file_system.id}"
    where = f"{table.route_table_id} of {hop.subnet.subnet_id}"
    evidence = f"ec2:DescribeRouteTables {table.route_table_id}: {'; '.join(_shown(r) for r in table.routes)}"
    about = crossing.client.nodes
    if hop.way is Way.BLACKHOLE and route is not None:
        peering = peerings.by_id.get(route.target)
        waits = peering is not None and peering.waits_for_its_accepter
        unread = peering is None and route.vpc_peering_connection_id
        why = "waits to be accepted" if waits else f"is gone{', or waits to be accepted' if unread else ''}"
        message = f"{where} sends packets for {to} into a black hole: {route.target or 'its target'} {why}"
        fix = _accept(peering, peerings.identity) if peering and waits else _replace(table, route, other.peering)
        return fail(file_system, message, evidence, cause="route-blackhole", fix=fix, concerns=about)
    only = f": only {_shown(route)} covers it, and the internet does not lead there" if route else ""
    message = f"{where} has no route to {to} (seen from {node_list(crossing.client.nodes)}){only}"
    fix = _create(table, other)
    return fail(file_system, message, evidence, cause="route-missing", fix=fix, concerns=about)


def _parted(
    file_system: FileSystem, crossing: Crossing, there: RouteTable, home: str, back: RouteTable, over: str
) -> Draft:
    """Two VPCs have one peering connection that works: another one leads to a third VPC."""
    message = (
        f"{there.route_table_id} sends packets over {home}, {back.route_table_id} answers over {over}:"
        " one of the two peerings leads to another VPC"
    )
    names = {"table_there": there.route_table_id, "table_back": back.route_table_id}
    request = "find the peering of the two VPCs, and point the routes of {table_there} and {table_back} at it"
    fix = Fix((person(request, names, by=NETWORK),))
    return fail(file_system, message, cause="route-missing", fix=fix, concerns=crossing.client.nodes)


def _accept(peering: VpcPeering, identity: ClusterIdentity) -> Fix:
    """The accepter's account alone can accept, in its own region."""
    side = peering.accepter_vpc_info
    names = {"target": peering.vpc_peering_connection_id, "region": side.region, "account": side.owner_id}
    if side.owner_id != identity.account:
        return Fix((person("Accept {target}.", names, by=f"whoever runs the network of {_account(side.owner_id)}"),))
    region = " --region {region}" if side.region not in ("", identity.region) else ""
    command = f"aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id {{target}}{region}"
    effect = "Accept the peering. The routes into it become active. Only deleting the peering takes that back."
    return Fix((change(command, names, changes=effect),))


def _account(id: str) -> str:
    return f"account {id}" if id.isdecimal() else "the other account"


def _replace(table: RouteTable, route: Route, peering: str) -> Fix:
    names = {"route_table": table.route_table_id, "cidr": route.destination_cidr_block, "target": peering}
    if not peering or peering == route.target:
        again = "attach both VPCs to it again" if route.transit_gateway_id else "make the peering again and accept it"
        request = f"{again}, and point route {{cidr}} of {{route_table}} at it"
        return Fix((person(request, names, by=NETWORK),))
    command = (
        "aws ec2 replace-route --route-table-id {route_table} --destination-cidr-block {cidr}"
        " --vpc-peering-connection-id {target}"
    )
    return Fix((change(command, names, changes="Point the route at the peering that the way back takes."),))


def _create(table: RouteTable, other: Side) -> Fix:
    names = {"route_table": table.route_table_id, "cidr": other.subnet.cidr_block, "target": other.way_home}
    if not other.way_home:
        request = (
            "Give {route_table} a route to {cidr}, over a peering or a transit gateway, and the other side one back."
        )
        return Fix((person(request, names, by=NETWORK),))
    rest = "--route-table-id {route_table} --destination-cidr-block {cidr}"
    by_gateway = other.way_home.startswith("tgw-")
    over = "--transit-gateway-id" if by_gateway else "--vpc-peering-connection-id"
    effect = f"Send packets over the {'transit gateway' if by_gateway else 'peering'} that the way back takes."
    return Fix(
        (
            change(f"aws ec2 create-route {rest} {over} {{target}}", names, changes=effect),
            undo(f"aws ec2 delete-route {rest}", names),
        )
    )


def _shown(route: Route | None) -> str:
    if route is None:
        return "no route"
    return f"{route.destination_cidr_block or route.destination_prefix_list_id} -> {route.target} ({route.state})"
