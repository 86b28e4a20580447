"""StorageClasses: judged only where somebody provisions from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from checks.network.storageclass_groups import groups_let_servers_talk
from checks.request.storageclass_network import network_is_given
from checks.request.storageclass_parameters import parameters_are_known
from checks.request.storageclass_version import version_suits_the_nodes
from diag.declare.check import Check
from diag.model.finding import Finding
from diag.model.subject import Kind
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.resources.ec2 import GroupPair, IpRange, Permission, SecurityGroup, Subnet
from diag.resources.kubernetes import PersistentVolume
from diag.resources.table import Table
from tests.checks.given import (
    AL2,
    claim,
    denied,
    file_system,
    findings,
    node,
    replace,
    storage_class,
    table,
    verdicts,
    volume,
)

SUBNET, GROUP = "subnet-0123456789abcdef0", "sg-0123456789abcdef0"
GOOD = {
    "subnetId": SUBNET,
    "securityGroupIds": GROUP,
    "deploymentType": "SCRATCH_2",
    "fileSystemTypeVersion": "2.15",
}
ALL_CHECKS = (parameters_are_known, network_is_given, version_suits_the_nodes, groups_let_servers_talk)


def ec2(*, subnet_vpc: str = "vpc-1", group_vpc: str = "vpc-1", rules: tuple[Permission, ...] = ()) -> dict[str, Any]:
    """What EC2 has of the class's network."""
    subnet = Subnet(SUBNET, vpc_id=subnet_vpc, cidr_block="10.0.1.0/24")
    group = SecurityGroup(GROUP, vpc_id=group_vpc, ip_permissions=rules)
    return {
        "class_subnets": Table({SUBNET: subnet}),
        "class_groups": Table({GROUP: group}),
        "prefix_lists": Table(),
    }


def asked(parameters: Mapping[str, str], **facts: Any) -> dict[str, Any]:
    """A class with a claim that waits for a volume of it."""
    waiting = claim(volume="", phase="Pending")
    world = {"claims": (waiting,), "persistent_volumes": (), "pods": ()}
    return {**ec2(), **world, "storage_classes": (storage_class(parameters=parameters),), **facts}


def without(*keys: str, **changed: str) -> dict[str, str]:
    return {key: value for key, value in {**GOOD, **changed}.items() if key not in keys}


def only(check: Check, **facts: Any) -> Finding:
    (finding,) = findings(check, **facts)
    return finding


@pytest.mark.parametrize("check", ALL_CHECKS, ids=lambda check: check.id)
class TestWhoseClassIsJudged:
    def test_one_that_only_static_volumes_name_is_not(self, check: Check) -> None:
        assert verdicts(check, **ec2(), storage_classes=(storage_class(),)) == ()

    def test_one_that_stands_alone_is(self, check: Check) -> None:
        world = {"claims": (), "persistent_volumes": (), "pods": ()}
        assert verdicts(check, **ec2(), **world, storage_classes=(storage_class(parameters=GOOD),)) != ()

    def test_one_of_another_driver_is_not(self, check: Check) -> None:
        other = storage_class(provisioner="ebs.csi.aws.com")
        assert verdicts(check, **asked(GOOD, storage_classes=(other,))) == ()

    def test_unknown_names_the_permission(self, check: Check) -> None:
        finding = only(check, **asked(GOOD, storage_classes=denied("list storageclasses")))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list storageclasses")


