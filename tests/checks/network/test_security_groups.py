"""The security groups let every node reach port 988 of every ENI of the file system, and the further ports."""

from __future__ import annotations

from typing import Any

import pytest

from checks.network.security_groups import security_groups_admit_clients
from diag import Table, Verdict
from diag.model.finding import Finding
from diag.resources.ec2 import GroupPair, Permission, PrefixList
from diag.resources.transit_gateway import ReferenceOptions, TransitGateway, TransitNetwork
from tests.checks import given, given_network
from tests.checks.given_network import (
    ADDRESS,
    ADDRESS_2,
    ENI,
    ENI_2,
    NODE_ADDRESS,
    NODES,
    PEER,
    SG_FSX,
    SG_NODES,
    group,
    lustre,
    routes,
    rule,
)
from tests.checks.given_routes_and_acls import abroad
from tests.checks.given_security_groups import ranges

OLD = "sg-0000000000000001d"
OPEN = (rule(None, cidrs=("0.0.0.0/0",), protocol="-1"),)


def of_clients(**facts: Any) -> tuple[Finding, ...]:
    return given.findings(security_groups_admit_clients, **(given_network.network() | facts))


def with_inbound(*inbound: Permission, lists: Table[PrefixList] | None = None) -> Finding:
    """The gravest finding for a file system whose group admits exactly that."""
    facts: dict[str, Any] = {"security_groups": given_network.groups(group(SG_FSX, *inbound))}
    return of_clients(**facts, prefix_lists=lists or Table())[-1]


@pytest.mark.parametrize(
    "inbound",
    [
        lustre(SG_NODES),
        (rule(988, 1023, groups=(SG_NODES,)),),
        (rule(0, 65535, groups=(SG_NODES,)),),
        (rule(None, groups=(SG_NODES,), protocol="tcp"),),
        (rule(None, groups=(SG_NODES,), protocol="-1"),),
        (rule(-1, groups=(SG_NODES,), protocol="6"),),
        ranges("10.0.2.0/24"),
        ranges("10.0.0.0/8", "192.168.0.0/16"),
        ranges(f"{NODE_ADDRESS}/32"),
        (rule(988, groups=(SG_NODES,)), rule(1018, 1023, cidrs=("10.0.0.0/16",))),
    ],
)
def test_every_way_of_writing_the_rules_passes(inbound: tuple[Permission, ...]) -> None:
    found = with_inbound(*inbound)
    assert found.verdict is Verdict.PASS, found.message
    assert {"sg-missing-988", "sg-egress-blocked"} <= set(found.rules_out)


@pytest.mark.parametrize(
    "inbound",
    [
        (),
        (rule(1018, 1023, groups=(SG_NODES,)),),
        (rule(988, groups=(OLD,)), rule(1018, 1023, groups=(OLD,))),
        (rule(988, 1023, groups=(SG_NODES,), protocol="udp"),),
        ranges("10.0.3.0/24"),
        ranges("not a range"),
        (rule(989, 1023, groups=(SG_NODES,)),),
        lustre(SG_FSX),
    ],
)
def test_without_988_from_the_nodes_the_mount_hangs(inbound: tuple[Permission, ...]) -> None:
    found = with_inbound(*inbound)
    assert (found.verdict, found.cause) == (Verdict.FAIL, "sg-missing-988")
    assert given.node().subject in found.concerns
    assert found.fix is not None
    assert f"--group-id {SG_FSX}" in found.fix.commands[0]
    assert '"FromPort":988,"ToPort":988' in found.fix.commands[0]


def test_a_rule_by_prefix_list_counts_by_what_is_in_the_list() -> None:
    rules = (rule(988, lists=("pl-1",)), rule(1018, 1023, lists=("pl-1",)))
    holds = Table({"pl-1": PrefixList("pl-1", ("10.0.0.0/16",))})
    misses = Table({"pl-1": PrefixList("pl-1", ("10.1.0.0/16",))})
    unread: Table[PrefixList] = Table({}, {"pl-1": given.denied("ec2:GetManagedPrefixListEntries")})
    assert with_inbound(*rules, lists=holds).verdict is Verdict.PASS
    assert with_inbound(*rules, lists=misses).verdict is Verdict.FAIL
    assert with_inbound(*rules, lists=unread).verdict is Verdict.UNKNOWN
    assert with_inbound(*rules, *lustre(SG_NODES), lists=unread).verdict is Verdict.PASS, "another rule decides"
    assert with_inbound(*rules, *ranges("10.0.0.0/16"), lists=unread).verdict is Verdict.PASS, "a range decides"


