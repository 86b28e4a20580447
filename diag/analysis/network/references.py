"""Whether a rule that names a security group holds between nodes and file servers: it does not on every way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from diag.analysis.network.routing import Way, table_of, way_to
from diag.analysis.network.transit import passes_references
from diag.model.unavailable import Unavailable
from diag.resources.ec2 import NetworkInterface, PrefixList, RouteTable, Subnet
from diag.resources.table import Table
from diag.resources.transit_gateway import TransitNetwork


class Reference(msgspec.Struct, frozen=True):
    """Whether rules count that name the other side's group; None when that is not known."""

    holds: bool | None = True
    why: str = ""
    """What is on the way, where they do not, or may not."""
    inbound_only: bool = False
    """Over a transit gateway. Source: Transit Gateways guide, security group referencing: none in outbound rules."""

    @property
    def outbound(self) -> Reference:
        """The same of outbound rules."""
        return Reference(False, f"{self.why.partition(',')[0]} in outbound rules") if self.inbound_only else self


HOLDS = Reference()
MIDDLEBOX = ("vpce-", "eni-", "i-")
"""Targets of routes through a firewall or an appliance. Source: Amazon VPC user guide, middlebox routing."""


def reference_between(
    client: tuple[str, str],
    node_addresses: Iterable[str],
    enis: Sequence[NetworkInterface],
    route_tables: tuple[RouteTable, ...] | Unavailable,
    prefix_lists: Table[PrefixList] | Unavailable,
    transit: TransitNetwork | Unavailable,
) -> Reference:
    """The same for nodes of one subnet (`client`: subnet, VPC) and ENIs of one subnet.

    A reference holds inside a VPC and over an active peering of one Region; inside one subnet no route table is asked.
    It ends at a middlebox, and over a transit gateway it holds only where that is switched on, there and at the
    attachments, and in inbound rules only. Source: Amazon VPC user guide, security group rules; VPC peering guide,
    vpc-peering-security-groups; EC2 API, SecurityGroupReferencingSupport.
    """
    if client[0] == enis[0].subnet_id:
        return HOLDS
    same_vpc = client[1] == enis[0].vpc_id
    unseen = Reference(True) if same_vpc else Reference(None, "the routes between the VPCs, which were not read")
    if isinstance(route_tables, Unavailable):
        return unseen
    near = table_of(Subnet(*client), route_tables)
    far = table_of(Subnet(enis[0].subnet_id, enis[0].vpc_id), route_tables)
    if near is None or far is None:
        return unseen
    targets: dict[str, None] = {}
    for table, addresses in ((near, [eni.private_ip_address for eni in enis]), (far, list(node_addresses))):
        for address in addresses:
            way, route = way_to(address, table, prefix_lists)
            if way is Way.UNKNOWN:
                return unseen
            targets[route.target if route else ""] = None
    if box := next((target for target in targets if target.startswith(MIDDLEBOX)), ""):
        return Reference(False, f"{box}, a firewall or appliance")
    if all(target.startswith(("local", "pcx-")) for target in targets):
        return Reference(True)
    if gateway := next((target for target in targets if target.startswith(("tgw-", "arn:"))), ""):
        vpcs = (client[1], enis[0].vpc_id)
        passes = None if isinstance(transit, Unavailable) else passes_references(gateway, vpcs, transit)
        doubt = ", and whether it passes references on was not seen" if passes is None else ""
        return Reference(passes, f"{gateway}{doubt}", inbound_only=True)
    return Reference(None if same_vpc else False, "no peering of one Region")
