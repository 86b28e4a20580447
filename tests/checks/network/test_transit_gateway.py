"""Transit gateways between the nodes' VPC and the file system's, and the rules by group that they pass on."""

from __future__ import annotations

from typing import Any

import pytest

from checks.network.network_acls import network_acls_pass_lustre
from checks.network.security_groups import security_groups_admit_clients
from checks.network.transit_gateway import gateways_pass_both_ways
from diag import Table, Verdict
from diag.model.finding import Finding
from diag.resources.ec2 import Subnet
from diag.resources.transit_gateway import (
    Attachment,
    GatewayRoute,
    GatewayTable,
    ReferenceOptions,
    RouteAttachment,
    TableAssociation,
    TransitGateway,
    TransitNetwork,
    VpcAttachment,
)
from tests.checks import given, given_network
from tests.checks.given_network import NODES, PEER, SERVERS, VPC, routes
from tests.checks.given_routes_and_acls import abroad, judge

TGW, TABLE_NODES, TABLE_SERVERS = "tgw-0123456789abcdef0", "tgw-rtb-0aaaaaaaaaaaaaaaa", "tgw-rtb-0bbbbbbbbbbbbbbbb"
NEAR, FAR = "tgw-attach-0aaaaaaaaaaaaaaaa", "tgw-attach-0bbbbbbbbbbbbbbbb"
ACCOUNT = given.identity().account
TABLES = (
    routes(("10.8.0.0/16", "local"), ("10.0.0.0/16", TGW), id="rtb-nodes", subnet=NODES, vpc=PEER),
    routes(("10.0.0.0/16", "local"), ("10.8.0.0/16", TGW), id="rtb-servers"),
)


def to(vpc: str, cidr: str, state: str = "active", kind: str = "vpc") -> GatewayRoute:
    return GatewayRoute(cidr, state=state, transit_gateway_attachments=(RouteAttachment(vpc, kind),))


def attachment(id: str, vpc: str, table: str, state: str = "available", owner: str = ACCOUNT) -> Attachment:
    association = TableAssociation(table, "associated" if table else "")
    return Attachment(id, TGW, owner, vpc, "vpc", state, association)


def hub(**changed: Any) -> TransitNetwork:
    usual: dict[str, Any] = {
        "gateways": (TransitGateway(TGW, ACCOUNT),),
        "attachments": (attachment(NEAR, PEER, TABLE_NODES), attachment(FAR, VPC, TABLE_SERVERS)),
        "vpc_attachments": (VpcAttachment(NEAR, (NODES,)), VpcAttachment(FAR, (SERVERS,))),
        "tables": Table(
            {
                TABLE_NODES: GatewayTable((to(VPC, "10.0.0.0/16"),)),
                TABLE_SERVERS: GatewayTable((to(PEER, "10.8.0.0/16"),)),
            }
        ),
    }
    return TransitNetwork(**(usual | changed))


def tables(nodes: GatewayTable, servers: GatewayTable | None = None) -> Table[GatewayTable]:
    return Table({TABLE_NODES: nodes, TABLE_SERVERS: servers or GatewayTable((to(PEER, "10.8.0.0/16"),))})


def found(network: Any = None, **facts: Any) -> Finding:
    return judge(gateways_pass_both_ways, **abroad(*TABLES, transit_network=network or hub(), **facts))


def test_a_gateway_that_leads_both_ways_passes() -> None:
    judged = found()
    assert judged.verdict is Verdict.PASS
    assert f"from {PEER} on to {VPC}" in judged.message and f"from {VPC} on to {PEER}" in judged.message


def test_without_a_gateway_on_the_way_nothing_is_judged() -> None:
    assert judge(gateways_pass_both_ways).verdict is Verdict.SKIP
    tables = (routes(("10.0.0.0/16", "pcx-1"), id="rtb-nodes", subnet=NODES, vpc=PEER), TABLES[1])
    only_back = judge(gateways_pass_both_ways, **abroad(*tables, transit_network=hub()))
    assert only_back.verdict is Verdict.PASS, "the answers take the gateway"


