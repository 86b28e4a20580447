"""The security groups that new file systems are made with: would FSx take them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checks.network.storageclass_groups import groups_let_servers_talk
from diag.model.fix import StepKind
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.resources.ec2 import GroupPair, IpRange, Permission, SecurityGroup, Subnet
from diag.resources.table import Table
from tests.checks import given_network
from tests.checks.given import denied, node
from tests.checks.given_storage_class import GOOD, GROUP, SUBNET, asked, ec2, only


def open_to(**peer: Any) -> Permission:
    return Permission(ip_protocol="tcp", from_port=988, to_port=988, **peer)


class TestGroups:
    @pytest.mark.parametrize(
        "rule",
        [
            open_to(user_id_group_pairs=(GroupPair(GROUP),)),
            open_to(ip_ranges=(IpRange("10.0.0.0/16"),)),
            Permission(ip_protocol="-1", ip_ranges=(IpRange("0.0.0.0/0"),)),
        ],
    )
    def test_a_rule_from_the_group_or_the_subnet_passes(self, rule: Permission) -> None:
        assert only(groups_let_servers_talk, **asked(GOOD, **ec2(rules=(rule,)))).verdict is Verdict.PASS

    @pytest.mark.parametrize(
        "rules", [(), (open_to(ip_ranges=(IpRange("10.9.0.0/16"),)),), (open_to(ip_ranges=(IpRange("10.0.1.0/25"),)),)]
    )
    def test_no_rule_for_the_servers_is_warned_of(self, rules: tuple[Permission, ...]) -> None:
        finding = only(groups_let_servers_talk, **asked(GOOD, **ec2(rules=rules)))
        assert (finding.verdict, finding.cause) == (Verdict.WARN, "sg-self-rule-missing")
        assert finding.fix is not None and len(finding.fix.commands) == 2

    @pytest.mark.parametrize(
        ("rules", "opened"),
        [
            ((), [(988, GROUP), (1018, GROUP), (988, given_network.SG_NODES), (1018, given_network.SG_NODES)]),
            (
                (open_to(ip_ranges=(IpRange(f"{given_network.NODE_ADDRESS}/32"),)),),
                [(988, GROUP), (1018, GROUP), (1018, given_network.SG_NODES)],
            ),
        ],
    )
    def test_the_fix_opens_what_the_nodes_lack_as_well(
        self, rules: tuple[Permission, ...], opened: list[tuple[int, str]]
    ) -> None:
        nodes = {
            "mounting_nodes": (node(),),
            "instances": given_network.instances(given_network.instance(node())),
        }
        finding = only(groups_let_servers_talk, **asked(GOOD, **ec2(rules=rules)) | nodes)
        assert finding.fix is not None
        added = [json.loads(step.argv[-1])[0] for step in finding.fix.steps if step.kind is StepKind.CHANGE]
        assert [(rule["FromPort"], rule["UserIdGroupPairs"][0]["GroupId"]) for rule in added] == opened

    def test_a_group_that_does_not_exist_is_told_elsewhere(self) -> None:
        gone: Table[SecurityGroup] = Table({}, {GROUP: Unavailable(GROUP, Reason.ABSENT)})
        assert only(groups_let_servers_talk, **asked(GOOD, class_groups=gone)).verdict is Verdict.SKIP

    def test_unknown_names_the_permission(self) -> None:
        finding = only(groups_let_servers_talk, **asked(GOOD, class_groups=denied("ec2:DescribeSecurityGroups")))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "ec2:DescribeSecurityGroups")

    def test_a_subnet_without_a_range_is_unknown(self) -> None:
        unread = Table({SUBNET: Subnet(SUBNET, vpc_id="vpc-1")})
        finding = only(groups_let_servers_talk, **asked(GOOD, **ec2() | {"class_subnets": unread}))
        assert (finding.verdict, finding.unavailable[0].what) == (Verdict.UNKNOWN, f"CidrBlock of {SUBNET}")
