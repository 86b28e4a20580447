"""What transit gateways do with packets between two VPCs."""

from __future__ import annotations

import msgspec

from diag.analysis.network.routing import prefix_length
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.resources.ec2 import Subnet
from diag.resources.transit_gateway import Attachment, GatewayRoute, TransitNetwork

CARRIES = ("available", "modifying")
"""States of an attachment that passes packets on. Source: Amazon VPC Transit Gateways guide, attachment lifecycle."""
WAITS = ("pendingAcceptance", "initiatingRequest")
MISSING, BLACKHOLE = "route-missing", "route-blackhole"


class Stop(msgspec.Struct, frozen=True):
    """Where a gateway does not pass packets on."""

    cause: str
    message: str
    table: str = ""
    """The gateway's route table that lacks a route to the far VPC, or drops the packets."""
    dropped: str = ""
    """The destination of the route that drops them."""
    attachment: str = ""
    """The far VPC's attachment, to which the route has to lead; of one that waits, the attachment that waits."""
    waits: bool = False
    zone: str = ""
    """The sender's zone, in which the attachment has no subnet."""


def stop_of(
    gateway: str, near: Subnet, far: Subnet, address: str, network: TransitNetwork, account: str
) -> Stop | None:
    """Why packets from a subnet for an address of another VPC end at a gateway; None when they pass.

    A gateway takes packets in a zone only where the attachment has a subnet there, and sends them by the route table
    that the attachment is associated with. Source: Amazon VPC Transit Gateways guide, tgw-vpc-attachments and
    how-transit-gateways-work. Raises Unreadable for what the account cannot see.
    """
    own = _attachment_of(gateway, near.vpc_id, network)
    if own is None:
        return Stop(MISSING, f"{near.vpc_id} has no attachment to it")
    if own.state not in CARRIES:
        return _stopped(own, near.vpc_id)
    if zone := _zone_without(own, near, network):
        title = f"its attachment {own.transit_gateway_attachment_id} of {near.vpc_id}"
        why = f"{title} has no subnet in {zone}, where {near.subnet_id} is"
        return Stop(MISSING, why, attachment=own.transit_gateway_attachment_id, zone=zone)
    table, standing = own.association.transit_gateway_route_table_id, own.association.state
    if standing not in ("", "associated"):
        return Stop(MISSING, f"the attachment of {near.vpc_id} is {standing} with its route table")
    if not table:
        if own.transit_gateway_owner_id in (account, ""):
            return Stop(MISSING, f"the attachment of {near.vpc_id} is associated with no route table")
        raise Unreadable(_of_another_account(gateway, own.transit_gateway_owner_id))
    target = _attachment_of(gateway, far.vpc_id, network)
    to = "" if target is None else target.transit_gateway_attachment_id
    routes = network.tables[table]
    route = _best(routes.routes, address)
    if route is None and not routes.is_whole:
        raise Unreadable(Unavailable(table, Reason.NOT_ASKED, "it has more routes than one answer holds"))
    if route is None:
        return Stop(MISSING, f"its route table {table} has no route to {address}", table, attachment=to)
    if route.state == "blackhole":
        cidr = route.destination_cidr_block
        return Stop(BLACKHOLE, f"its route table {table} drops packets for {cidr}", table, cidr, to)
    ends = [end for end in route.transit_gateway_attachments if end.resource_id != far.vpc_id]
    if not ends:
        return _stopped(target, far.vpc_id) if target is not None and target.state not in CARRIES else None
    if ends[0].resource_type != "vpc":
        what = f"{ends[0].resource_type} {ends[0].resource_id}"
        raise Unreadable(Unavailable(f"what lies behind {gateway}", Reason.NOT_ASKED, f"{table} leads to {what}"))
    return Stop(
        MISSING, f"its route table {table} leads {route.destination_cidr_block} to {ends[0].resource_id}", table
    )


def passes_references(gateway: str, vpcs: tuple[str, str], network: TransitNetwork) -> bool | None:
    """Whether rules that name a group of the other VPC count over a gateway; None when that was not seen.

    It has to be switched on at the gateway, where it is off by default, and is on at each attachment unless switched
    off. Source: EC2 API reference, SecurityGroupReferencingSupport.
    """
    own = next((one for one in network.gateways if one.transit_gateway_id == gateway), None)
    if own is None:
        return None
    if own.options.security_group_referencing_support != "enable":
        return False
    by_id = {one.transit_gateway_attachment_id: one for one in network.vpc_attachments}
    found = filter(None, (_attachment_of(gateway, vpc, network) for vpc in vpcs))
    known = [by_id[id] for one in found if (id := one.transit_gateway_attachment_id) in by_id]
    if any(one.options.security_group_referencing_support == "disable" for one in known):
        return False
    return True if len(known) == len(vpcs) else None


def subnets_of(gateway: str, vpc: str, network: TransitNetwork) -> tuple[str, ...]:
    """The subnets of a VPC in which a gateway takes packets and hands them over; none where that was not seen."""
    own = _attachment_of(gateway, vpc, network)
    id = own.transit_gateway_attachment_id if own else ""
    return next((one.subnet_ids for one in network.vpc_attachments if one.transit_gateway_attachment_id == id), ())


def _attachment_of(gateway: str, vpc: str, network: TransitNetwork) -> Attachment | None:
    """The attachment of a VPC: one that carries before one that is gone."""
    found = [one for one in network.attachments if (one.transit_gateway_id, one.resource_id) == (gateway, vpc)]
    return min(found, key=lambda one: one.state not in CARRIES, default=None)


def _stopped(attachment: Attachment, vpc: str) -> Stop:
    title = f"its attachment {attachment.transit_gateway_attachment_id} of {vpc}"
    if attachment.state in WAITS:
        own = attachment.transit_gateway_attachment_id
        return Stop(BLACKHOLE, f"{title} waits to be accepted", attachment=own, waits=True)
    return Stop(BLACKHOLE, f"{title} is {attachment.state or 'in no state that EC2 says'}")


def _zone_without(attachment: Attachment, near: Subnet, network: TransitNetwork) -> str:
    own = attachment.transit_gateway_attachment_id
    subnets = next((v.subnet_ids for v in network.vpc_attachments if v.transit_gateway_attachment_id == own), ())
    zones = {network.zones.get(subnet, "") for subnet in subnets}
    return near.availability_zone if zones and "" not in zones and near.availability_zone not in zones else ""


def _of_another_account(gateway: str, owner: str) -> Unavailable:
    return Unavailable(
        f"route tables of {gateway}", Reason.NOT_ASKED, f"it belongs to account {owner}",
        remedy="search its route tables with credentials of that account",
    )  # fmt: skip


def _best(routes: tuple[GatewayRoute, ...], address: str) -> GatewayRoute | None:
    """The most specific route to an address."""
    lengths = [(prefix_length(route.destination_cidr_block, address), route) for route in routes]
    covering = [(length, route) for length, route in lengths if length >= 0]
    return max(covering, key=lambda one: one[0])[1] if covering else None
