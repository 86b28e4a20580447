"""Transit gateways with their attachments and route tables, in the API's own shape (ec2 2016-11-15)."""

from __future__ import annotations

import msgspec

from diag.resources.aws_shape import Cidr4, PascalShape
from diag.resources.table import Table


class ReferenceOptions(PascalShape, frozen=True):
    """The one option of a gateway, or of a VPC's attachment, that decides on rules which name a group."""

    security_group_referencing_support: str = ""


class TransitGateway(PascalShape, frozen=True):
    """A transit gateway."""

    transit_gateway_id: str
    owner_id: str = ""
    options: ReferenceOptions = ReferenceOptions()


class VpcAttachment(PascalShape, frozen=True):
    """What an attachment of a VPC says beyond what all attachments say."""

    transit_gateway_attachment_id: str
    subnet_ids: tuple[str, ...] = ()
    options: ReferenceOptions = ReferenceOptions()


class TableAssociation(PascalShape, frozen=True):
    """The route table of the gateway that the packets of an attachment are sent by."""

    transit_gateway_route_table_id: str = ""
    state: str = ""


class Attachment(PascalShape, frozen=True):
    """What is attached to a gateway: a VPC, a VPN, another gateway …"""

    transit_gateway_attachment_id: str
    transit_gateway_id: str = ""
    transit_gateway_owner_id: str = ""
    resource_id: str = ""
    resource_type: str = ""
    state: str = ""
    association: TableAssociation = TableAssociation()


class RouteAttachment(PascalShape, frozen=True):
    """Where a route of a gateway leads."""

    resource_id: str = ""
    resource_type: str = ""
    transit_gateway_attachment_id: str = ""


class GatewayRoute(PascalShape, frozen=True):
    """A route of a gateway's route table."""

    destination_cidr_block: Cidr4 = ""
    prefix_list_id: str = ""
    state: str = ""
    transit_gateway_attachments: tuple[RouteAttachment, ...] = ()


class GatewayTable(msgspec.Struct, frozen=True):
    """The active and blackhole routes of one route table of a gateway."""

    routes: tuple[GatewayRoute, ...] = ()
    is_whole: bool = True
    """False where there are more routes than one answer of EC2 holds."""


class TransitNetwork(msgspec.Struct, frozen=True):
    """The transit gateways between the nodes' VPCs and the file systems', with all that decides on a packet."""

    gateways: tuple[TransitGateway, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    vpc_attachments: tuple[VpcAttachment, ...] = ()
    tables: Table[GatewayTable] = Table()
    zones: dict[str, str] = {}
    """Availability Zones of the attachments' subnets, by subnet."""
