"""file-system-exists, -type, -state, -owner, maintenance, data-repository, efa-traffic, subnet-addresses, ip-family."""

from __future__ import annotations

from typing import Any

import pytest

from checks.file_system.data_repository import link_to_s3_works
from checks.file_system.file_system_exists import file_system_exists
from checks.file_system.file_system_owner import file_system_is_this_clusters
from checks.file_system.file_system_state import file_system_serves
from checks.file_system.file_system_type import file_system_is_lustre
from checks.file_system.maintenance import no_maintenance_now
from checks.network.efa_traffic import efa_may_talk
from checks.network.ip_family import cluster_is_ipv4
from checks.network.subnet_addresses import subnet_has_addresses
from diag import Reason, Table, Unavailable, Verdict
from diag.declare.check import Check
from diag.model.finding import Finding
from diag.resources.ec2 import Permission, Subnet
from diag.resources.fsx import (
    AdministrativeAction,
    DataRepositoryAssociation,
    DataRepositoryConfiguration,
    FailureDetails,
    FileSystem,
    Tag,
)
from diag.resources.reachability import Connect
from tests.checks import given, given_network
from tests.checks.given_network import ADDRESS, NAME, PEER, SERVERS, SG_FSX, SG_NODES, connects, group, rule

OTHER = "fs-0b7e1c2d3f4a5b6c7"
MONDAY = "2026-11-23T05:10:00Z"
DENIED = given.denied("fsx:DescribeFileSystems")


def judge(check: Check, system: FileSystem | None = None, **facts: Any) -> Finding:
    systems = {} if system is None else {"file_systems": given.table(system)}
    (finding,) = given.findings(check, **(given_network.network() | systems | facts))
    return finding


def named(name: str, *, handle: str = given.FS) -> dict[str, Any]:
    volume = given.volume(fs=handle, attributes={"dnsname": name, "mountname": "abcdebev"})
    return {"persistent_volumes": (volume,)}


def lustre(**fields: Any) -> FileSystem:
    made = given.file_system()
    return given.replace(made, lustre_configuration=given.replace(made.lustre, **fields))


def test_a_file_system_that_fsx_has_passes() -> None:
    found = judge(file_system_exists)
    assert (found.verdict, found.rules_out) == (Verdict.PASS, ("file-system-not-found",))


def test_an_id_that_fsx_does_not_have_fails_and_a_near_one_is_told() -> None:
    near = given.FS[:-1] + "1"
    found = judge(file_system_exists, given.file_system(near))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "file-system-not-found")
    assert near in found.message
    assert "is meant" not in judge(file_system_exists, given.file_system(OTHER)).message


def test_another_regions_name_is_for_dns_name_to_judge() -> None:
    name = NAME.replace(given.REGION, "us-east-1")
    assert judge(file_system_exists, file_systems=given.table(), **named(name)).verdict is Verdict.SKIP


def test_by_address_an_absent_file_system_may_be_another_accounts() -> None:
    found = judge(file_system_exists, file_systems=given.table(), **named(ADDRESS))
    assert found.verdict is Verdict.UNKNOWN


def test_a_volume_that_names_no_file_system_of_fsx_is_none_of_its_business() -> None:
    facts = named("lustre.training.internal", handle="models")
    assert judge(file_system_exists, file_systems=given.table(), **facts).verdict is Verdict.SKIP


def test_whether_it_exists_is_unknown_when_fsx_may_not_be_asked() -> None:
    found = judge(file_system_exists, file_systems=DENIED)
    assert found.verdict is Verdict.UNKNOWN
    assert "fsx:DescribeFileSystems" in found.message
    garbled = given.table(missing={given.FS: Unavailable(given.FS, Reason.GARBLED)})
    assert judge(file_system_exists, file_systems=garbled).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("kind", ["ONTAP", "OPENZFS", "WINDOWS"])
def test_only_lustre_is_lustre(kind: str) -> None:
    found = judge(file_system_is_lustre, given.file_system(file_system_type=kind, lustre_configuration=None))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "file-system-not-lustre")
    assert judge(file_system_is_lustre).verdict is Verdict.PASS


@pytest.mark.parametrize("lifecycle", ["AVAILABLE", "UPDATING"])
def test_a_file_system_that_serves_passes(lifecycle: str) -> None:
    found = judge(file_system_serves, given.file_system(lifecycle=lifecycle))
    assert found.verdict is Verdict.PASS
    assert {"file-system-creating", "filesystem-failed", "kms-key-unusable"} <= set(found.rules_out)


@pytest.mark.parametrize(
    ("lifecycle", "cause"),
    [
        ("CREATING", "file-system-creating"),
        ("DELETING", "file-system-deleting"),
        ("FAILED", "filesystem-failed"),
        ("MISCONFIGURED", "file-system-misconfigured"),
        ("MISCONFIGURED_UNAVAILABLE", "file-system-misconfigured"),
    ],
)
def test_each_other_lifecycle_has_its_cause(lifecycle: str, cause: str) -> None:
    reason = FailureDetails("The network interface is gone.")
    found = judge(file_system_serves, given.file_system(lifecycle=lifecycle, failure_details=reason))
    assert (found.verdict, found.cause) == (Verdict.FAIL, cause)
    assert "The network interface is gone." in found.message


