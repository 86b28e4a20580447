"""What still stands after a teardown, fact by fact; tests/end_to_end has the real command over whole teardowns."""

from __future__ import annotations

from typing import Any

import pytest

from checks.leftovers.cleanup_hazards import cleanup_would_spare_others
from checks.leftovers.leftover_bucket_notifications import notifications_have_a_file_system
from checks.leftovers.leftover_file_systems import file_systems_are_used
from checks.leftovers.leftover_interfaces import interfaces_belong_to_something
from checks.leftovers.leftover_log_groups import log_groups_are_written
from checks.leftovers.leftover_oidc_providers import providers_have_a_cluster
from checks.leftovers.leftover_policies import policies_are_attached
from checks.leftovers.leftover_roles import roles_are_assumed
from checks.leftovers.leftover_security_groups import groups_are_used
from checks.leftovers.leftover_volumes import volumes_have_a_file_system
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.registry import Check, Registry
from diag.resources.fsx import (
    AuditLogConfiguration,
    DataRepositoryConfiguration,
    FileSystem,
    LogConfiguration,
    Tag,
    WindowsConfiguration,
)
from diag.resources.table import Table
from diag.resources.teardown import BucketNotices, Clusters, LogGroup, OwnPolicy
from tests.checks.given import REGION, denied, file_system, findings, identity, replace, table, verdicts, volume
from tests.checks.given_leftovers import GONE, HEALTHY, only


def linked(**lustre: Any) -> FileSystem:
    made = file_system()
    return replace(made, lustre_configuration=replace(made.lustre, **lustre))


NEEDS = {
    file_systems_are_used: "file_systems",
    cleanup_would_spare_others: "eks_cluster",
    volumes_have_a_file_system: "file_systems",
    groups_are_used: "lustre_groups",
    interfaces_belong_to_something: "lustre_groups",
    roles_are_assumed: "driver_roles",
    policies_are_attached: "lustre_policies",
    providers_have_a_cluster: "eks_providers",
    log_groups_are_written: "log_groups",
    notifications_have_a_file_system: "bucket_notices",
}


@pytest.mark.parametrize("check", NEEDS, ids=lambda check: check.id)
class TestAllOfThem:
    def test_run_only_when_they_are_named(self, check: Check) -> None:
        assert Registry((check,), {}).select() == ()
        assert Registry((check,), {}).select(only=["leftovers"]) == (check,)
        assert Registry((check,), {}).select(only=[check.layer.value]) == ()

    def test_find_nothing_where_everything_is_in_use(self, check: Check) -> None:
        assert only(check).verdict is Verdict.PASS

    def test_name_the_permission_that_is_missing(self, check: Check) -> None:
        finding = only(check, **{NEEDS[check]: denied("aws:Something")})
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "aws:Something")