@pytest.mark.parametrize(
    ("network", "cause", "says"),
    [
        (hub(tables=tables(GatewayTable())), "route-missing", f"{TABLE_NODES} has no route to 10.0.1.67"),
        (
            hub(tables=tables(GatewayTable((to(VPC, "10.0.0.0/16"),)), GatewayTable())),
            "route-missing",
            f"{TABLE_SERVERS} has no route to 10.8.2.4",
        ),
        (hub(tables=tables(GatewayTable((to(VPC, "10.0.0.0/16", "blackhole"),)))), "route-blackhole", "drops packets"),
        (
            hub(tables=tables(GatewayTable((to(VPC, "10.0.0.0/16"), to("", "10.0.1.0/24", "blackhole"))))),
            "route-blackhole",
            "drops packets for 10.0.1.0/24",
        ),
        (hub(tables=tables(GatewayTable((to("vpc-3", "10.0.0.0/16"),)))), "route-missing", "to vpc-3"),
        (hub(attachments=hub().attachments[1:]), "route-missing", f"{PEER} has no attachment to it"),
        (
            hub(attachments=(attachment(NEAR, PEER, TABLE_NODES, "pendingAcceptance"), hub().attachments[1])),
            "route-blackhole",
            "waits to be accepted",
        ),
        (
            hub(attachments=(hub().attachments[0], attachment(FAR, VPC, TABLE_SERVERS, "deleting"))),
            "route-blackhole",
            f"{FAR} of {VPC} is deleting",
        ),
        (
            hub(attachments=(attachment(NEAR, PEER, ""), hub().attachments[1])),
            "route-missing",
            "associated with no route table",
        ),
        (
            hub(
                attachments=(
                    given.replace(attachment(NEAR, PEER, ""), association=TableAssociation(TABLE_NODES, "associating")),
                    hub().attachments[1],
                )
            ),
            "route-missing",
            f"{PEER} is associating with its route table",
        ),
    ],
)
def test_what_a_gateway_does_not_pass_on_fails(network: TransitNetwork, cause: str, says: str) -> None:
    judged = found(network)
    assert (judged.verdict, judged.cause) == (Verdict.FAIL, cause)
    assert says in judged.message
    assert given.node().subject in judged.concerns
    assert judged.fix is not None and judged.fix.steps


def test_a_route_that_is_missing_is_made_to_the_far_attachment_and_taken_back() -> None:
    judged = found(hub(tables=tables(GatewayTable())))
    assert judged.fix is not None
    which = f"--transit-gateway-route-table-id {TABLE_NODES} --destination-cidr-block 10.0.1.0/24"
    command = f"aws ec2 create-transit-gateway-route {which} --transit-gateway-attachment-id {FAR}"
    assert judged.fix.commands == (command,)
    assert judged.fix.undo == f"aws ec2 delete-transit-gateway-route {which}"


def test_an_attachment_takes_packets_only_in_zones_where_it_has_a_subnet() -> None:
    subnets = {SERVERS: Subnet(SERVERS, VPC, "10.0.1.0/24", "z-a"), NODES: Subnet(NODES, PEER, "10.8.2.0/24", "z-a")}
    facts = {"subnets": Table(subnets)}
    elsewhere = hub(zones={NODES: "z-b", SERVERS: "z-a"})
    judged = found(elsewhere, **facts)
    assert (judged.verdict, judged.cause) == (Verdict.FAIL, "route-missing")
    assert "has no subnet in z-a" in judged.message
    assert judged.fix and judged.fix.commands[0].endswith(f"--add-subnet-ids {NODES}")
    assert found(hub(zones={NODES: "z-a", SERVERS: "z-a"}), **facts).verdict is Verdict.PASS
    assert found(hub(zones={SERVERS: "z-a"}), **facts).verdict is Verdict.PASS, "the zone was not read"


@pytest.mark.parametrize(
    "network",
    [
        given.denied("ec2:SearchTransitGatewayRoutes"),
        hub(tables=Table({}, {TABLE_NODES: given.denied("ec2:SearchTransitGatewayRoutes")})),
        hub(attachments=(attachment(NEAR, PEER, "", owner="210987654321"), hub().attachments[1])),
        hub(tables=tables(GatewayTable((), is_whole=False))),
        hub(tables=tables(GatewayTable((to("tgw-0fedcba9876543210", "10.0.0.0/8", kind="peering"),)))),
    ],
)
def test_what_could_not_be_seen_of_it_is_unknown(network: Any) -> None:
    assert found(network).verdict is Verdict.UNKNOWN


ON, OFF = ReferenceOptions("enable"), ReferenceOptions("disable")


