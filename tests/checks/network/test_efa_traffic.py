"""What an EFA-enabled file system asks of security groups."""

from __future__ import annotations

import pytest

from checks.network.efa_traffic import efa_may_talk
from diag import Verdict
from diag.resources.ec2 import GroupRef, InstanceInterface, Permission
from tests.checks import given, given_network
from tests.checks.given_file_system import judge, lustre
from tests.checks.given_network import SG_FSX, SG_NODES, group, rule


def all_traffic(*groups: str) -> Permission:
    return rule(None, groups=groups, protocol="-1")


@pytest.mark.parametrize(
    ("inbound", "egress", "verdict"),
    [
        (all_traffic(SG_FSX), all_traffic(SG_FSX), Verdict.PASS),
        (all_traffic(SG_NODES, SG_FSX), given_network.EVERYTHING[0], Verdict.WARN),
        (all_traffic(SG_NODES, SG_FSX), all_traffic(SG_NODES, SG_FSX), Verdict.PASS),
        (rule(0, 65535, groups=(SG_FSX,)), all_traffic(SG_FSX), Verdict.WARN),
        (all_traffic(SG_NODES), all_traffic(SG_FSX), Verdict.WARN),
        (all_traffic(SG_FSX), rule(988, groups=(SG_FSX,)), Verdict.WARN),
    ],
)
def test_efa_needs_all_protocols_among_the_group(inbound: Permission, egress: Permission, verdict: Verdict) -> None:
    groups = given_network.groups(group(SG_FSX, inbound, egress=(egress,)))
    found = judge(efa_may_talk, lustre(efa_enabled=True), security_groups=groups)
    assert found.verdict is verdict
    assert judge(efa_may_talk, security_groups=groups).verdict is Verdict.SKIP, "EFA is off"


def test_a_rule_to_everywhere_is_none_for_efa_and_the_fix_names_the_group() -> None:
    groups = given_network.groups(group(SG_FSX, all_traffic(SG_FSX)))
    found = judge(efa_may_talk, lustre(efa_enabled=True), security_groups=groups)
    assert found.verdict is Verdict.WARN and f"{SG_FSX} outbound to {SG_FSX}" in found.message
    assert found.fix is not None and "authorize-security-group-egress" in found.fix.commands[0]


@pytest.mark.parametrize(
    ("kind", "admitted", "verdict"),
    [
        ("efa", False, Verdict.WARN),
        ("efa-only", False, Verdict.WARN),
        ("efa", True, Verdict.PASS),
        ("interface", False, Verdict.PASS),
    ],
)
def test_the_groups_of_the_nodes_efa_interfaces_count_in_both_directions(
    kind: str, admitted: bool, verdict: Verdict
) -> None:
    interface = InstanceInterface("eni-9", groups=(GroupRef(SG_NODES),), device_index=1, interface_type=kind)
    node = given_network.instance(given.node(), network_interfaces=(interface,))
    both = all_traffic(SG_FSX, *((SG_NODES,) if admitted else ()))
    mine = (all_traffic(SG_FSX),) if admitted else ()
    groups = given_network.groups(group(SG_FSX, both, egress=(both,)), group(SG_NODES, *mine, egress=mine))
    facts = {"security_groups": groups, "instances": given_network.instances(node)}
    found = judge(efa_may_talk, lustre(efa_enabled=True), **facts)
    assert found.verdict is verdict
    assert admitted or verdict is Verdict.PASS or found.message.count(SG_NODES) == 4


def test_efa_is_unknown_when_the_groups_are() -> None:
    denied = given.denied("ec2:DescribeSecurityGroups")
    assert judge(efa_may_talk, lustre(efa_enabled=True), security_groups=denied).verdict is Verdict.UNKNOWN
