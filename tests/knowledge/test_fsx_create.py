"""The one judge of what FSx takes, against the User Guide's own words written a second time."""

from __future__ import annotations

import pytest

from diag.knowledge.fsx_create import refusals
from diag.knowledge.storage_class import GIB, rounded_gib
from tests.checks.given_storage_class import SUBNET

BASE = {"FileSystemType": "LUSTRE", "SubnetIds": SUBNET, "DeploymentType": "SCRATCH_2", "StorageCapacity": "1200"}
P1 = {**BASE, "DeploymentType": "PERSISTENT_1", "PerUnitStorageThroughput": "100"}
P2 = {**BASE, "DeploymentType": "PERSISTENT_2", "PerUnitStorageThroughput": "250"}
HDD = {
    **P1,
    "StorageType": "HDD",
    "PerUnitStorageThroughput": "12",
    "DriveCacheType": "NONE",
    "StorageCapacity": "6000",
}
FAST = {**P2, "MetadataConfiguration.Mode": "USER_PROVISIONED", "MetadataConfiguration.Iops": "3000"}
EFA = {**P2, "PerUnitStorageThroughput": "1000", "MetadataConfiguration.Mode": "AUTOMATIC", "EfaEnabled": "true"}
TIERED = {
    "FileSystemType": "LUSTRE", "SubnetIds": SUBNET, "DeploymentType": "PERSISTENT_2", "ThroughputCapacity": "4000",
    "StorageType": "INTELLIGENT_TIERING", "DataReadCacheConfiguration.SizingMode": "NO_CACHE",
}  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "member"),
    [
        ({**BASE, "StorageCapacity": "3600"}, "StorageCapacity"),
        ({**BASE, "DeploymentType": "SCRATCH_1", "StorageCapacity": "4800"}, "StorageCapacity"),
        ({**BASE, "StorageCapacity": ""}, "StorageCapacity"),
        ({**BASE, "DeploymentType": "SCRATCH_3"}, "DeploymentType"),
        ({**BASE, "NetworkType": "DUAL"}, "NetworkType"),
        ({**BASE, "FileSystemTypeVersion": "2.14"}, "FileSystemTypeVersion"),
        ({**BASE, "WeeklyMaintenanceStartTime": "7:0500"}, "WeeklyMaintenanceStartTime"),
        ({**BASE, "ImportPath": "s3://a-bucket", "ExportPath": "s3://another/x"}, "ExportPath"),
        ({**BASE, "ExportPath": "s3://a-bucket/x"}, "ImportPath"),
        ({**BASE, "SubnetIds": "subnet-1"}, "SubnetIds"),
        ({**P1, "PerUnitStorageThroughput": "125"}, "PerUnitStorageThroughput"),
        ({**P1, "PerUnitStorageThroughput": ""}, "PerUnitStorageThroughput"),
        ({**P2, "PerUnitStorageThroughput": "200"}, "PerUnitStorageThroughput"),
        ({**P2, "ImportPath": "s3://a-bucket"}, "ImportPath"),
        ({**P2, "FileSystemTypeVersion": "2.10"}, "FileSystemTypeVersion"),
        ({**P2, "StorageType": "HDD"}, "DeploymentType"),
        ({**HDD, "DriveCacheType": ""}, "DriveCacheType"),
        ({**HDD, "StorageCapacity": "7200"}, "StorageCapacity"),
        ({**HDD, "PerUnitStorageThroughput": "40", "StorageCapacity": "6000"}, "StorageCapacity"),
        ({**FAST, "MetadataConfiguration.Iops": "2000"}, "MetadataConfiguration.Iops"),
        ({**FAST, "MetadataConfiguration.Iops": "192001"}, "MetadataConfiguration.Iops"),
        ({**FAST, "MetadataConfiguration.Mode": ""}, "MetadataConfiguration.Mode"),
        ({**FAST, "MetadataConfiguration.Mode": "AUTOMATIC"}, "MetadataConfiguration.Iops"),
        ({**FAST, "FileSystemTypeVersion": "2.12"}, "FileSystemTypeVersion"),
        ({**EFA, "StorageCapacity": "1200"}, "StorageCapacity"),
        ({**EFA, "PerUnitStorageThroughput": "500", "StorageCapacity": "4800"}, "StorageCapacity"),
        ({**TIERED, "ThroughputCapacity": "6000"}, "ThroughputCapacity"),
        ({**TIERED, "DataReadCacheConfiguration.SizingMode": ""}, "DataReadCacheConfiguration.SizingMode"),
        ({**BASE, "LogConfiguration.Level": "DISABLED",
          "LogConfiguration.Destination": "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/fsx/x"},
         "LogConfiguration.Destination"),
    ],
)  # fmt: skip
def test_what_fsx_refuses(request_: dict[str, str], member: str) -> None:
    [found] = refusals(request_)
    assert (found.member, found.is_certain) == (member, True), found.message
    assert refusals(request_, open_members=[member]) == (), "what nobody knows yet breaks nothing"


@pytest.mark.parametrize(
    "request_",
    [
        BASE, P1, P2, HDD, FAST, TIERED,
        {**EFA, "StorageCapacity": "4800"},
        {**EFA, "PerUnitStorageThroughput": "125", "StorageCapacity": "38400"},
        {**BASE, "DeploymentType": "SCRATCH_1", "StorageCapacity": "3600"},
        {**BASE, "ImportPath": "s3://a-bucket/in", "ExportPath": "s3://a-bucket"},
        {**P1, "AutomaticBackupRetentionDays": "7", "DailyAutomaticBackupStartTime": "05:00"},
        {**BASE, "DataCompressionType": "NONE", "AutoImportPolicy": "NONE", "AutomaticBackupRetentionDays": "0"},
        {**HDD, "PerUnitStorageThroughput": "40", "StorageCapacity": "1800", "DriveCacheType": "READ"},
    ],
)  # fmt: skip
def test_healthy_twins(request_: dict[str, str]) -> None:
    assert refusals(request_) == ()


def test_what_is_only_reasoned_is_no_certain_refusal() -> None:
    for more in ({"KmsKeyId": "alias/x"}, {"PerUnitStorageThroughput": "200"}, {"AutoImportPolicy": "NEW"}):
        [found] = refusals({**BASE, **more})
        assert not found.is_certain
    [few] = refusals({**FAST, "MetadataConfiguration.Iops": "1500", "StorageCapacity": "2400"})
    assert not few.is_certain, "the guide says what AUTOMATIC provisions, not that fewer are refused"
    [disputed] = refusals({**TIERED, "ThroughputCapacity": "1000"})
    assert not disputed.is_certain, "the model and its own text differ"


@pytest.mark.parametrize(
    ("asked_gib", "parameters", "made"),
    [
        (1, {}, 1200), (1201, {}, 2400), (2401, {}, 3600), (3601, {}, 7200),
        (2401, {"deploymentType": "SCRATCH_2"}, 4800), (2400, {"deploymentType": "PERSISTENT_2"}, 2400),
        (1, {"storageType": "HDD", "perUnitStorageThroughput": "12"}, 6000),
        (1801, {"storageType": "HDD", "perUnitStorageThroughput": "40"}, 3600),
    ],
)  # fmt: skip
def test_the_capacity_is_rounded_as_the_driver_does(asked_gib: int, parameters: dict[str, str], made: int) -> None:
    assert rounded_gib(asked_gib * GIB, parameters) == made