@pytest.mark.parametrize(
    "text", ["The KMS key is disabled.", "Access to the kms-key was lost", "AWS KMS KEY not found"]
)
def test_a_reason_that_names_the_key_is_the_keys(text: str) -> None:
    found = judge(
        file_system_serves, given.file_system(lifecycle="MISCONFIGURED", failure_details=FailureDetails(text))
    )
    assert found.cause == "kms-key-unusable"


def test_a_reason_that_only_resembles_a_key_is_not() -> None:
    details = FailureDetails("The monkey-patched keyboard is broken.")
    found = judge(file_system_serves, given.file_system(lifecycle="MISCONFIGURED", failure_details=details))
    assert found.cause == "file-system-misconfigured"


def test_a_lifecycle_that_nobody_knows_is_unknown() -> None:
    assert judge(file_system_serves, given.file_system(lifecycle="HIBERNATING")).verdict is Verdict.UNKNOWN


UPDATING: dict[str, Any] = {
    "lifecycle": "UPDATING",
    "administrative_actions": (
        AdministrativeAction(
            administrative_action_type="FILE_SYSTEM_UPDATE", status="IN_PROGRESS", progress_percent=20
        ),
    ),
}


def test_nothing_under_way_passes() -> None:
    found = judge(no_maintenance_now)
    assert (found.verdict, found.rules_out) == (Verdict.PASS, ("maintenance-in-progress",))


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        (connects(Connect.OPEN), Verdict.PASS),
        (connects(Connect.TIMEOUT), Verdict.FAIL),
        (connects(Connect.TIMEOUT, source="192.168.178.20"), Verdict.WARN),
        ((), Verdict.WARN),
    ],
)
def test_an_update_fails_only_while_a_server_is_seen_to_be_away(answers: Any, verdict: Verdict) -> None:
    assert judge(no_maintenance_now, given.file_system(**UPDATING), tcp_answers=answers).verdict is verdict


def test_rebalancing_and_what_is_done_are_no_maintenance() -> None:
    actions = (
        AdministrativeAction(administrative_action_type="FILE_SYSTEM_UPDATE", status="COMPLETED"),
        AdministrativeAction(administrative_action_type="STORAGE_OPTIMIZATION", status="IN_PROGRESS"),
    )
    assert judge(no_maintenance_now, given.file_system(administrative_actions=actions)).verdict is Verdict.PASS
    quiet = given.file_system(**UPDATING | {"lifecycle": "AVAILABLE"})
    assert judge(no_maintenance_now, quiet, tcp_answers=()).verdict is Verdict.PASS, "the servers are not taken down"


@pytest.mark.parametrize(
    ("start", "verdict"),
    [("1:05:00", Verdict.WARN), ("1:05:11", Verdict.PASS), ("2:05:00", Verdict.PASS), ("", Verdict.PASS)],
)
def test_the_weekly_window_is_a_warning(start: str, verdict: Verdict) -> None:
    assert judge(no_maintenance_now, lustre(weekly_maintenance_start_time=start), taken_at=MONDAY).verdict is verdict


def test_maintenance_of_what_has_no_servers_is_no_question() -> None:
    assert judge(no_maintenance_now, given.file_system(lifecycle="FAILED")).verdict is Verdict.SKIP


def association(lifecycle: str, *, of: str = given.FS) -> DataRepositoryAssociation:
    return DataRepositoryAssociation("dra-1", of, lifecycle, "/data", "s3://bucket/data", FailureDetails("no access"))


@pytest.mark.parametrize("lifecycle", ["MISCONFIGURED", "FAILED"])
def test_a_broken_link_is_a_warning_whichever_kind_it_is(lifecycle: str) -> None:
    newer = judge(link_to_s3_works, data_repository_associations=(association(lifecycle),))
    legacy = DataRepositoryConfiguration(lifecycle, "s3://bucket", failure_details=FailureDetails("no access"))
    older = judge(link_to_s3_works, lustre(data_repository_configuration=legacy))
    for found in (newer, older):
        assert (found.verdict, found.cause) == (Verdict.WARN, "data-repository-misconfigured")
        assert "no access" in found.message


def test_links_in_order_or_of_others_or_none_at_all() -> None:
    assert judge(link_to_s3_works, data_repository_associations=(association("AVAILABLE"),)).verdict is Verdict.PASS
    strangers = (association("FAILED", of=OTHER),)
    assert judge(link_to_s3_works, data_repository_associations=strangers).verdict is Verdict.SKIP
    assert judge(link_to_s3_works).verdict is Verdict.SKIP