@pytest.mark.parametrize("inbound", [(rule(988, groups=(SG_NODES,)),), (*ranges("10.0.2.0/24")[:1],)])
def test_988_alone_mounts_and_is_less_than_aws_documents(inbound: tuple[Permission, ...]) -> None:
    facts: dict[str, Any] = {"security_groups": given_network.groups(group(SG_FSX, *inbound))}
    passed, warned = of_clients(**facts)
    assert (passed.verdict, set(passed.rules_out)) == (Verdict.PASS, {"sg-missing-988", "sg-egress-blocked"})
    assert (warned.verdict, warned.cause) == (Verdict.WARN, "sg-lustre-rules-incomplete")
    assert "1018-1023" in warned.message


def test_one_eni_with_older_groups_is_enough() -> None:
    enis = given_network.enis(given_network.eni(), given_network.eni(ENI_2, ADDRESS_2, group=OLD))
    systems = given.table(given.file_system(network_interface_ids=(ENI, ENI_2)))
    (found,) = of_clients(
        network_interfaces=enis, file_systems=systems, security_groups=given_network.groups(group(OLD))
    )
    assert (found.verdict, found.cause) == (Verdict.FAIL, "sg-missing-988")
    assert ENI_2 in found.message
    assert ENI not in found.message.replace(ENI_2, "")


@pytest.mark.parametrize(
    ("egress", "opens"),
    [
        ((), False),
        ((rule(443, cidrs=("0.0.0.0/0",)),), False),
        (lustre(OLD), False),
        (lustre(SG_FSX), True),
        (ranges(f"{ADDRESS}/32"), True),
        (OPEN, True),
    ],
)
def test_the_nodes_groups_must_let_988_out(egress: tuple[Permission, ...], opens: bool) -> None:
    nodes = group(SG_NODES, *lustre(SG_FSX), egress=egress)
    (found,) = of_clients(security_groups=given_network.groups(nodes))
    assert found.verdict is (Verdict.PASS if opens else Verdict.FAIL)
    assert opens or found.cause == "sg-egress-blocked"


def test_what_aws_documents_on_the_nodes_side_is_told_and_no_warning() -> None:
    (found,) = of_clients(security_groups=given_network.groups(group(SG_NODES)))
    assert found.verdict is Verdict.PASS
    assert any(f"{SG_NODES} lacks tcp 988 inbound from {SG_FSX}" in line for line in found.evidence)


def test_only_nodes_that_mount_the_file_system_count() -> None:
    stranger = given.node("node-b")
    foreign = given_network.instance(stranger, "10.0.9.9", group=OLD)
    facts = {
        "nodes": (given.node(), stranger),
        "instances": given_network.instances(given_network.instance(given.node()), foreign),
        "security_groups": given_network.groups(group(OLD)),
    }
    (found,) = of_clients(**facts)
    assert found.verdict is Verdict.PASS
    other = given.volume("other-pv", "fs-0b7e1c2d3f4a5b6c7", claim="other-pvc")
    (still,) = of_clients(
        **facts,
        persistent_volumes=(given.volume(), other),
        claims=(given.claim(), given.claim("other-pvc", "other-pv")),
        pods=(given.pod(), given.pod("other", node="node-b", claims=("other-pvc",))),
    )
    assert still.verdict is Verdict.PASS, "node-b mounts another file system"


def test_each_node_group_is_judged_by_its_own_groups() -> None:
    second = given.node("node-b")
    facts = {
        "nodes": (given.node(), second),
        "pods": (given.pod(), given.pod("second", node="node-b")),
        "instances": given_network.instances(
            given_network.instance(given.node()), given_network.instance(second, "10.0.9.9", group=OLD)
        ),
        "security_groups": given_network.groups(group(OLD)),
    }
    found = of_clients(**facts)
    assert sorted(finding.verdict.value for finding in found) == ["fail", "pass"]
    (failed,) = (finding for finding in found if finding.verdict is Verdict.FAIL)
    assert second.subject in failed.concerns
    assert given.node().subject not in failed.concerns