class TestParameters:
    def test_known_ones_pass(self) -> None:
        finding = only(parameters_are_known, **asked(GOOD))
        assert finding.verdict is Verdict.PASS
        assert finding.concerns[0].kind is Kind.CLAIM

    @pytest.mark.parametrize("wrong", ["deploymenttype", "DeploymentType", "deployment-type", "deploymentTypes"])
    def test_a_misspelt_key_is_ignored_by_the_driver(self, wrong: str) -> None:
        finding = only(parameters_are_known, **asked(without("deploymentType", **{wrong: "SCRATCH_2"})))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "storageclass-unknown-parameter")
        assert "'deploymentType' is probably meant" in finding.message

    def test_a_key_that_resembles_none_is_warned_of(self) -> None:
        finding = only(parameters_are_known, **asked({**GOOD, "owner": "ml"}))
        assert finding.verdict is Verdict.WARN

    def test_the_provisioners_own_keys_are_left_to_it(self) -> None:
        given = {**GOOD, "csi.storage.k8s.io/fstype": "lustre"}
        assert only(parameters_are_known, **asked(given)).verdict is Verdict.PASS

    @pytest.mark.parametrize(
        ("parameters", "cause"),
        [
            ({"deploymentType": "scratch_2"}, "storageclass-invalid-value"),
            ({"storageType": "INTELLIGENT_TIERING"}, "storageclass-invalid-value"),
            ({"copyTagsToBackups": "yes"}, "storageclass-invalid-value"),
            ({"automaticBackupRetentionDays": "seven"}, "storageclass-invalid-value"),
            ({"automaticBackupRetentionDays": "91"}, "storageclass-invalid-value"),
            ({"weeklyMaintenanceStartTime": "Sunday"}, "storageclass-invalid-value"),
            ({"extraTags": "team"}, "storageclass-invalid-value"),
            ({"s3ImportPath": "arn:aws:s3:::bucket"}, "storageclass-invalid-value"),
            ({"fileSystemTypeVersion": "${LUSTRE_VERSION}"}, "unexpanded-variable"),
            ({"deploymentType": "PERSISTENT_1"}, "invalid-throughput-parameter"),
            ({"deploymentType": "PERSISTENT_1", "perUnitStorageThroughput": "125"}, "invalid-throughput-parameter"),
            ({"deploymentType": "PERSISTENT_2", "perUnitStorageThroughput": "200"}, "invalid-throughput-parameter"),
            ({"storageType": "HDD", "driveCacheType": "NONE"}, "storageclass-invalid-value"),
            ({"metadataConfigurationMode": "AUTOMATIC"}, "storageclass-invalid-value"),
            ({"s3ExportPath": "s3://bucket/export"}, "storageclass-invalid-value"),
            ({"efaEnabled": "true"}, "efa-requirements"),
        ],
    )
    def test_what_driver_or_fsx_refuses(self, parameters: dict[str, str], cause: str) -> None:
        finding = only(parameters_are_known, **asked({**GOOD, **parameters}))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, cause)

    def test_persistent_2_does_not_come_with_2_10(self) -> None:
        given = without(deploymentType="PERSISTENT_2", perUnitStorageThroughput="250", fileSystemTypeVersion="2.10")
        assert only(parameters_are_known, **asked(given)).cause == "storageclass-invalid-value"

    @pytest.mark.parametrize(
        "parameters",
        [
            {"deploymentType": "PERSISTENT_2", "perUnitStorageThroughput": "250"},
            {"deploymentType": "PERSISTENT_1", "perUnitStorageThroughput": "100", "kmsKeyId": "alias/mine"},
            {"s3ImportPath": "s3://bucket/data", "s3ExportPath": "s3://bucket/out", "autoImportPolicy": "NONE"},
            {"extraTags": "team=ml,stage=", "copyTagsToBackups": "t", "dataCompressionType": "NONE"},
            {"efaEnabled": "false", "automaticBackupRetentionDays": "0"},
        ],
    )  # fmt: skip
    def test_healthy_twins(self, parameters: dict[str, str]) -> None:
        assert only(parameters_are_known, **asked({**GOOD, **parameters})).verdict is Verdict.PASS

    def test_hdd_and_metadata_where_they_exist(self) -> None:
        hdd = {"deploymentType": "PERSISTENT_1", "storageType": "HDD", "driveCacheType": "READ"}
        metadata = {"deploymentType": "PERSISTENT_2", "metadataConfigurationMode": "AUTOMATIC"}
        for given in (hdd | {"perUnitStorageThroughput": "12"}, metadata | {"perUnitStorageThroughput": "250"}):
            assert only(parameters_are_known, **asked({**GOOD, **given})).verdict is Verdict.PASS

    @pytest.mark.parametrize(
        "parameters",
        [
            {"perUnitStorageThroughput": "200"},
            {"kmsKeyId": "alias/mine"},
            {"autoImportPolicy": "NEW"},
            {"dailyAutomaticBackupStartTime": "05:00"},
        ],
    )
    def test_what_is_only_reasoned_is_warned_of(self, parameters: dict[str, str]) -> None:
        assert only(parameters_are_known, **asked({**GOOD, **parameters})).verdict is Verdict.WARN


class TestNetwork:
    def test_what_ec2_has_passes(self) -> None:
        assert only(network_is_given, **asked(GOOD)).verdict is Verdict.PASS

    @pytest.mark.parametrize(
        ("parameters", "cause", "told"),
        [
            (without("subnetId"), "storageclass-network-missing", "SubnetId is required"),
            (without("securityGroupIds"), "storageclass-network-missing", "one empty id"),
            (without(securityGroupIds=f"{GROUP}, {GROUP}"), "storageclass-network-missing", "has blanks"),
            (without(securityGroupIds="fsx-lustre-sg"), "storageclass-network-missing", "is no security-group id"),
            (without(subnetId="vpc-0123456789abcdef0"), "storageclass-network-missing", "is no subnet id"),
            (without(subnetId=f"{SUBNET},{SUBNET}"), "multiple-subnets-not-supported", "Lustre takes one"),
            (without(subnetId="${SUBNET_ID}"), "unexpanded-variable", "never filled in"),
            (without(securityGroupIds="None"), "unexpanded-variable", "never filled in"),
            (without("subnetId", subnetid=SUBNET), "storageclass-unknown-parameter", "ignores 'subnetid'"),
        ],
    )
    def test_what_cannot_be_made_anywhere(self, parameters: dict[str, str], cause: str, told: str) -> None:
        finding = only(network_is_given, **asked(parameters))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, cause)
        assert told in finding.message

    def test_a_class_without_any_parameter(self) -> None:
        found = findings(network_is_given, **asked({}))
        assert [finding.cause for finding in found] == ["storageclass-network-missing"] * 2

    def test_a_misspelt_key_of_the_network_is_told_once(self) -> None:
        given = asked(without("subnetId", subnetid=SUBNET))
        assert verdicts(parameters_are_known, **given) == ()

    def test_a_subnet_that_does_not_exist(self) -> None:
        gone: Table[Subnet] = Table({}, {SUBNET: Unavailable(SUBNET, Reason.ABSENT)})
        finding = only(network_is_given, **asked(GOOD, class_subnets=gone))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "storageclass-network-missing")

    def test_groups_of_another_vpc(self) -> None:
        finding = only(network_is_given, **asked(GOOD, **ec2(group_vpc="vpc-2")))
        assert finding.verdict is Verdict.FAIL and "is of vpc-2, the subnet of vpc-1" in finding.message

    def test_unknown_names_the_permission(self) -> None:
        finding = only(network_is_given, **asked(GOOD, class_subnets=denied("ec2:DescribeSubnets")))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "ec2:DescribeSubnets")


