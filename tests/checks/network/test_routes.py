"""Routes between the nodes' subnets and the file servers' subnets."""

from __future__ import annotations

from typing import Any

import pytest

from checks.network.routes import routes_lead_both_ways
from diag import Table, Verdict
from diag.resources.ec2 import PeeringSide, PeeringStatus, PrefixList, Route, RouteTable, VpcPeering
from tests.checks import given, given_network
from tests.checks.given_network import NODES, PEER, routes
from tests.checks.given_routes_and_acls import abroad, judge

PCX, TGW = "pcx-0123456789abcdef0", "tgw-0123456789abcdef0"


def there(*ways: tuple[str, str], gone: tuple[str, ...] = ()) -> RouteTable:
    local = (("10.8.0.0/16", "local"), ("0.0.0.0/0", "nat-1"))
    return routes(*local, *ways, id="rtb-nodes", subnet=NODES, vpc=PEER, gone=gone)


def back(*ways: tuple[str, str], gone: tuple[str, ...] = ()) -> RouteTable:
    return routes(("10.0.0.0/16", "local"), *ways, id="rtb-servers", gone=gone)


def test_inside_one_vpc_the_local_route_leads_both_ways() -> None:
    found = judge(routes_lead_both_ways)
    assert found.verdict is Verdict.PASS
    assert {"route-missing", "route-blackhole"} == set(found.rules_out)


@pytest.mark.parametrize(("target", "refutes"), [(PCX, True), (TGW, False)])
def test_from_another_vpc_a_route_on_either_side_leads_there(target: str, refutes: bool) -> None:
    tables = there(("10.0.0.0/16", target)), back(("10.8.0.0/16", target))
    found = judge(routes_lead_both_ways, **abroad(*tables))
    assert found.verdict is Verdict.PASS
    assert bool(found.rules_out) is refutes, "what a transit gateway does with the packets is not looked at"


def test_what_lies_behind_a_virtual_private_gateway_is_not_seen() -> None:
    vgw = "vgw-0123456789abcdef0"
    found = judge(routes_lead_both_ways, **abroad(there(("10.0.0.0/16", vgw)), back(("10.8.0.0/16", vgw))))
    assert found.verdict is Verdict.UNKNOWN
    assert vgw in found.message
    beside = there(("10.0.0.0/16", PCX), ("10.99.0.0/16", vgw)), back(("10.8.0.0/16", PCX))
    assert judge(routes_lead_both_ways, **abroad(*beside)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("tables", "cause", "where"),
    [
        ((there(), back(("10.8.0.0/16", PCX))), "route-missing", "rtb-nodes"),
        ((there(("10.0.0.0/16", PCX)), back()), "route-missing", "rtb-servers"),
        ((there(("10.0.2.0/24", PCX)), back(("10.8.0.0/16", PCX))), "route-missing", "rtb-nodes"),
        ((there(("10.0.0.0/16", PCX), gone=(PCX,)), back(("10.8.0.0/16", PCX))), "route-blackhole", "rtb-nodes"),
        ((there(("10.0.0.0/16", PCX)), back(("10.8.0.0/16", TGW), gone=(TGW,))), "route-blackhole", "rtb-servers"),
        (
            (there(("10.0.0.0/16", TGW), ("10.0.1.0/24", PCX), gone=(PCX,)), back(("10.8.0.0/16", TGW))),
            "route-blackhole",
            "rtb-nodes",
        ),
    ],
)
def test_a_side_without_a_living_route_fails(tables: tuple[RouteTable, ...], cause: str, where: str) -> None:
    found = judge(routes_lead_both_ways, **abroad(*tables))
    assert (found.verdict, found.cause) == (Verdict.FAIL, cause)
    assert where in found.message
    assert given.node().subject in found.concerns


def test_the_way_back_shows_the_peering_to_take() -> None:
    found = judge(routes_lead_both_ways, **abroad(there(), back(("10.8.0.0/16", PCX))))
    assert found.fix and f"--vpc-peering-connection-id {PCX}" in found.fix.commands[0]


def test_without_a_peering_that_works_it_is_for_the_network_people() -> None:
    gone = there(("10.0.0.0/16", PCX), gone=(PCX,)), back(("10.8.0.0/16", PCX), gone=(PCX,))
    found = judge(routes_lead_both_ways, **abroad(*gone))
    assert found.fix and not found.fix.commands
    assert found.fix.steps[0].by


def test_two_peerings_are_no_way_there_and_back() -> None:
    found = judge(routes_lead_both_ways, **abroad(there(("10.0.0.0/16", PCX)), back(("10.8.0.0/16", "pcx-2"))))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "route-missing")
    assert PCX in found.message and "pcx-2" in found.message
    assert found.fix and not found.fix.commands, "which of the two is the wrong one no table shows"


@pytest.mark.parametrize("other", [TGW, PCX])
def test_a_peering_there_and_a_transit_gateway_back_is_a_way(other: str) -> None:
    tables = there(("10.0.0.0/16", PCX)), back(("10.8.0.0/16", other))
    assert judge(routes_lead_both_ways, **abroad(*tables)).verdict is Verdict.PASS