class TestFurther:
    def test_a_policy_that_is_attached_to_nothing(self) -> None:
        assert only(policies_are_attached, lustre_policies=(OwnPolicy("FSxOld"),)).verdict is Verdict.WARN

    def test_a_provider_without_its_cluster(self) -> None:
        arn = f"arn:aws:iam::111122223333:oidc-provider/oidc.eks.{REGION}.amazonaws.com/id/{GONE}"
        assert only(providers_have_a_cluster, eks_providers=(arn,)).verdict is Verdict.WARN

    @pytest.mark.parametrize(
        ("name", "verdict"),
        [
            ("/aws/fsx/lustre", Verdict.WARN),
            ("/aws/fsx/other", Verdict.PASS),
            ("/aws/fsx", Verdict.WARN),
            ("/aws/eks/torn-down/cluster", Verdict.WARN),
            ("/aws/eks/research/cluster", Verdict.PASS),
        ],
    )
    def test_log_groups(self, name: str, verdict: Verdict) -> None:
        target = LogConfiguration("WARN_ERROR", f"arn:aws:logs:{REGION}:111122223333:log-group:/aws/fsx/other:*")
        facts = {"log_groups": (LogGroup(name),), "file_systems": table(linked(log_configuration=target))}
        assert only(log_groups_are_written, **facts).verdict is verdict

    @pytest.mark.parametrize(("bucket", "verdict"), [("data", Verdict.PASS), ("data-old", Verdict.WARN)])
    def test_notifications(self, bucket: str, verdict: Verdict) -> None:
        link = DataRepositoryConfiguration(import_path="s3://data/prefix")
        facts = {
            "bucket_notices": Table({bucket: BucketNotices(bucket, ("FSx",))}),
            "file_systems": table(linked(data_repository_configuration=link)),
        }
        assert only(notifications_have_a_file_system, **facts).verdict is verdict

    def test_a_bucket_that_could_not_be_asked_costs_its_own_answer(self) -> None:
        notices = Table({"data": BucketNotices("data")}, {"secret": denied("s3:GetBucketNotification")})
        found = findings(notifications_have_a_file_system, **HEALTHY | {"bucket_notices": notices})
        assert {f.verdict for f in found} == {Verdict.UNKNOWN, Verdict.PASS}

    @pytest.mark.parametrize("lifecycle", ["DELETING", ""])
    def test_volumes_of_file_systems_that_are_gone(self, lifecycle: str) -> None:
        systems = table(file_system(lifecycle=lifecycle)) if lifecycle else table()
        assert verdicts(volumes_have_a_file_system, **HEALTHY | {"file_systems": systems}) == (Verdict.WARN,)

    def test_a_foreign_file_system_is_a_hazard_and_no_leftover(self) -> None:
        systems = table(file_system(), file_system("fs-0fedcba9876543210", vpc_id="vpc-other"))
        hazard = only(cleanup_would_spare_others, file_systems=systems)
        assert (hazard.verdict, hazard.fix) == (Verdict.FAIL, None)
        assert only(file_systems_are_used, file_systems=systems).verdict is Verdict.PASS