def test_links_are_unknown_when_they_may_not_be_read() -> None:
    denied = given.denied("fsx:DescribeDataRepositoryAssociations")
    found = judge(link_to_s3_works, data_repository_associations=denied)
    assert found.verdict is Verdict.UNKNOWN
    assert found.unavailable == (denied,)


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


def tagged(**tags: str) -> FileSystem:
    return given.file_system(tags=tuple(Tag(key, value) for key, value in tags.items()))


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"Name": "research-scratch"},
        {"kubernetes.io/cluster/training": "owned"},
        {"kubernetes.io/cluster/research": "shared"},
        {"kubernetes.io/cluster/research": "owned", "kubernetes.io/cluster/training": "owned"},
        {"eks:cluster-name": "training"},
    ],
)
def test_nothing_says_that_it_is_another_clusters(tags: dict[str, str]) -> None:
    assert judge(file_system_is_this_clusters, tagged(**tags)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "tags",
    [{"kubernetes.io/cluster/research": "owned"}, {"alpha.eksctl.io/cluster-name": "research"}],
)
def test_a_tag_of_another_cluster_is_a_warning(tags: dict[str, str]) -> None:
    found = judge(file_system_is_this_clusters, tagged(**tags))
    assert (found.verdict, found.cause) == (Verdict.WARN, "foreign-file-system")
    assert "research" in found.message


def test_one_far_away_while_an_unused_one_is_near_is_a_warning() -> None:
    far = given.file_system()
    near = given.file_system(OTHER, vpc_id=PEER)
    abroad = given_network.instances(given_network.instance(given.node(), "10.8.2.4", vpc_id=PEER))
    systems = given.table(far, near)
    found = judge(file_system_is_this_clusters, file_systems=systems, instances=abroad)
    assert (found.verdict, found.cause) == (Verdict.WARN, "foreign-file-system")
    assert OTHER in found.message
    both = (given.volume(), given.volume("other-pv", OTHER, claim="other"))
    used = given.findings(
        file_system_is_this_clusters,
        **(given_network.network() | {"file_systems": systems, "instances": abroad, "persistent_volumes": both}),
    )
    assert {finding.verdict for finding in used} == {Verdict.PASS}
    assert judge(file_system_is_this_clusters, far, instances=abroad).verdict is Verdict.PASS, "peered on purpose"


def test_whose_it_is_cannot_be_asked_without_the_clusters_name_or_fsx() -> None:
    nameless = given.identity(cluster="")
    assert judge(file_system_is_this_clusters, cluster_identity=nameless).verdict is Verdict.SKIP
    assert judge(file_system_is_this_clusters, file_systems=DENIED).verdict is Verdict.UNKNOWN


def demanded(free: int | None, *, waits: bool = True, subnet: str = SERVERS) -> dict[str, Any]:
    name = "data"
    claims = (given.claim(name, ""),) if waits else (given.claim(name, "pvc-1"),)
    made = given.volume("pvc-1", claim=name)
    provisioned = {"pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com"}
    made = given.replace(made, metadata=given.replace(made.metadata, annotations=provisioned))
    known = Subnet(SERVERS, cidr_block="10.0.1.0/28", available_ip_address_count=free)
    return {
        "storage_classes": (given.storage_class(parameters={"subnetId": subnet, "securityGroupIds": SG_FSX}),),
        "claims": claims,
        "persistent_volumes": () if waits else (made,),
        "class_subnets": Table({SERVERS: known}),
    }


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (demanded(3), Verdict.PASS),
        (demanded(0), Verdict.FAIL),
        (demanded(0, waits=False), Verdict.WARN),
        (demanded(None), Verdict.SKIP),
        (demanded(0, subnet="subnet-gone"), Verdict.SKIP),
        (demanded(0) | {"class_subnets": given.denied("ec2:DescribeSubnets")}, Verdict.UNKNOWN),
    ],
)
def test_a_subnet_without_addresses_fails_who_waits_for_a_file_system(facts: dict[str, Any], verdict: Verdict) -> None:
    found = judge(subnet_has_addresses, **facts)
    assert found.verdict is verdict, found.message
    assert verdict not in (Verdict.FAIL, Verdict.WARN) or found.cause == "subnet-out-of-addresses"


def family(name: str, **facts: Any) -> Finding:
    cluster = given.eks_cluster(kubernetesNetworkConfig={"ipFamily": name})
    return judge(cluster_is_ipv4, eks_cluster=cluster, **facts)


def test_an_ipv6_cluster_fails_unless_it_is_seen_to_work() -> None:
    assert family("ipv4").verdict is Verdict.PASS
    waiting = family("ipv6", pods=(given.pod(phase="Pending"), given.plugin_pod()))
    assert (waiting.verdict, waiting.cause) == (Verdict.FAIL, "ipv6-cluster")
    assert family("ipv6").verdict is Verdict.WARN
    assert family("ipv6", pods=given.denied("list pods")).verdict is Verdict.FAIL
    assert judge(cluster_is_ipv4, eks_cluster=given.denied("eks:DescribeCluster")).verdict is Verdict.UNKNOWN
