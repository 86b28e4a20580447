"""Every security group with a Lustre rule in the cluster's VPC is on a network interface."""

from __future__ import annotations

import pytest

from checks.leftovers.leftover_security_groups import groups_are_used
from diag.model.verdict import Verdict
from diag.resources.ec2 import SecurityGroup
from diag.resources.teardown import LustreGroups
from tests.checks.given_leftovers import VPC, group, only


class TestGroups:
    def test_one_that_others_name_cannot_be_deleted(self) -> None:
        groups = LustreGroups(
            (group(),), (), (group("sg-nodes", VPC, "nodes", "sg-1"), group("sg-1", VPC, "x", "sg-1"))
        )
        finding = only(groups_are_used, lustre_groups=groups)
        assert finding.verdict is Verdict.WARN and "rules of sg-nodes still name it" in finding.message

    @pytest.mark.parametrize("kept", [group(vpc="vpc-other"), group(name="default")])
    def test_other_vpcs_and_default_groups_are_left_alone(self, kept: SecurityGroup) -> None:
        assert only(groups_are_used, lustre_groups=LustreGroups((kept,))).verdict is Verdict.PASS

    def test_a_name_that_is_not_unique_is_told(self) -> None:
        finding = only(groups_are_used, lustre_groups=LustreGroups((group(), group("sg-2", "vpc-other"))))
        assert finding.fix is not None and "go by the id" in finding.fix.note
