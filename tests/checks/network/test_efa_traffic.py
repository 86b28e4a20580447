"""What an EFA-enabled file system asks of security groups."""

from __future__ import annotations

import pytest

from checks.network.efa_traffic import efa_may_talk
from diag import Verdict
from diag.resources.ec2 import Permission
from tests.checks import given, given_network
from tests.checks.given_file_system import judge, lustre
from tests.checks.given_network import SG_FSX, SG_NODES, group, rule


def all_traffic(*groups: str) -> Permission:
    return rule(None, groups=groups, protocol="-1")


@pytest.mark.parametrize(
    ("inbound", "egress", "verdict"),
    [
        (all_traffic(SG_FSX), all_traffic(SG_FSX), Verdict.PASS),
        (all_traffic(SG_NODES, SG_FSX), given_network.EVERYTHING[0], Verdict.PASS),
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


def test_efa_is_unknown_when_the_groups_are() -> None:
    denied = given.denied("ec2:DescribeSecurityGroups")
    assert judge(efa_may_talk, lustre(efa_enabled=True), security_groups=denied).verdict is Verdict.UNKNOWN