def test_ranges_count_for_each_address_of_the_nodes() -> None:
    second = given.node("node-b")
    facts: dict[str, Any] = {
        "nodes": (given.node(), second),
        "pods": (given.pod(), given.pod("second", node="node-b")),
        "instances": given_network.instances(
            given_network.instance(given.node()), given_network.instance(second, "10.0.2.200")
        ),
    }
    half = given_network.groups(group(SG_FSX, *ranges("10.0.2.0/25")))
    both = given_network.groups(group(SG_FSX, *ranges("10.0.2.0/25", "10.0.2.128/25")))
    assert of_clients(**facts, security_groups=half)[0].verdict is Verdict.FAIL
    assert of_clients(**facts, security_groups=both)[0].verdict is Verdict.PASS


@pytest.mark.parametrize("lifecycle", ["CREATING", "DELETING", "FAILED"])
def test_a_file_system_without_servers_has_no_groups_to_judge(lifecycle: str) -> None:
    systems = given.table(given.file_system(lifecycle=lifecycle, network_interface_ids=()))
    (found,) = of_clients(file_systems=systems)
    assert found.verdict is Verdict.SKIP


@pytest.mark.parametrize(
    "facts",
    [
        {"network_interfaces": given.denied("ec2:DescribeNetworkInterfaces")},
        {"network_interfaces": Table()},
        {"security_groups": given.denied("ec2:DescribeSecurityGroups")},
        {"security_groups": Table()},
        {"instances": given.denied("ec2:DescribeInstances")},
        {"instances": Table()},
    ],
)
def test_what_cannot_be_read_leaves_it_unknown(facts: dict[str, Any]) -> None:
    (found,) = of_clients(**facts)
    assert found.verdict is Verdict.UNKNOWN


def test_groups_of_a_failed_file_system_are_judged_while_its_enis_are_there() -> None:
    failed = given.table(given.file_system(lifecycle="FAILED"))
    shut = given_network.groups(group(SG_FSX))
    (found,) = of_clients(file_systems=failed, security_groups=shut)
    assert found.cause == "sg-missing-988"
    (gone,) = of_clients(file_systems=failed, security_groups=shut, network_interfaces=Table())
    assert gone.verdict is Verdict.SKIP


def test_another_type_of_file_system_needs_no_lustre_rules() -> None:
    ontap = given.table(given.file_system(file_system_type="ONTAP", lustre_configuration=None))
    (found,) = of_clients(file_systems=ontap, security_groups=given_network.groups(group(SG_FSX)))
    assert found.verdict is Verdict.SKIP


def test_a_file_system_that_serves_without_an_eni_is_unknown() -> None:
    (found,) = of_clients(file_systems=given.table(given.file_system(network_interface_ids=())))
    assert found.verdict is Verdict.UNKNOWN


FIREWALL, PCX, TGW = "vpce-0123456789abcdef0", "pcx-0123456789abcdef0", "tgw-0123456789abcdef0"
LOCAL = ("10.0.0.0/16", "local")
BY_GROUP, BY_RANGE = group(SG_FSX, *lustre(SG_NODES)), group(SG_FSX, *ranges("10.0.2.0/24"))
APART = group(SG_FSX, *ranges("10.8.2.0/24"))


def through(target: str) -> dict[str, Any]:
    """Nodes of the same VPC whose packets to the servers' subnet go to a firewall or appliance first."""
    own = routes(LOCAL, ("10.0.1.0/24", target), id="rtb-nodes", subnet=NODES)
    return {"route_tables": (own, routes(LOCAL, id="rtb-main"))}


def across(target: str) -> dict[str, Any]:
    """Nodes of another VPC."""
    tables = (
        routes(("10.8.0.0/16", "local"), ("10.0.0.0/16", target), id="rtb-nodes", subnet=NODES, vpc=PEER),
        routes(LOCAL, ("10.8.0.0/16", target), id="rtb-main"),
    )
    return abroad(*tables)


@pytest.mark.parametrize("target", [FIREWALL, "eni-0fffffffffffffff0"])
def test_a_reference_to_a_group_ends_at_a_firewall_or_appliance(target: str) -> None:
    (found,) = of_clients(**through(target), security_groups=given_network.groups(BY_GROUP))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "sg-missing-988")
    assert target in found.message and "does not count" in found.message
    assert found.fix is not None and '"CidrIp":"10.0.2.0/24"' in found.fix.commands[0]
    assert "UserIdGroupPairs" not in found.fix.commands[0]
    by_range = of_clients(**through(target), security_groups=given_network.groups(BY_RANGE))
    assert by_range[0].verdict is Verdict.PASS
    (unread,) = of_clients(**through(target) | {"route_tables": given.denied("ec2:DescribeRouteTables")})
    assert unread.verdict is Verdict.PASS, "inside a VPC the local route is the rule"


