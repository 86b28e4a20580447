"""Transit gateways between the nodes' VPC and the file system's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from diag import Draft, Fix, Layer, Table, Unavailable, check, fail, ok, skip
from diag.advice.steps import change, person, undo
from diag.analysis.file_systems import has_no_servers
from diag.analysis.network.paths import Clients, Crossing, crossings, enis_of
from diag.analysis.network.routing import Way, table_of, way_to
from diag.analysis.network.transit import Stop, stop_of
from diag.analysis.nodes.eligibility import node_list
from diag.resources.ec2 import NetworkInterface, PrefixList, RouteTable, Subnet
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.transit_gateway import TransitNetwork

OWNER = "whoever runs the transit gateway"


@check(
    "transit-gateway", layer=Layer.NETWORK, each="mounted_file_systems", speaks_for=("route-missing", "route-blackhole")
)
def gateways_pass_both_ways(
    file_system: FileSystem,
    network_interfaces: Table[NetworkInterface],
    clients: dict[str, Clients],
    subnets: Table[Subnet],
    route_tables: tuple[RouteTable, ...],
    prefix_lists: Table[PrefixList] | Unavailable,
    transit_network: TransitNetwork,
    cluster_identity: ClusterIdentity,
) -> Iterator[Draft]:
    """The transit gateways on the way pass packets on, from every node's VPC to the file system's and back.

    The route in a VPC's table leads to the gateway and no further. There the attachment of that VPC has to be accepted,
    with a subnet in the sender's zone, and the route table that it is associated with needs a route to the other VPC's
    attachment. Both directions have their own.

    pass: both directions are passed on
    fail: an attachment is missing, waits to be accepted or is down; the gateway has no route to the other VPC, drops
        the packets, or leads them elsewhere
    unknown: gateways, attachments or their routes could not be read, or belong to another account; or a further gateway
        or a VPN lies behind
    skip: no packet takes a transit gateway, or the file system has no ENIs to look at
    source: Amazon VPC Transit Gateways guide, how-transit-gateways-work and tgw-vpc-attachments
    """
    enis = enis_of(file_system, network_interfaces)
    if not enis:
        yield skip(file_system, has_no_servers(file_system))
        return
    passed: dict[str, None] = {}
    for crossing in crossings(clients[file_system.id].groups, enis):
        if crossing.client.vpc_id == crossing.enis[0].vpc_id:
            continue
        nodes, servers = subnets[crossing.client.subnet_id], subnets[crossing.server_subnet]
        senders = crossing.node_addresses(route.destination_cidr_block for one in route_tables for route in one.routes)
        for leg in (Leg(nodes, servers, crossing.eni_addresses), Leg(servers, nodes, senders)):
            for address, gateway in leg.gateways(route_tables, prefix_lists):
                stop = stop_of(gateway, leg.near, leg.far, address, transit_network, cluster_identity.account)
                if stop is not None:
                    yield _stopped(file_system, crossing, leg, gateway, stop)
                    return
                passed[f"{gateway} passes packets from {leg.near.vpc_id} on to {leg.far.vpc_id}"] = None
    if passed:
        yield ok(file_system, "; ".join(passed), rules_out=())
    else:
        yield skip(file_system, "no packet between the nodes and its ENIs takes a transit gateway")


class Leg(NamedTuple):
    """One direction: from a subnet to addresses of a subnet of another VPC."""

    near: Subnet
    far: Subnet
    addresses: tuple[str, ...]

    def gateways(
        self, tables: tuple[RouteTable, ...], prefix_lists: Table[PrefixList] | Unavailable
    ) -> Iterator[tuple[str, str]]:
        """Each address whose packets go to a gateway, with its id."""
        if (table := table_of(self.near, tables)) is None:
            return
        for address in self.addresses:
            way, route = way_to(address, table, prefix_lists)
            if way is Way.OPEN and route is not None and route.transit_gateway_id:
                yield address, route.transit_gateway_id


def _stopped(file_system: FileSystem, crossing: Crossing, leg: Leg, gateway: str, stop: Stop) -> Draft:
    message = f"{gateway} does not pass packets from {leg.near.subnet_id} on to {leg.far.subnet_id}: {stop.message}"
    seen = f"seen from {node_list(crossing.client.nodes)}"
    fix = _fix(leg, gateway, stop)
    return fail(file_system, message, seen, cause=stop.cause, fix=fix, concerns=crossing.client.nodes)


def _fix(leg: Leg, gateway: str, stop: Stop) -> Fix:
    names = {"target": stop.table, "cidr": leg.far.cidr_block, "association": stop.attachment}
    if stop.waits:
        command = "aws ec2 accept-transit-gateway-vpc-attachment --transit-gateway-attachment-id {association}"
        return Fix((change(command, names, changes="Accept the VPC's attachment.", by=OWNER),))
    if stop.zone:
        names["subnet"] = leg.near.subnet_id
        command = "aws ec2 modify-transit-gateway-vpc-attachment --transit-gateway-attachment-id {association}"
        effect = f"takes a free address of {leg.near.subnet_id}, and packets from all subnets of {stop.zone} pass"
        widen = change(f"{command} --add-subnet-ids {{subnet}}", names, changes=effect, by=OWNER)
        return Fix((widen, undo(f"{command} --remove-subnet-ids {{subnet}}", names)))
    if stop.table and stop.attachment and stop.dropped != leg.far.cidr_block:
        which = "--transit-gateway-route-table-id {target} --destination-cidr-block {cidr}"
        add = f"aws ec2 create-transit-gateway-route {which} --transit-gateway-attachment-id {{association}}"
        effect = f"Add one route of the gateway, to {leg.far.vpc_id}."
        back = undo(f"aws ec2 delete-transit-gateway-route {which}", names)
        return Fix((change(add, names, changes=effect, by=OWNER), back))
    request = (
        f"Attach {leg.near.vpc_id} and {leg.far.vpc_id} to {gateway} with a subnet in every zone of the nodes and the"
        " file servers, and give the route table of each attachment a route to the other VPC."
    )
    return Fix((person(request, by=OWNER),))
