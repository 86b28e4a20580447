"""The StorageClass's parameters are keys that the driver reads, with values that FSx takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checks.request.storageclass_parameters import parameters_are_known
from diag.model.subject import Kind
from diag.model.verdict import Verdict
from diag.resources.eks import ClusterIdentity
from diag.resources.kubernetes import PersistentVolumeClaim, Workload
from tests.checks.given import CHART_RULES, DRIVER_IMAGE, LONG_AGO, NOW, claim, controller, findings, replace, role
from tests.checks.given_storage_class import GOOD, asked, only, without


def controller_of(tag: str) -> Workload:
    return controller(image=DRIVER_IMAGE.replace("v1.9.0", tag))


def waiting_since(time: str) -> PersistentVolumeClaim:
    made = claim(volume="", phase="Pending")
    return replace(made, metadata=replace(made.metadata, creation_timestamp=time))


TIERED = {
    "storageType": "INTELLIGENT_TIERING", "deploymentType": "PERSISTENT_2", "throughputCapacity": "4000",
    "dataReadCacheSizingMode": "NO_CACHE", "skipFinalBackup": "true",
}  # fmt: skip


EFA = "efa-requirements"


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

    def test_a_key_of_the_provisioner_s_prefix_that_it_does_not_know(self) -> None:
        finding = only(parameters_are_known, **asked({**GOOD, "csi.storage.k8s.io/fsType": "lustre"}))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "storageclass-unknown-parameter")

    @pytest.mark.parametrize("part", ["name", "namespace"])
    def test_half_of_a_secret_is_refused(self, part: str) -> None:
        finding = only(parameters_are_known, **asked({**GOOD, f"csi.storage.k8s.io/node-publish-secret-{part}": "x"}))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "csi-secret-unusable")

    @pytest.mark.parametrize(
        ("rules", "verdict"),
        [
            ((), Verdict.WARN),
            ((("", "secrets", ("get",)),), Verdict.PASS),
        ],
    )
    def test_a_secret_that_the_provisioner_reads(self, rules: tuple[Any, ...], verdict: Verdict) -> None:
        own = {f"csi.storage.k8s.io/provisioner-secret-{part}": "creds" for part in ("name", "namespace")}
        roles = (role(*CHART_RULES, *rules),)
        assert only(parameters_are_known, **asked({**GOOD, **own}, cluster_roles=roles)).verdict is verdict

    def test_secrets_that_nobody_reads_for_it(self) -> None:
        own = {f"csi.storage.k8s.io/node-stage-secret-{part}": "creds" for part in ("name", "namespace")}
        assert only(parameters_are_known, **asked({**GOOD, **own})).verdict is Verdict.PASS

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

    @pytest.mark.parametrize("wrong", [TIERED, {"shinyNewKey": "x"}, {"deploymentTypes": "SCRATCH_2"}])
    def test_what_a_driver_newer_than_the_table_may_read_is_unknown(self, wrong: dict[str, str]) -> None:
        given = asked({**GOOD, **wrong}, deployments=(controller_of("v1.10.0-eksbuild.1"),))
        finding = only(parameters_are_known, **given)
        assert finding.verdict is Verdict.UNKNOWN
        assert all(name in finding.message for name in ("1.9.0", "1.10.0", next(iter(wrong))))
        of_now = findings(parameters_are_known, **asked({**GOOD, **wrong}))
        assert {one.verdict for one in of_now} & {Verdict.FAIL, Verdict.WARN}

    @pytest.mark.parametrize(
        "wrong", [without("deploymentType", DeploymentType="SCRATCH_2"), without(dataCompressionType="ZSTD")]
    )
    def test_what_no_release_can_mean_fails_with_any_driver(self, wrong: dict[str, str]) -> None:
        given = asked(wrong, deployments=(controller_of("v1.10.0"),))
        assert only(parameters_are_known, **given).verdict is Verdict.FAIL

    @pytest.mark.parametrize(("release", "causes"), [("v1.2.0", {"storageclass-unknown-parameter"}), ("v1.3.0", {EFA})])
    def test_what_an_older_driver_does_not_send_fsx_does_not_refuse(self, release: str, causes: set[str]) -> None:
        facts = asked({**GOOD, "efaEnabled": "true"}, deployments=(controller_of(release),))
        assert {one.cause for one in findings(parameters_are_known, **facts)} == causes

    def test_a_driver_newer_than_the_table_takes_what_every_release_takes(self) -> None:
        assert only(parameters_are_known, **asked(GOOD, deployments=(controller_of("v1.10.0"),))).verdict is (
            Verdict.PASS
        )

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
        facts = asked({**GOOD, **parameters}, claims=(waiting_since(NOW),))
        assert only(parameters_are_known, **facts).verdict is Verdict.WARN

    def test_hdd_where_it_does_not_exist_is_taken_away_with_its_cache(self) -> None:
        given = {**GOOD, "storageType": "HDD", "driveCacheType": "READ"}
        finding = only(parameters_are_known, **asked(given))
        assert finding.fix is not None
        (copy,) = (s for s in finding.fix.steps if s.output.startswith("storageclass-") and "patch" in s.argv)
        patch = json.loads(copy.argv[copy.argv.index("-p") + 1])
        assert patch["parameters"] == {"storageType": None, "driveCacheType": None}


class TestKmsKey:
    def key(self, region: str) -> dict[str, str]:
        persistent = {"deploymentType": "PERSISTENT_1", "perUnitStorageThroughput": "50"}
        return {**GOOD, **persistent, "kmsKeyId": f"arn:aws:kms:{region}:123456789012:key/mrk-1234abcd"}

    def test_one_of_another_region_cannot_be_used(self) -> None:
        finding = only(parameters_are_known, **asked(self.key("us-west-2")))
        assert (finding.verdict, finding.cause) == (Verdict.FAIL, "kms-key-unusable")
        assert "a key of us-west-2, the file system is made in eu-west-1" in finding.message

    def test_one_of_this_region_passes(self) -> None:
        assert only(parameters_are_known, **asked(self.key("eu-west-1"))).verdict is Verdict.PASS

    def test_where_the_region_is_not_known_nothing_is_said_of_it(self) -> None:
        facts = asked(self.key("us-west-2"), cluster_identity=ClusterIdentity())
        assert only(parameters_are_known, **facts).verdict is Verdict.PASS


def test_a_claim_that_waits_for_longer_than_fsx_takes_makes_sure_of_what_reasoning_says() -> None:
    for since, verdict in ((NOW, Verdict.WARN), (LONG_AGO, Verdict.FAIL)):
        facts = asked({**GOOD, "perUnitStorageThroughput": "200"}, claims=(waiting_since(since),))
        (finding,) = findings(parameters_are_known, **facts)
        assert (finding.verdict, finding.cause) == (verdict, "invalid-throughput-parameter")
