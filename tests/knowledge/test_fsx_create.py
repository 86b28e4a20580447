"""The one judge of what FSx takes, against the User Guide's own words written a second time."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from checks.request.storageclass_parameters import parameters_are_known
from diag.knowledge.fsx_create import refusals, taken_values
from diag.knowledge.storage_class import GIB, class_refusals, key_of, rounded_gib
from diag.model.verdict import Verdict
from tests.checks.given import claim, findings
from tests.checks.given_storage_class import GROUP, SUBNET, asked

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


def fsx_takes(given: dict[str, str], gib: int) -> bool:
    """The User Guide's rules for SSD and HDD, written a second time and without the table."""
    kind = given.get("deploymentType") or "SCRATCH_1"
    storage = given.get("storageType") or "SSD"
    speed = int(given.get("perUnitStorageThroughput") or 0)
    version, mode = given.get("fileSystemTypeVersion"), given.get("metadataConfigurationMode")
    iops = int(given.get("metadataIops") or 0) if mode else 0
    efa, imported, exported = given.get("efaEnabled") == "true", given.get("s3ImportPath"), given.get("s3ExportPath")
    if storage == "HDD" and (kind != "PERSISTENT_1" or not given.get("driveCacheType")):
        return False
    speeds = {("PERSISTENT_1", "SSD"): (50, 100, 200), ("PERSISTENT_1", "HDD"): (12, 40),
              ("PERSISTENT_2", "SSD"): (125, 250, 500, 1000)}.get((kind, storage))  # fmt: skip
    if speeds is not None and speed not in speeds:
        return False
    if kind == "PERSISTENT_2":
        if version == "2.10" or imported or exported or (mode and version == "2.12") or (efa and not mode):
            return False
    elif mode or efa:
        return False
    if exported and (not imported or exported.split("/")[2] != imported.split("/")[2]):
        return False
    if iops and mode == "AUTOMATIC":
        return False
    if iops and iops not in (1500, 3000, 6000) and iops % 12000:
        return False
    least = 1500 if gib < 2400 else 3000 if gib < 4800 else 6000 if gib < 12000 else 12000
    if iops and iops < least:
        return False
    steps = {125: 38400, 250: 19200, 500: 9600, 1000: 4800}
    return not efa or gib % steps[speed] == 0


ANY = {
    **{key_of(member): st.sampled_from(taken_values(member)) for member in
       ("DeploymentType", "DriveCacheType", "DataCompressionType", "FileSystemTypeVersion",
        "MetadataConfiguration.Mode")},
    "storageType": st.sampled_from(("SSD", "HDD")),
    "perUnitStorageThroughput": st.sampled_from(("12", "40", "50", "100", "125", "200", "250", "500", "1000")),
    "metadataIops": st.one_of(st.sampled_from(("1500", "3000", "6000", "12000", "24000", "192000")),
                              st.integers(1500, 192000).map(str)),
    "efaEnabled": st.sampled_from(("true", "false")),
    "s3ImportPath": st.sampled_from(("s3://one", "s3://two/in")),
    "s3ExportPath": st.sampled_from(("s3://one/out", "s3://two")),
}  # fmt: skip


@settings(max_examples=400, deadline=None)
@example({"deploymentType": "PERSISTENT_2", "perUnitStorageThroughput": "1000", "efaEnabled": "true",
          "metadataConfigurationMode": "AUTOMATIC", "fileSystemTypeVersion": "2.15"}, 4800)  # fmt: skip
@given(st.fixed_dictionaries({}, optional=ANY), st.integers(1, 60000))
def test_a_class_drawn_from_the_models_grammar_is_red_exactly_when_fsx_refuses_it(
    drawn: dict[str, str], asked_gib: int
) -> None:
    parameters = {"subnetId": SUBNET, "securityGroupIds": GROUP, **drawn}
    waiting = claim(volume="", resources={"requests": {"storage": f"{asked_gib}Gi"}})
    red = any(
        found.verdict is Verdict.FAIL
        for found in findings(parameters_are_known, **asked(parameters, claims=(waiting,)))
    )
    assert red is not fsx_takes(drawn, rounded_gib(asked_gib * GIB, parameters)), class_refusals(
        parameters, rounded_gib(asked_gib * GIB, parameters)
    )
