"""Transit gateways as EC2 tells them: asked only where one is between two VPCs of the run."""

from __future__ import annotations

from typing import Any

import pytest

from diag.model.unavailable import Reason, Unavailable
from diag.resources.ec2 import Instance
from diag.resources.table import Table
from diag.sources.aws.transit_gateways import transit_network
from tests.checks import given, given_network
from tests.checks.given_network import PEER, VPC
from tests.sources.account import Account

TGW, TABLE = "tgw-0123456789abcdef0", "tgw-rtb-0123456789abcdef0"
ROUTE = {
    "DestinationCidrBlock": "10.0.0.0/16",
    "State": "active",
    "TransitGatewayAttachments": [{"ResourceId": VPC, "ResourceType": "vpc"}],
}
PASSES = {"SecurityGroupReferencingSupport": "enable"}
HUB: dict[str, Any] = {
    "ec2:DescribeTransitGateways": [{"TransitGatewayId": TGW, "Options": PASSES}],
    "ec2:DescribeTransitGatewayAttachments": [
        {"TransitGatewayAttachmentId": "tgw-attach-1", "TransitGatewayId": TGW, "ResourceId": PEER,
         "State": "available", "Association": {"TransitGatewayRouteTableId": TABLE, "State": "associated"}},
        {"TransitGatewayAttachmentId": "tgw-attach-3", "TransitGatewayId": TGW, "ResourceId": "vpn-1",
         "Association": {"TransitGatewayRouteTableId": "tgw-rtb-0fedcba9876543210"}},
    ],
    "ec2:DescribeTransitGatewayVpcAttachments": [
        {"TransitGatewayAttachmentId": "tgw-attach-1", "SubnetIds": ["subnet-0123456789abcdef0"]}
    ],
    "ec2:DescribeSubnets": [{"SubnetId": "subnet-0123456789abcdef0", "AvailabilityZone": "eu-west-1a"}],
    "ec2:SearchTransitGatewayRoutes": {"Routes": [ROUTE], "AdditionalRoutesAvailable": False},
}  # fmt: skip
TO_IT = (given_network.routes(("10.0.0.0/16", TGW), id="rtb-1", vpc=PEER),)


def read(account: Account, vpc: str = PEER, tables: Any = TO_IT) -> Any:
    nodes = Table({"i-1": Instance("i-1", vpc_id=vpc)})
    return transit_network(account, given.identity(), (given.file_system(vpc_id=VPC),), nodes, tables)


def test_attachments_and_the_tables_of_the_two_vpcs_are_read() -> None:
    found = read(Account(HUB))
    assert found.gateways[0].options.security_group_referencing_support == "enable"
    assert [one.resource_id for one in found.attachments] == [PEER, "vpn-1"]
    assert list(found.tables.values) == [TABLE], "what a VPN's table says decides nothing here"
    assert found.zones == {"subnet-0123456789abcdef0": "eu-west-1a"}
    assert found.tables[TABLE].is_whole


@pytest.mark.parametrize(("vpc", "tables"), [(VPC, TO_IT), (PEER, ())])
def test_nothing_is_asked_inside_one_vpc_or_without_a_route_to_one(vpc: str, tables: Any) -> None:
    account = Account(HUB)
    assert read(account, vpc, tables).attachments == ()
    assert account.asked == []


def test_a_table_that_may_not_be_searched_is_missing_with_its_permission() -> None:
    found = read(Account(HUB | {"ec2:SearchTransitGatewayRoutes": given.denied("ec2:SearchTransitGatewayRoutes")}))
    assert found.tables.missing[TABLE].permission == "ec2:SearchTransitGatewayRoutes"


def test_an_answer_that_does_not_hold_all_routes_is_not_whole() -> None:
    cut = HUB | {"ec2:SearchTransitGatewayRoutes": {"Routes": [ROUTE], "AdditionalRoutesAvailable": True}}
    assert not read(Account(cut)).tables[TABLE].is_whole


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("ec2:DescribeTransitGatewayAttachments", [{"TransitGatewayId": TGW}]),
        ("ec2:DescribeTransitGateways", [{"TransitGatewayId": TGW, "Options": ["enable"]}]),
    ],
)
def test_what_has_another_shape_is_malformed(operation: str, answer: Any) -> None:
    found = read(Account(HUB | {operation: answer}))
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.GARBLED


def test_a_malformed_route_costs_its_table_alone() -> None:
    bad = {"Routes": [{"DestinationCidrBlock": "nowhere"}]}
    found = read(Account(HUB | {"ec2:SearchTransitGatewayRoutes": bad}))
    assert found.tables.missing[TABLE].reason is Reason.GARBLED
