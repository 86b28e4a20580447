"""Every network interface with a Lustre group belongs to a file system or is attached."""

from __future__ import annotations

from checks.leftovers.leftover_interfaces import interfaces_belong_to_something
from diag.model.verdict import Verdict
from diag.resources.ec2 import Tag
from diag.resources.teardown import LustreGroups
from tests.checks.given import replace
from tests.checks.given_leftovers import eni, group, only


class TestInterfaces:
    def test_one_that_belongs_to_nothing(self) -> None:
        stray = LustreGroups((group(),), (eni(), eni("eni-9", "available")))
        finding = only(interfaces_belong_to_something, lustre_groups=stray)
        assert (finding.verdict, finding.subject.name) == (Verdict.WARN, "eni-9")
        assert finding.fix is not None and finding.fix.commands == (), "EC2 deletes one kept for later just as well"

    def test_one_that_this_clusters_tag_names_may_be_deleted(self) -> None:
        ours = replace(eni("eni-9", "available"), tag_set=(Tag("cluster.k8s.amazonaws.com/name", "training"),))
        finding = only(interfaces_belong_to_something, lustre_groups=LustreGroups((group(),), (eni(), ours)))
        assert finding.fix is not None and "delete-network-interface" in finding.fix.commands[0]

    def test_one_that_another_cluster_owns_as_well_is_not_offered(self) -> None:
        tags = (Tag("cluster.k8s.amazonaws.com/name", "training"), Tag("kubernetes.io/cluster/blue", "owned"))
        both = replace(eni("eni-9", "available"), tag_set=tags)
        finding = only(interfaces_belong_to_something, lustre_groups=LustreGroups((group(),), (eni(), both)))
        assert finding.fix is not None and finding.fix.commands == ()

    def test_a_file_systems_own_and_attached_ones_do_not(self) -> None:
        busy = LustreGroups((group(),), (eni(status="available"), eni("eni-node")))
        assert only(interfaces_belong_to_something, lustre_groups=busy).verdict is Verdict.PASS
