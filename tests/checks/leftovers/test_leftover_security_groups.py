"""Every security group with a Lustre rule in the cluster's VPC is on a network interface."""

from __future__ import annotations

import pytest

from checks.leftovers.leftover_security_groups import groups_are_used
from diag.model.verdict import Verdict
from diag.resources.ec2 import SecurityGroup, Tag
from diag.resources.teardown import LustreGroups
from tests.checks.given import denied, replace, storage_class
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

    def test_one_that_a_storage_class_gives_to_the_next_file_system_is_in_use(self) -> None:
        named = storage_class(parameters={"securityGroupIds": "sg-0, sg-1"})
        groups = LustreGroups((group(),))
        assert only(groups_are_used, lustre_groups=groups, storage_classes=(named,)).verdict is Verdict.PASS
        other = storage_class(parameters={"securityGroupIds": "sg-0"})
        assert only(groups_are_used, lustre_groups=groups, storage_classes=(other,)).verdict is Verdict.WARN
        unread = only(groups_are_used, lustre_groups=groups, storage_classes=denied("list storageclasses"))
        assert unread.verdict is Verdict.UNKNOWN

    @pytest.mark.parametrize("tags", [(), (Tag("eks:cluster-name", "training"),)])
    def test_none_is_offered_for_deletion_as_a_launch_template_may_name_it(self, tags: tuple[Tag, ...]) -> None:
        """Nodes scaled to zero have no interface; the next one needs the group."""
        found = only(groups_are_used, lustre_groups=LustreGroups((replace(group(), tags=tags),)))
        assert found.verdict is Verdict.WARN and found.fix is not None and found.fix.commands == ()
        assert "Launch templates" in found.fix.note