def test_a_black_hole_elsewhere_is_nobodys_fault() -> None:
    tables = (
        there(("10.0.0.0/16", PCX), ("172.16.0.0/12", "pcx-2"), gone=("pcx-2",)),
        back(("10.8.0.0/16", PCX)),
    )
    assert judge(routes_lead_both_ways, **abroad(*tables)).verdict is Verdict.PASS


ENTRIES = Table({"pl-1": PrefixList("pl-1", ("10.0.0.0/20",)), "pl-2": PrefixList("pl-2", ("10.0.0.0/12",))})


@pytest.mark.parametrize(
    ("list_id", "by_list", "by_cidr", "verdict"),
    [
        ("pl-1", TGW, PCX, Verdict.PASS),
        ("pl-1", PCX, TGW, Verdict.FAIL),
        ("pl-2", TGW, PCX, Verdict.FAIL),
        ("pl-2", PCX, TGW, Verdict.PASS),
    ],
)
def test_the_longest_prefix_wins_be_it_an_entry_of_a_list_or_not(
    list_id: str, by_list: str, by_cidr: str, verdict: Verdict
) -> None:
    """PCX is gone: packets follow it into the black hole where its prefix is the longer one: /20 or /12 against /16."""
    kinds = {PCX: "vpc_peering_connection_id", TGW: "transit_gateway_id"}
    state = "blackhole" if by_list == PCX else "active"
    route = Route(destination_prefix_list_id=list_id, state=state, **{kinds[by_list]: by_list})
    mine = there(("10.0.0.0/16", by_cidr), gone=(PCX,))
    table = given.replace(mine, routes=(*mine.routes, route))
    found = judge(routes_lead_both_ways, **abroad(table, back(("10.8.0.0/16", TGW)), prefix_lists=ENTRIES))
    assert found.verdict is verdict, found.message
    assert verdict is Verdict.PASS or found.cause == "route-blackhole"


def test_a_route_by_a_prefix_list_that_was_not_read_leaves_it_unknown() -> None:
    by_list = Route(destination_prefix_list_id="pl-1", transit_gateway_id=TGW, state="active")
    table = given.replace(there(), routes=(*there().routes, by_list))
    found = judge(routes_lead_both_ways, **abroad(table, back(("10.8.0.0/16", TGW))))
    assert found.verdict is Verdict.UNKNOWN
    endpoint = Route(destination_prefix_list_id="pl-s3", gateway_id="vpce-1", state="active")
    table = given.replace(there(), routes=(*there().routes, endpoint))
    assert judge(routes_lead_both_ways, **abroad(table, back())).cause == "route-missing", "S3's endpoint is no way"


@pytest.mark.parametrize(
    "facts",
    [
        {"route_tables": given.denied("ec2:DescribeRouteTables")},
        {"route_tables": ()},
        {"subnets": Table()},
        {"instances": given.denied("ec2:DescribeInstances")},
        {"network_interfaces": Table()},
    ],
)
def test_routes_are_unknown_when_a_part_of_them_is(facts: dict[str, Any]) -> None:
    assert judge(routes_lead_both_ways, **facts).verdict is Verdict.UNKNOWN


def test_crossing_zones_is_a_remark_and_no_fault() -> None:
    far = given_network.enis(given_network.eni(availability_zone="ap-northeast-2c"))
    found = judge(routes_lead_both_ways, network_interfaces=far)
    assert found.verdict is Verdict.PASS
    assert any("across zones" in line for line in found.evidence)
    near = given_network.enis(given_network.eni(availability_zone="ap-northeast-2a"))
    assert not any("across" in line for line in judge(routes_lead_both_ways, network_interfaces=near).evidence)


def peering(status: str, owner: str = given.identity().account, region: str = given.identity().region) -> VpcPeering:
    return VpcPeering(PCX, PeeringStatus(status), PeeringSide(owner, PEER, region))


@pytest.mark.parametrize(
    ("peerings", "why", "commands", "by"),
    [
        (
            (peering("pending-acceptance"),),
            "waits to be accepted",
            (f"aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id {PCX}",),
            "",
        ),
        (
            (peering("pending-acceptance", region="eu-west-3"),),
            "waits to be accepted",
            (f"aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id {PCX} --region eu-west-3",),
            "",
        ),
        (
            (peering("pending-acceptance", owner="210987654321"),),
            "waits to be accepted",
            (),
            "whoever runs the network of account 210987654321",
        ),
        ((peering("deleted"),), "is gone", (), "whoever runs the network of both VPCs"),
        ((), "is gone, or waits to be accepted", (), "whoever runs the network of both VPCs"),
        (
            given.denied("ec2:DescribeVpcPeeringConnections"),
            "is gone, or waits to be accepted",
            (),
            "whoever runs the network of both VPCs",
        ),
    ],
)
def test_a_peering_that_waits_is_accepted_by_the_account_that_has_to(
    peerings: Any, why: str, commands: tuple[str, ...], by: str
) -> None:
    tables = there(("10.0.0.0/16", PCX), gone=(PCX,)), back(("10.8.0.0/16", PCX), gone=(PCX,))
    found = judge(routes_lead_both_ways, **abroad(*tables, vpc_peerings=peerings))
    assert found.message.endswith(f"{PCX} {why}")
    assert found.fix
    assert (found.fix.commands, found.fix.steps[0].by) == (commands, by)