@pytest.mark.parametrize(
    ("gateway", "near", "verdict"),
    [(ON, ON, Verdict.PASS), (OFF, ON, Verdict.FAIL), (ON, OFF, Verdict.FAIL), (ReferenceOptions(), ON, Verdict.FAIL)],
)
def test_a_rule_by_group_counts_where_gateway_and_attachments_pass_it_on(
    gateway: ReferenceOptions, near: ReferenceOptions, verdict: Verdict
) -> None:
    vpcs = (VpcAttachment(NEAR, (NODES,), near), VpcAttachment(FAR, (SERVERS,), ON))
    network = hub(gateways=(TransitGateway(TGW, ACCOUNT, gateway),), vpc_attachments=vpcs)
    (judged, *_) = given.findings(
        security_groups_admit_clients, **(given_network.network() | abroad(*TABLES, transit_network=network))
    )
    assert judged.verdict is verdict
    assert verdict is Verdict.PASS or TGW in judged.message


def test_a_rule_by_group_over_a_gateway_that_was_not_read_is_unknown() -> None:
    unread = abroad(*TABLES, transit_network=given.denied("ec2:DescribeTransitGateways"))
    (judged, *_) = given.findings(security_groups_admit_clients, **(given_network.network() | unread))
    assert judged.verdict is Verdict.UNKNOWN


AT_NODES, AT_SERVERS = "subnet-0ccccccccccccccc1", "subnet-0ccccccccccccccc2"
ALL = ((100, "in", "allow", "-1", 0, 65535, "0.0.0.0/0"), (100, "out", "allow", "-1", 0, 65535, "0.0.0.0/0"))
APART = (VpcAttachment(NEAR, (AT_NODES,)), VpcAttachment(FAR, (AT_SERVERS,)))


def guarded(near: Any = ALL, far: Any = ALL, attachments: Any = APART, tables: Any = TABLES) -> Finding:
    """Gateways with subnets of their own, and what the ACLs of those have."""
    acls = (
        *(given_network.open_acl(id) for id in (NODES, SERVERS)),
        given_network.acl(*near, id="acl-near", subnet=AT_NODES),
        given_network.acl(*far, id="acl-far", subnet=AT_SERVERS),
    )
    facts = abroad(*tables, transit_network=hub(vpc_attachments=attachments), network_acls=acls)
    return judge(network_acls_pass_lustre, **facts)


IN, OUT = ALL
BY_PEERING = (
    routes(("10.8.0.0/16", "local"), ("10.0.0.0/16", "pcx-1"), id="rtb-nodes", subnet=NODES, vpc=PEER),
    routes(("10.0.0.0/16", "local"), ("10.8.0.0/16", "pcx-1"), id="rtb-servers"),
)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"near": (OUT,)}, "acl-near of subnet-0ccccccccccccccc1 does not let tcp 988 in from 10.8.2.4"),
        ({"near": (IN, (100, "out", "allow", "6", 1024, 65535, "0.0.0.0/0"))}, "acl-near"),
        ({"far": ((100, "in", "allow", "6", 1024, 65535, "0.0.0.0/0"), OUT)}, "answers to tcp 1018-1023"),
        ({"far": (IN, (100, "out", "deny", "-1", 0, 65535, "10.0.1.0/24"), (101, *OUT[1:]))}, "acl-far"),
    ],
)
def test_the_acl_of_a_gateways_own_subnet_counts_by_the_end_in_its_vpc(facts: dict[str, Any], says: str) -> None:
    finding = guarded(**facts)
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "nacl-blocks-lustre") and says in finding.message
    assert finding.fix is not None and "create-network-acl-entry" in finding.fix.commands[0]


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"near": (IN, (100, "out", "allow", "6", 1018, 1023, "10.8.2.0/24"))},
        {"far": ((1, "in", "allow", "6", 1018, 1023, "10.0.1.0/24"), (1, "out", "allow", "6", 988, 988, "10.0.0.0/8"))},
        {"near": (), "attachments": (VpcAttachment(NEAR, (NODES,)), VpcAttachment(FAR, (AT_SERVERS,)))},
        {"near": (), "attachments": (VpcAttachment(NEAR, (AT_NODES, "subnet-unseen")), APART[1])},
        {"near": (), "far": (), "attachments": ()},
        {"near": (), "tables": BY_PEERING},
    ],
)  # fmt: skip
def test_an_acl_that_lets_those_packets_through_or_guards_another_way_is_no_fault(facts: dict[str, Any]) -> None:
    assert guarded(**facts).verdict is Verdict.PASS


def test_without_sight_of_the_gateway_the_ends_alone_are_judged() -> None:
    acls = (given_network.open_acl(NODES), given_network.open_acl(SERVERS))
    facts = abroad(*TABLES, transit_network=given.denied("ec2:DescribeTransitGateways"), network_acls=acls)
    assert judge(network_acls_pass_lustre, **facts).verdict is Verdict.PASS
