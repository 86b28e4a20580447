"""The file system's own servers may talk to each other on ports 988 and 1018-1023."""

from __future__ import annotations

from typing import Any

import pytest

from checks.network.security_groups_self import security_groups_admit_servers
from diag import Verdict
from diag.model.finding import Finding
from diag.resources.ec2 import Permission
from tests.checks import given, given_network
from tests.checks.given_network import (
    SG_FSX,
    SG_NODES,
    group,
    lustre,
    rule,
)
from tests.checks.given_security_groups import ranges

TO_SELF = lustre(SG_FSX)


def of_servers(*inbound: Permission, **facts: Any) -> Finding:
    usual = given_network.network() | {"security_groups": given_network.groups(group(SG_FSX, *inbound))}
    (finding,) = given.findings(security_groups_admit_servers, **(usual | facts))
    return finding


@pytest.mark.parametrize("inbound", [TO_SELF, ranges("10.0.1.0/24"), (rule(None, groups=(SG_FSX,), protocol="-1"),)])
def test_servers_may_talk_by_group_or_by_subnet(inbound: tuple[Permission, ...]) -> None:
    assert of_servers(*inbound).verdict is Verdict.PASS


@pytest.mark.parametrize("inbound", [lustre(SG_NODES), TO_SELF[:1], TO_SELF[1:], ranges("10.0.2.0/24")])
def test_without_a_rule_between_themselves_there_is_a_warning_never_more(inbound: tuple[Permission, ...]) -> None:
    found = of_servers(*inbound)
    assert (found.verdict, found.cause) == (Verdict.WARN, "sg-self-rule-missing")
    assert found.fix is not None
    assert f'"GroupId":"{SG_FSX}"' in found.fix.commands[0]


@pytest.mark.parametrize("outbound", [(), lustre(SG_NODES), TO_SELF[:1], ranges("10.0.2.0/24")])
def test_servers_whose_group_lets_nothing_out_to_itself_are_warned_of(outbound: tuple[Permission, ...]) -> None:
    found = of_servers(security_groups=given_network.groups(group(SG_FSX, *TO_SELF, egress=outbound)))
    assert (found.verdict, found.cause) == (Verdict.WARN, "sg-self-rule-missing")
    assert "outbound" in found.message
    assert found.fix is not None and "authorize-security-group-egress" in found.fix.commands[0]


@pytest.mark.parametrize("outbound", [TO_SELF, ranges("10.0.1.0/24"), (rule(None, groups=(SG_FSX,), protocol="-1"),)])
def test_outbound_rules_for_the_servers_alone_are_enough(outbound: tuple[Permission, ...]) -> None:
    narrow = given_network.groups(group(SG_FSX, *TO_SELF, egress=outbound))
    assert of_servers(security_groups=narrow).verdict is Verdict.PASS


def test_servers_are_unknown_when_their_groups_are() -> None:
    assert of_servers(security_groups=given.denied("ec2:DescribeSecurityGroups")).verdict is Verdict.UNKNOWN
