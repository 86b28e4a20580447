"""A transit gateway between the nodes and a file system in another VPC."""

from typing import TYPE_CHECKING, Any

from tests.lab.aws.moto_backends import ec2_backend
from tests.lab.faults.network.packets import account_of, dropped
from tests.lab.faults.registry import fault

if TYPE_CHECKING:
    from tests.lab.lab import Lab

WORLD = "transit-gateway"


def _attachments(lab: "Lab") -> tuple[Any, Any]:
    """The attachments of the nodes' and of the file system's VPC."""
    vpc = account_of(lab).vpc
    found = sorted(ec2_backend(lab.site.region).transit_gateway_attachments.values(), key=lambda a: a.vpc_id != vpc)
    return found[0], found[1]


def _table_of(attachment: Any) -> str:
    return str(attachment.association["TransitGatewayRouteTableId"])


@fault("transit-gateway-without-route", cause="route-missing", world=WORLD)
def transit_gateway_without_route(lab: "Lab") -> None:
    """The gateway's route table of the nodes' attachment does not know the file system's VPC."""
    nodes, _ = _attachments(lab)
    lab.client("ec2").delete_transit_gateway_route(
        TransitGatewayRouteTableId=_table_of(nodes), DestinationCidrBlock=lab.site.peer_cidr
    )
    dropped(lab)


@fault("transit-gateway-without-route-back", cause="route-missing", world=WORLD)
def transit_gateway_without_route_back(lab: "Lab") -> None:
    """Packets arrive; the route table of the file system's attachment knows no way back."""
    _, servers = _attachments(lab)
    lab.client("ec2").delete_transit_gateway_route(
        TransitGatewayRouteTableId=_table_of(servers), DestinationCidrBlock=lab.site.cidr()
    )
    dropped(lab)


@fault("transit-gateway-drops", cause="route-blackhole", world=WORLD)
def transit_gateway_drops(lab: "Lab") -> None:
    """A blackhole route keeps the two VPCs apart."""
    nodes, _ = _attachments(lab)
    lab.client("ec2").create_transit_gateway_route(
        TransitGatewayRouteTableId=_table_of(nodes), DestinationCidrBlock=lab.site.peer_cidr, Blackhole=True
    )
    dropped(lab)


@fault("transit-attachment-not-accepted", cause="route-blackhole", world=WORLD)
def transit_attachment_not_accepted(lab: "Lab") -> None:
    """The file system's VPC asked to be attached, and nobody has accepted it."""
    _, servers = _attachments(lab)
    servers.state = "pendingAcceptance"
    dropped(lab)


@fault("transit-attachment-lacks-zone", cause="route-missing", world=WORLD)
def transit_attachment_lacks_zone(lab: "Lab") -> None:
    """The attachment has no subnet in the zone of the node that mounts."""
    nodes, _ = _attachments(lab)
    nodes.subnet_ids = list(account_of(lab).private_subnets[1:])
    dropped(lab)


@fault("route-to-transit-gateway-absent", cause="route-missing", world=WORLD)
def route_to_transit_gateway_absent(lab: "Lab") -> None:
    """The gateway is ready, and the nodes' own table does not lead to it."""
    lab.client("ec2").delete_route(
        RouteTableId=account_of(lab).private_route_table, DestinationCidrBlock=lab.site.peer_cidr
    )
    dropped(lab)


@fault("transit-attachment-deleted", cause="route-blackhole", world=WORLD)
def transit_attachment_deleted(lab: "Lab") -> None:
    """The attachment of the file system's VPC was deleted; its route into the gateway stays behind."""
    _, servers = _attachments(lab)
    lab.client("ec2").delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=servers.id)
    dropped(lab)
