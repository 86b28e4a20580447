"""Every network interface with a Lustre group belongs to a file system or is attached."""

from __future__ import annotations

from checks.leftovers.leftover_interfaces import interfaces_belong_to_something
from diag.model.verdict import Verdict
from diag.resources.teardown import LustreGroups
from tests.checks.given_leftovers import eni, group, only


class TestInterfaces:
    def test_one_that_belongs_to_nothing(self) -> None:
        stray = LustreGroups((group(),), (eni(), eni("eni-9", "available")))
        finding = only(interfaces_belong_to_something, lustre_groups=stray)
        assert (finding.verdict, finding.subject.name) == (Verdict.WARN, "eni-9")

    def test_a_file_systems_own_and_attached_ones_do_not(self) -> None:
        busy = LustreGroups((group(),), (eni(status="available"), eni("eni-node")))
        assert only(interfaces_belong_to_something, lustre_groups=busy).verdict is Verdict.PASS
