"""Network ACLs of the nodes' and the file servers' subnets."""

from __future__ import annotations

from typing import Any

import pytest

from checks.network.network_acls import network_acls_pass_lustre
from diag import Table, Verdict
from diag.model.finding import Finding
from diag.model.fix import StepKind
from diag.resources.ec2 import NetworkAcl
from tests.checks import given, given_network
from tests.checks.given_network import NODES, SERVERS, acl, open_acl

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
def test_the_usual_entry_for_answers_drops_those_to_lustres_ports_and_fails(
    servers: NetworkAcl, nodes: NetworkAcl
) -> None:
    (found,) = of_acls(servers, nodes)
    assert (found.verdict, found.cause) == (Verdict.FAIL, "nacl-blocks-lustre")
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


def test_answers_to_the_first_port_alone_only_warn() -> None:
    narrow = acl(ALL_IN, (90, "out", "allow", "6", 1023, 1023, ANY), subnet=SERVERS)
    (found,) = of_acls(narrow, open_acl(NODES))
    assert (found.verdict, found.cause) == (Verdict.WARN, "nacl-blocks-lustre")


@pytest.mark.parametrize(
    ("servers", "nodes", "where"),
    [
        (
            acl(ALL_IN, (90, "out", "allow", "6", 1018, 1023, ANY), subnet=SERVERS),
            open_acl(NODES),
            "does not let tcp 988 out to the nodes",
        ),
        (
            open_acl(SERVERS),
            acl(ALL_OUT, (90, "in", "allow", "6", 1018, 1023, ANY), subnet=NODES),
            "does not let tcp 988 in from it",
        ),
    ],
)
def test_servers_that_cannot_call_back_on_988_are_a_remark(servers: NetworkAcl, nodes: NetworkAcl, where: str) -> None:
    (found,) = of_acls(servers, nodes)
    assert found.verdict is Verdict.PASS and any(where in line for line in found.evidence)
    (open_both,) = of_acls(open_acl(SERVERS), open_acl(NODES))
    assert open_both.evidence == ()


def test_a_deny_of_the_first_number_is_made_again_behind_and_its_number_taken() -> None:
    servers = acl((1, "in", "deny", "6", 0, 1023, ANY), (2, "in", "allow", "6", 443, 443, ANY), ALL_IN, ALL_OUT,
                  subnet=SERVERS)  # fmt: skip
    (told,) = of_acls(servers, open_acl(NODES))
    assert told.fix is not None
    again, taking = told.fix.commands
    assert "create-network-acl-entry" in again and "--rule-number 3 " in again
    assert "From=0,To=1023" in again and "--rule-action deny" in again
    assert "replace-network-acl-entry" in taking and "--rule-number 1 " in taking and "From=988,To=988" in taking
    back = [step.argv[2] for step in told.fix.steps if step.kind is StepKind.UNDO]
    assert back == ["delete-network-acl-entry", "replace-network-acl-entry"]
