"""routes, network-acls, network-interfaces, source-port: the way between nodes and file servers."""

from __future__ import annotations

from typing import Any

import pytest

from checks.network.network_acls import network_acls_pass_lustre
from checks.network.network_interfaces import interfaces_are_in_use
from checks.network.routes import routes_lead_both_ways
from checks.network.source_port import source_port_stays
from diag import Table, Verdict
from diag.declare.check import Check
from diag.model.finding import Finding
from diag.resources.ec2 import NetworkAcl, Route, RouteTable, Subnet
from diag.resources.eks import SourceNat
from tests.checks import given, given_network
from tests.checks.given_network import ENI, ENI_2, NODES, PEER, SERVERS, VPC, acl, open_acl, routes

# The file system stays in 10.0.0.0/16; the nodes move to a VPC of their own.
ABROAD = "10.8.2.4"
PCX, TGW = "pcx-1", "tgw-1"
WAITING = {"pods": (given.pod(phase="Pending"), given.plugin_pod())}


def judge(check: Check, **facts: Any) -> Finding:
    (finding,) = given.findings(check, **(given_network.network() | facts))
    return finding


def abroad(*tables: RouteTable, **facts: Any) -> dict[str, Any]:
    """Nodes in another VPC."""
    return {
        "instances": given_network.instances(given_network.instance(given.node(), ABROAD, vpc_id=PEER)),
        "subnets": Table({SERVERS: Subnet(SERVERS, VPC, "10.0.1.0/24"), NODES: Subnet(NODES, PEER, "10.8.2.0/24")}),
        "route_tables": tables,
        **facts,
    }


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


def test_a_black_hole_elsewhere_is_nobodys_fault() -> None:
    tables = (
        there(("10.0.0.0/16", PCX), ("172.16.0.0/12", "pcx-2"), gone=("pcx-2",)),
        back(("10.8.0.0/16", PCX)),
    )
    assert judge(routes_lead_both_ways, **abroad(*tables)).verdict is Verdict.PASS


def test_a_route_by_prefix_list_leaves_it_unknown() -> None:
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


ANY = "0.0.0.0/0"
ALL_OUT = (100, "out", "allow", "-1", 0, 65535, ANY)
ALL_IN = (100, "in", "allow", "-1", 0, 65535, ANY)


def of_acls(*acls: NetworkAcl, **facts: Any) -> tuple[Finding, ...]:
    return given.findings(network_acls_pass_lustre, **(given_network.network() | {"network_acls": acls} | facts))


@pytest.mark.parametrize(
    "servers",
    [
        open_acl(SERVERS),
        acl(
            (90, "in", "allow", "6", 988, 988, "10.0.2.0/24"),
            (90, "out", "allow", "6", 1018, 1023, ANY),
            subnet=SERVERS,
        ),
        acl((90, "in", "allow", "6", 512, 1023, ANY), (90, "out", "allow", "6", 512, 65535, ANY), subnet=SERVERS),
        acl(ALL_IN, ALL_OUT, (200, "in", "deny", "6", 0, 65535, ANY), subnet=SERVERS),
        acl((32767, "in", "deny", "-1", 0, 65535, ANY), ALL_IN, ALL_OUT, subnet=SERVERS),
        acl((10, "in", "deny", "17", 0, 65535, ANY), ALL_IN, ALL_OUT, subnet=SERVERS),
        acl((10, "in", "deny", "6", 0, 65535, "10.0.3.0/24"), ALL_IN, ALL_OUT, subnet=SERVERS),
    ],
)
def test_acls_that_let_988_there_and_the_answers_back_pass(servers: NetworkAcl) -> None:
    (found,) = of_acls(servers, open_acl(NODES))
    assert found.verdict is Verdict.PASS, found.message
    assert "nacl-blocks-lustre" in found.rules_out


@pytest.mark.parametrize(
    ("servers", "nodes"),
    [
        (acl(ALL_OUT, subnet=SERVERS), open_acl(NODES)),
        (acl((50, "in", "deny", "6", 0, 1023, ANY), ALL_IN, ALL_OUT, subnet=SERVERS), open_acl(NODES)),
        (acl((90, "in", "allow", "6", 988, 988, "10.9.0.0/16"), ALL_OUT, subnet=SERVERS), open_acl(NODES)),
        (open_acl(SERVERS), acl(ALL_IN, (90, "out", "allow", "6", 443, 443, ANY), subnet=NODES)),
    ],
)
def test_a_request_that_is_not_let_through_fails(servers: NetworkAcl, nodes: NetworkAcl) -> None:
    (found,) = of_acls(servers, nodes)
    assert (found.verdict, found.cause) == (Verdict.FAIL, "nacl-blocks-lustre")
    assert given.node().subject in found.concerns


@pytest.mark.parametrize(
    ("servers", "nodes"),
    [
        (acl(ALL_IN, (90, "out", "allow", "6", 1024, 65535, ANY), subnet=SERVERS), open_acl(NODES)),
        (open_acl(SERVERS), acl(ALL_OUT, (90, "in", "allow", "6", 1024, 65535, ANY), subnet=NODES)),
    ],
)
def test_the_usual_entry_for_answers_does_not_hold_lustres_ports_which_only_warns(
    servers: NetworkAcl, nodes: NetworkAcl
) -> None:
    (found,) = of_acls(servers, nodes)
    assert (found.verdict, found.cause) == (Verdict.WARN, "nacl-blocks-lustre")
    assert "1018-1023" in found.message
    assert found.fix is not None
    assert "From=512,To=1023" in found.fix.commands[0]