def made(name: str = "pvc-1") -> PersistentVolume:
    """A volume that the driver made."""
    by_hand = volume(name)
    notes = {"pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com"}
    return replace(by_hand, metadata=replace(by_hand.metadata, annotations=notes))


class TestVersion:
    def test_a_version_that_the_nodes_can_mount(self) -> None:
        assert only(version_suits_the_nodes, **asked(GOOD)).verdict is Verdict.PASS

    @pytest.mark.parametrize("parameters", [without("fileSystemTypeVersion"), {"subnetId": SUBNET}])
    def test_without_a_version_2_10_is_made(self, parameters: dict[str, str]) -> None:
        finding = only(version_suits_the_nodes, **asked(parameters))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "storageclass-default-version")
        assert finding.fix is not None and '"2.15"' in finding.fix.note

    def test_2_10_by_name_is_no_default(self) -> None:
        finding = only(version_suits_the_nodes, **asked(without(fileSystemTypeVersion="2.10")))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "client-server-version-mismatch")

    def test_a_misspelt_key_is_the_root(self) -> None:
        given = without("fileSystemTypeVersion", filesystemtypeversion="2.15")
        assert only(version_suits_the_nodes, **asked(given)).cause == "storageclass-unknown-parameter"

    def test_older_nodes_can_mount_the_default(self) -> None:
        given = asked(without("fileSystemTypeVersion"), nodes=(node(os=AL2),))
        assert only(version_suits_the_nodes, **given).verdict is Verdict.PASS

    def test_persistent_2_has_another_default(self) -> None:
        given = asked(without("fileSystemTypeVersion", deploymentType="PERSISTENT_2"))
        assert only(version_suits_the_nodes, **given).verdict is Verdict.PASS

    def test_one_kind_of_node_that_cannot_is_warned_of(self) -> None:
        given = asked(without("fileSystemTypeVersion"), nodes=(node(), node("node-b", AL2)))
        assert only(version_suits_the_nodes, **given).verdict is Verdict.WARN

    def test_volumes_made_so_fail_with_their_class(self) -> None:
        facts = {"persistent_volumes": (made(),), "claims": (claim(volume="pvc-1"),)}
        given = asked(without("fileSystemTypeVersion"), **facts, file_systems=table(file_system(version="2.10")))
        finding = only(version_suits_the_nodes, **given)
        assert finding.verdict is Verdict.FAIL
        assert [subject.name for subject in finding.concerns] == ["pvc-1"]

    def test_volumes_that_were_upgraded_are_not_blamed_for_their_class(self) -> None:
        facts = {"persistent_volumes": (made(),), "claims": (claim(volume="pvc-1"),)}
        given = asked(without("fileSystemTypeVersion"), **facts, file_systems=table(file_system(version="2.15")))
        finding = only(version_suits_the_nodes, **given)
        assert (finding.verdict, finding.concerns) == (Verdict.WARN, ())

    def test_a_kernel_that_no_table_knows(self) -> None:
        given = asked(GOOD, nodes=(node(os=("Flatcar Container Linux", "6.6.1-flatcar")),))
        assert only(version_suits_the_nodes, **given).verdict is Verdict.UNKNOWN

    def test_a_version_that_fsx_does_not_make_is_the_parameters_trouble(self) -> None:
        assert only(version_suits_the_nodes, **asked(without(fileSystemTypeVersion="2.16"))).verdict is Verdict.SKIP


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
        assert (finding.verdict, finding.cause) == (Verdict.WARN, "sg-missing-lustre-ports-at-create")
        assert finding.fix is not None and len(finding.fix.commands) == 2

    def test_a_group_that_does_not_exist_is_told_elsewhere(self) -> None:
        gone: Table[SecurityGroup] = Table({}, {GROUP: Unavailable(GROUP, Reason.ABSENT)})
        assert only(groups_let_servers_talk, **asked(GOOD, class_groups=gone)).verdict is Verdict.SKIP

    def test_unknown_names_the_permission(self) -> None:
        finding = only(groups_let_servers_talk, **asked(GOOD, class_groups=denied("ec2:DescribeSecurityGroups")))
        assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "ec2:DescribeSecurityGroups")