def test_inside_one_subnet_no_route_table_is_asked() -> None:
    """A table that several subnets share has the route to a firewall for each of them."""
    here = (given_network.eni(subnet_id=NODES),)
    table = routes(LOCAL, ("10.0.2.0/24", FIREWALL), ("10.0.1.0/24", FIREWALL), id="rtb-main")
    facts = {"route_tables": (table,), "security_groups": given_network.groups(BY_GROUP)}
    assert of_clients(**facts)[0].verdict is Verdict.FAIL
    assert of_clients(**facts, network_interfaces=given_network.enis(*here))[0].verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("status", "verdict"),
    [("active", Verdict.PASS), ("", Verdict.PASS)]
    + [
        (name, Verdict.FAIL)
        for name in ("failed", "pending-acceptance", "provisioning", "deleting", "deleted", "expired")
    ],
)
def test_a_reference_over_a_peering_holds_only_while_that_is_active(status: str, verdict: Verdict) -> None:
    pair = GroupPair(SG_NODES, vpc_id=PEER, vpc_peering_connection_id=PCX, peering_status=status)
    rules = tuple(given.replace(one, user_id_group_pairs=(pair,)) for one in lustre(SG_NODES))
    found = of_clients(**across(PCX), security_groups=given_network.groups(group(SG_FSX, *rules)))
    assert found[0].verdict is verdict


def test_a_reference_over_a_transit_gateway_may_hold() -> None:
    (found,) = of_clients(**across(TGW), security_groups=given_network.groups(BY_GROUP))
    assert found.verdict is Verdict.UNKNOWN and "whether it passes references on was not seen" in found.message
    assert of_clients(**across(TGW), security_groups=given_network.groups(APART))[0].verdict is Verdict.PASS
    unread = across(TGW) | {"route_tables": given.denied("ec2:DescribeRouteTables")}
    assert of_clients(**unread, security_groups=given_network.groups(BY_GROUP))[0].verdict is Verdict.UNKNOWN


def to_group(over: str, **hub: Any) -> Finding:
    """Nodes of another VPC whose only way out is a rule that names the file system's group."""
    out = given_network.groups(APART, group(SG_NODES, *lustre(SG_FSX), egress=lustre(SG_FSX)))
    return of_clients(**across(over) | hub, security_groups=out)[0]


def test_over_a_transit_gateway_outbound_rules_cannot_name_a_group() -> None:
    gateway = TransitGateway(TGW, options=ReferenceOptions("enable"))
    for hub in ({}, {"transit_network": TransitNetwork(gateways=(gateway,))}):
        found = to_group(TGW, **hub)
        assert (found.verdict, found.cause) == (Verdict.FAIL, "sg-egress-blocked")
        assert f"does not count over {TGW} in outbound rules" in found.message
        assert found.fix is not None and '"CidrIp":"10.0.1.0/24"' in found.fix.commands[0]
    assert to_group(PCX).verdict is Verdict.PASS


@pytest.mark.parametrize("target", [PCX, TGW])
def test_for_nodes_of_another_vpc_the_fix_names_their_range(target: str) -> None:
    shut = given_network.groups(group(SG_FSX), group(SG_NODES, egress=()))
    (found,) = of_clients(**across(target), security_groups=shut)
    assert found.verdict is Verdict.FAIL and found.fix is not None
    assert '"CidrIp":"10.8.2.0/24"' in found.fix.commands[0]
    between = [command for command in found.fix.commands if SG_NODES in command]
    assert not [command for command in between if "UserIdGroupPairs" in command]


def test_a_range_that_is_not_known_is_for_a_person_to_fill_in() -> None:
    shut = given_network.groups(group(SG_FSX))
    (found,) = of_clients(**across(TGW) | {"subnets": given.denied("ec2:DescribeSubnets")}, security_groups=shut)
    assert found.fix is not None and "<cidr>" in found.fix.commands[0]