class TestWhatMayBeSomebodyElses:
    """One Region of one account and one cluster's objects are looked at: what others use looks like a leftover."""

    def offers_nothing(self, finding: Finding) -> bool:
        commands = finding.fix.commands if finding.fix else ()
        return finding.verdict is Verdict.WARN and not any("delete" in command for command in commands)

    def test_a_sibling_clusters_live_file_system_in_the_same_vpc(self) -> None:
        theirs = file_system("fs-0fedcba9876543210", tags=(Tag("CSIVolumeName", "pvc-1111"),))
        found = findings(file_systems_are_used, **HEALTHY | {"file_systems": table(file_system(), theirs)})
        (left,) = [finding for finding in found if finding.verdict is not Verdict.PASS]
        assert self.offers_nothing(left) and "of this cluster or of another one" in left.message
        assert "Region ap-northeast-2 of account 111122223333 alone" in left.evidence[0]
        hazard = only(cleanup_would_spare_others, file_systems=table(file_system(), theirs))
        assert (hazard.verdict, hazard.subject.name) == (Verdict.UNKNOWN, theirs.id)

    def test_what_this_clusters_own_tag_names_may_be_deleted(self) -> None:
        ours = file_system("fs-0fedcba9876543210", tags=(Tag("kubernetes.io/cluster/training", "owned"),))
        found = findings(file_systems_are_used, **HEALTHY | {"file_systems": table(file_system(), ours)})
        (left,) = [finding for finding in found if finding.verdict is Verdict.WARN]
        assert left.fix is not None and "delete-file-system" in left.fix.commands[-1]
        assert only(cleanup_would_spare_others, file_systems=table(file_system(), ours)).verdict is Verdict.PASS

    def test_a_file_system_of_a_volume_made_by_hand_without_a_claim(self) -> None:
        released = replace(volume(), status=replace(volume().status, phase="Released"))
        assert self.offers_nothing(only(file_systems_are_used, persistent_volumes=(released,)))

    def test_the_audit_log_group_of_an_fsx_for_windows_file_system_has_its_writer(self) -> None:
        arn = f"arn:aws:logs:{REGION}:111122223333:log-group:/aws/fsx/windows:*"
        audit = WindowsConfiguration(AuditLogConfiguration(arn))
        windows = FileSystem("fs-0fedcba9876543210", file_system_type="WINDOWS", windows_configuration=audit)
        facts = {"log_groups": (LogGroup("/aws/fsx/windows"),), "file_systems": table(file_system(), windows)}
        assert only(log_groups_are_written, **facts).verdict is Verdict.PASS
        unwritten = facts | {"file_systems": table(file_system())}
        assert self.offers_nothing(only(log_groups_are_written, **unwritten))

    def test_only_the_log_group_of_this_very_cluster_is_offered(self) -> None:
        gone = Clusters({"research": "AAAABBBBCCCCDDDD"})
        facts = {"region_clusters": gone, "log_groups": (LogGroup("/aws/eks/training/cluster"),)}
        own = only(log_groups_are_written, **facts)
        assert own.fix is not None and "delete-log-group" in own.fix.commands[-1]
        others = facts | {"log_groups": (LogGroup("/aws/eks/torn-down/cluster"),)}
        assert self.offers_nothing(only(log_groups_are_written, **others))

    def test_a_provider_of_another_accounts_cluster(self) -> None:
        arn = f"arn:aws:iam::111122223333:oidc-provider/oidc.eks.{REGION}.amazonaws.com/id/{GONE}"
        assert self.offers_nothing(only(providers_have_a_cluster, eks_providers=(arn,)))

    def test_a_policy_that_bounds_a_role_is_in_use(self) -> None:
        bounds = OwnPolicy("FSxBoundary", permissions_boundary_usage_count=1)
        assert only(policies_are_attached, lustre_policies=(bounds,)).verdict is Verdict.PASS
        assert self.offers_nothing(only(policies_are_attached, lustre_policies=(OwnPolicy("FSxOld", "arn:x"),)))

    @pytest.mark.parametrize("tags", [("blue",), ("training", "blue")])
    def test_what_another_cluster_owns_as_well_is_a_hazard_be_it_used_here_or_not(self, tags: tuple[str, ...]) -> None:
        owned = tuple(Tag(f"kubernetes.io/cluster/{name}", "owned") for name in tags)
        shared = only(cleanup_would_spare_others, file_systems=table(file_system(tags=owned)))
        assert shared.verdict is Verdict.FAIL and "cluster blue's" in shared.message
        both = file_system("fs-0fedcba9876543210", tags=owned)
        assert only(file_systems_are_used, file_systems=table(file_system(), both)).verdict is Verdict.PASS
        nobody = identity(cluster="")
        unnamed = only(cleanup_would_spare_others, file_systems=table(file_system(tags=owned)), cluster_identity=nobody)
        assert unnamed.verdict is Verdict.PASS

    @pytest.mark.parametrize(("dynamic", "lifecycle"), [(True, ""), (False, ""), (False, "DELETING")])
    def test_a_volume_may_name_another_accounts_file_system(self, dynamic: bool, lifecycle: str) -> None:
        """Made by hand, copied from another cluster, or made by a driver with a role of another account."""
        made = volume()
        by_driver = {"pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com"} if dynamic else {}
        made = replace(made, metadata=replace(made.metadata, annotations=by_driver))
        systems = table(file_system(lifecycle=lifecycle)) if lifecycle else table()
        facts = {"persistent_volumes": (made,), "file_systems": systems}
        (found,) = findings(volumes_have_a_file_system, **HEALTHY | facts)
        assert self.offers_nothing(found) is not bool(lifecycle)

    def test_a_notification_that_another_regions_file_system_may_need(self) -> None:
        found = only(notifications_have_a_file_system, bucket_notices=Table({"old": BucketNotices("old", ("FSx",))}))
        assert found.fix is not None and "another Region or account" in found.fix.cautions[0]