def test_inside_one_subnet_no_acl_applies() -> None:
    same = given_network.instances(given_network.instance(given.node(), subnet_id=SERVERS))
    (found,) = of_acls(acl(subnet=SERVERS), instances=same)
    assert found.verdict is Verdict.SKIP


def test_each_node_counts_not_only_the_first() -> None:
    second = given.node("node-b")
    facts: dict[str, Any] = {
        "nodes": (given.node(), second),
        "pods": (given.pod(), given.pod("second", node="node-b")),
        "instances": given_network.instances(
            given_network.instance(given.node()), given_network.instance(second, "10.0.2.77")
        ),
    }
    shut = acl((10, "in", "deny", "6", 988, 988, "10.0.2.77/32"), ALL_IN, ALL_OUT, subnet=SERVERS)
    (found,) = of_acls(shut, open_acl(NODES), **facts)
    assert found.verdict is Verdict.FAIL
    assert "10.0.2.77" in found.message or "10.0.2.4" in found.message


@pytest.mark.parametrize(
    "facts",
    [{"network_acls": given.denied("ec2:DescribeNetworkAcls")}, {"network_acls": ()}, {"network_interfaces": Table()}],
)
def test_acls_are_unknown_when_a_part_of_them_is(facts: dict[str, Any]) -> None:
    (found,) = given.findings(network_acls_pass_lustre, **(given_network.network() | facts))
    assert found.verdict is Verdict.UNKNOWN


def of_enis(*items: Any, **facts: Any) -> Finding:
    systems = given.table(given.file_system(network_interface_ids=(ENI, ENI_2)))
    return judge(
        interfaces_are_in_use, file_systems=systems, **({"network_interfaces": given_network.enis(*items)} | facts)
    )


def test_enis_in_use_pass() -> None:
    assert of_enis(given_network.eni(), given_network.eni(ENI_2)).verdict is Verdict.PASS


def test_an_eni_that_is_detached_fails() -> None:
    found = of_enis(given_network.eni(), given_network.eni(ENI_2, status="available"))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "eni-not-in-use")
    assert ENI_2 in found.message


def test_an_eni_that_ec2_no_longer_has_fails_and_one_that_was_not_read_does_not() -> None:
    from diag import Reason, Unavailable

    gone = Table({ENI: given_network.eni()}, {ENI_2: Unavailable(ENI_2, Reason.ABSENT, "EC2 has no such object")})
    assert of_enis(network_interfaces=gone).cause == "eni-not-in-use"
    garbled = Table({ENI: given_network.eni()}, {ENI_2: Unavailable(ENI_2, Reason.GARBLED)})
    assert of_enis(network_interfaces=garbled).verdict is Verdict.UNKNOWN
    assert of_enis(network_interfaces=given.denied("ec2:DescribeNetworkInterfaces")).verdict is Verdict.UNKNOWN
    none = given.table(given.file_system(network_interface_ids=()))
    assert judge(interfaces_are_in_use, file_systems=none).verdict is Verdict.UNKNOWN


def test_inside_the_vpc_nothing_is_translated() -> None:
    found = judge(source_port_stays, **WAITING)
    assert found.verdict is Verdict.PASS
    assert "source-port-rewritten-snat" in found.rules_out


@pytest.mark.parametrize("randomize", ["prng", "hashrandom"])
def test_from_another_vpc_the_cni_chooses_the_ports_which_only_warns(randomize: str) -> None:
    found = judge(source_port_stays, **abroad(source_nat=SourceNat(randomize=randomize)), **WAITING)
    assert (found.verdict, found.cause) == (Verdict.WARN, "source-port-rewritten-snat")


@pytest.mark.parametrize("nat", [SourceNat(external=True), SourceNat(randomize="none")])
def test_settings_that_keep_the_port_pass(nat: SourceNat) -> None:
    assert judge(source_port_stays, **abroad(source_nat=nat), **WAITING).verdict is Verdict.PASS


def test_a_mounted_volume_shows_that_the_servers_take_the_ports() -> None:
    found = judge(source_port_stays, **abroad())
    assert (found.verdict, found.rules_out) == (Verdict.PASS, ())


def test_ranges_that_are_excluded_are_not_known() -> None:
    assert judge(source_port_stays, **abroad(source_nat=SourceNat(excludes_ranges=True)), **WAITING).verdict is (
        Verdict.SKIP
    )
    denied = given.denied("list daemonsets")
    assert judge(source_port_stays, **abroad(source_nat=denied), **WAITING).verdict is Verdict.UNKNOWN


def test_what_another_network_plugin_translates_is_not_asked() -> None:
    from diag import Reason, Unavailable

    other = Unavailable("DaemonSet kube-system/aws-node", Reason.ABSENT)
    assert judge(source_port_stays, **abroad(source_nat=other), **WAITING).verdict is Verdict.SKIP
    assert judge(source_port_stays, source_nat=other).verdict is Verdict.PASS


def test_crossing_zones_is_a_remark_and_no_fault() -> None:
    far = given_network.enis(given_network.eni(availability_zone="ap-northeast-2c"))
    found = judge(routes_lead_both_ways, network_interfaces=far)
    assert found.verdict is Verdict.PASS
    assert any("across zones" in line for line in found.evidence)
    near = given_network.enis(given_network.eni(availability_zone="ap-northeast-2a"))
    assert not any("across" in line for line in judge(routes_lead_both_ways, network_interfaces=near).evidence)
