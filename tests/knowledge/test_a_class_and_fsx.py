"""A StorageClass is red exactly when the driver or FSx refuses it, by an oracle that shares nothing with the judge.

What a member takes is read from botocore's own model, how the driver reads a parameter and rounds a size is its Go code
written again, and the combinations are the User Guide's sentences written again by hand, each with its page.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Any

from botocore.loaders import Loader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.request.storageclass_parameters import parameters_are_known
from diag.grammar.unfilled import is_stand_in
from diag.model.verdict import Verdict
from tests.checks.given import claim, findings, replace
from tests.checks.given_storage_class import GROUP, SUBNET, asked

SHAPES: dict[str, Any] = Loader().load_service_model("fsx", "service-2")["shapes"]
LUSTRE = SHAPES["CreateFileSystemLustreConfiguration"]["members"]
METADATA = SHAPES["CreateFileSystemLustreMetadataConfiguration"]["members"]
OUTSIDE = SHAPES["CreateFileSystemRequest"]["members"]

MEMBERS = {
    "deploymentType": LUSTRE["DeploymentType"], "storageType": OUTSIDE["StorageType"],
    "driveCacheType": LUSTRE["DriveCacheType"], "dataCompressionType": LUSTRE["DataCompressionType"],
    "autoImportPolicy": LUSTRE["AutoImportPolicy"], "metadataConfigurationMode": METADATA["Mode"],
    "perUnitStorageThroughput": LUSTRE["PerUnitStorageThroughput"], "metadataIops": METADATA["Iops"],
    "automaticBackupRetentionDays": LUSTRE["AutomaticBackupRetentionDays"],
    "dailyAutomaticBackupStartTime": LUSTRE["DailyAutomaticBackupStartTime"],
    "weeklyMaintenanceStartTime": LUSTRE["WeeklyMaintenanceStartTime"], "kmsKeyId": OUTSIDE["KmsKeyId"],
    "fileSystemTypeVersion": OUTSIDE["FileSystemTypeVersion"], "s3ImportPath": LUSTRE["ImportPath"],
    "s3ExportPath": LUSTRE["ExportPath"],
}  # fmt: skip
"""Which member a parameter becomes. Source: aws-fsx-csi-driver v1.9.0 pkg/cloud/cloud.go CreateFileSystem."""
NUMBERS = ("perUnitStorageThroughput", "metadataIops", "automaticBackupRetentionDays")
BOOLS = ("copyTagsToBackups", "efaEnabled")


def shape(key: str) -> dict[str, Any]:
    found: dict[str, Any] = SHAPES[MEMBERS[key]["shape"]]
    return found


# --- The oracle -------------------------------------------------------------------------------------------------------


def model_takes(key: str, value: str) -> bool:
    """The type that the API's model gives the member."""
    row = shape(key)
    if row["type"] == "integer":
        return bool(row.get("min", -(2**31)) <= int(value) <= row.get("max", 2**31 - 1))
    if "enum" in row and value not in row["enum"]:
        return False
    if "pattern" in row and not re.search(row["pattern"], value, re.ASCII):
        return False
    return bool(row.get("min", 0) <= len(value) <= row.get("max", 1 << 20))


def tag_takes(name: str, value: str) -> bool:
    """The model's pattern of a tag: letters, separators and digits of any script, and some signs."""
    row = SHAPES[name]
    assert row["pattern"] == r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$"
    fits = all(unicodedata.category(sign)[0] in "LZN" or sign in "_.:/=+-@" for sign in value)
    return bool(fits and row.get("min", 0) <= len(value) <= row["max"])


def driver_sends(given: dict[str, str]) -> dict[str, str] | None:
    """What the driver makes of the parameters; None where it refuses. Source: pkg/driver/controller.go CreateVolume."""
    sent = {key: value for key, value in given.items() if value and key in MEMBERS}
    for key in NUMBERS:
        if key in given and not re.fullmatch(r"[+-]?[0-9]+", given[key]):
            return None  # strconv.ParseInt
        if key in sent:
            sent[key] = str(int(sent[key]))
    for key in BOOLS:
        if key in given:
            if given[key] not in ("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"):
                return None  # strconv.ParseBool
            if given[key] in ("1", "t", "T", "TRUE", "true", "True"):
                sent[key] = "true"
    tags = given["extraTags"].split(",") if given.get("extraTags") else []
    if len({tag.partition("=")[0] for tag in tags}) < len(tags):
        return None  # FSx user guide, tag restrictions: each key is unique
    for tag in tags:
        key, _, value = tag.partition("=")
        if tag.count("=") != 1:
            return None  # validateExtraTags
        if not tag_takes("TagKey", key) or not tag_takes("TagValue", value) or key.startswith("aws:"):
            return None  # FSx; the prefix is AWS' own (General Reference, tag naming limits)
    sent = {key: value for key, value in sent.items() if not (key in NUMBERS and value == "0")}
    if "automaticBackupRetentionDays" not in sent:
        sent.pop("dailyAutomaticBackupStartTime", None)
    if "metadataConfigurationMode" not in sent:
        sent.pop("metadataIops", None)
    return sent


def rounded(asked: int, given: dict[str, str]) -> int:
    """GiB. Source: pkg/util/util.go RoundUpVolumeSize."""
    if given.get("storageType") == "HDD":
        step = 6000 if given.get("perUnitStorageThroughput", "").lstrip("+0") == "12" else 1800
    elif given.get("deploymentType", "") in ("", "SCRATCH_1"):
        step = 1200 if asked < 3600 else 3600
    else:
        step = 1200 if asked < 2400 else 2400
    return (asked + step - 1) // step * step


def fsx_takes(given: dict[str, str], asked_gib: int) -> bool:
    """Whether driver and FSx are known to make a file system of it."""
    sent = driver_sends(given)
    if sent is None or not all(model_takes(key, value) for key, value in sent.items() if key in MEMBERS):
        return False
    kind, storage = sent.get("deploymentType", "SCRATCH_1"), sent.get("storageType", "SSD")
    speed, version = int(sent.get("perUnitStorageThroughput", 0)), sent.get("fileSystemTypeVersion")
    mode, iops, efa = sent.get("metadataConfigurationMode"), int(sent.get("metadataIops", 0)), "efaEnabled" in sent
    imported, exported = sent.get("s3ImportPath", ""), sent.get("s3ExportPath", "")
    persistent = kind.startswith("PERSISTENT")
    # API reference, FileSystemTypeVersion: "valid values are 2.10, 2.12 and 2.15".
    if version not in (None, "2.10", "2.12", "2.15"):
        return False
    # API reference, CreateFileSystemLustreConfiguration, PerUnitStorageThroughput: required for persistent types; the
    # values of each. The driver cannot send what INTELLIGENT_TIERING needs.
    if storage == "INTELLIGENT_TIERING":
        return False
    values = {("PERSISTENT_1", "SSD"): (50, 100, 200), ("PERSISTENT_1", "HDD"): (12, 40),
              ("PERSISTENT_2", "SSD"): (125, 250, 500, 1000)}.get((kind, storage))  # fmt: skip
    if persistent and values is not None and speed not in values:
        return False
    # The same, StorageType and DriveCacheType: HDD for PERSISTENT_1 alone, with a cache type.
    if storage == "HDD" and (kind != "PERSISTENT_1" or "driveCacheType" not in sent):
        return False
    # The same, DeploymentType: PERSISTENT_2 needs 2.12 or later; MetadataConfiguration and EFA are for PERSISTENT_2.
    if kind == "PERSISTENT_2" and (version == "2.10" or (mode and version == "2.12")):
        return False
    if (mode or efa) and kind != "PERSISTENT_2":
        return False
    if efa and not mode:
        return False
    # The same, MetadataConfiguration.Iops: only with USER_PROVISIONED; 1500, 3000, 6000, 12000 and multiples of it.
    if iops and (mode != "USER_PROVISIONED" or (iops not in (1500, 3000, 6000) and iops % 12000)):
        return False
    # The same, ImportPath and ExportPath: an S3 path; not for PERSISTENT_2; the export in the import's bucket.
    for path in filter(None, (imported, exported)):
        if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?", path, re.ASCII):
            return False
    if (imported or exported) and kind == "PERSISTENT_2":
        return False
    if exported and (not imported or imported.split("/")[2] != exported.split("/")[2]):
        return False
    # KMS API reference, AliasName ("^[a-zA-Z0-9:/_-]+$"); the ids and ARNs of keys have fewer signs.
    if not re.fullmatch(r"[a-zA-Z0-9:/_-]*", sent.get("kmsKeyId", "")):
        return False
    # User Guide, increasing storage capacity: EFA-enabled file systems come in larger steps.
    gib = rounded(asked_gib, given)
    return not efa or gib % {125: 38400, 250: 19200, 500: 9600, 1000: 4800}[speed] == 0


# --- The grammar ------------------------------------------------------------------------------------------------------

COMMON = {
    "perUnitStorageThroughput": ("12", "40", "50", "100", "125", "200", "250", "500", "1000"),
    "metadataIops": ("1500", "3000", "6000", "12000", "24000", "192000"),
    "automaticBackupRetentionDays": ("0", "1", "7", "90"),
    "fileSystemTypeVersion": ("2.10", "2.12", "2.15"),
    "s3ImportPath": ("s3://one", "s3://two/in"), "s3ExportPath": ("s3://one/out", "s3://two"),
    "kmsKeyId": ("01234567-89ab-cdef-0123-456789abcdef", "arn:aws:kms:eu-west-1:111122223333:alias/data"),
}  # fmt: skip
ODD = {
    "fileSystemTypeVersion": ("2.14", "2", "lustre"), "s3ImportPath": ("one/in", "S3://one", "s3://O", "s3:/one"),
    "s3ExportPath": ("one", "s3://x", "s3:one"), "kmsKeyId": ("a key", "\u00e9"),
}  # fmt: skip


def of_the_model(key: str) -> st.SearchStrategy[str]:
    """Values that the model takes, a few that it nearly takes, and those that people write."""
    row = shape(key)
    if row["type"] == "integer":
        low, high = row.get("min", 0), row.get("max", 10_000)
        number = st.one_of(st.integers(low, high), st.sampled_from((low - 1, high + 1, -1, 0)))
        drawn = st.builds(lambda form, value: form.format(value), st.sampled_from(("{}", "{}", "+{}", "0{}")), number)
        drawn |= st.sampled_from(("", "many", "1.5", "7 "))
    elif "enum" in row:
        words = row["enum"]
        drawn = st.sampled_from((*words, *words, *words, words[0].lower(), words[0] + "X", ""))
    else:
        drawn = st.from_regex(re.compile(row["pattern"], re.ASCII), fullmatch=True).filter(lambda text: len(text) < 60)
        drawn |= st.sampled_from(("", "24:00", "8:00:00", "7:0500", "7:05:00", "05:00"))
    usual = st.sampled_from(COMMON[key]) if key in COMMON else drawn
    odd = st.sampled_from(ODD[key]) if key in ODD else drawn
    return st.one_of(usual, usual, drawn, odd)


FITTING = {"PERSISTENT_1": ("50", "100", "200"), "PERSISTENT_2": ("125", "250", "500", "1000")}


@st.composite
def classes(draw: st.DrawFn) -> dict[str, str]:
    """Parameters that begin as a type with its throughput, so that most rules are reached."""
    kind = draw(st.sampled_from(("", "SCRATCH_1", "SCRATCH_2", "PERSISTENT_1", "PERSISTENT_2", "PERSISTENT_2")))
    made = {"deploymentType": kind} if kind else {}
    if kind in FITTING:
        made["perUnitStorageThroughput"] = draw(st.sampled_from(FITTING[kind]))
    if kind == "PERSISTENT_1" and draw(st.booleans()):
        made |= {"storageType": "HDD", "perUnitStorageThroughput": draw(st.sampled_from(("12", "40"))),
                 "driveCacheType": draw(st.sampled_from(("NONE", "READ")))}  # fmt: skip
    if kind == "PERSISTENT_2" and draw(st.booleans()):
        made |= {"metadataConfigurationMode": draw(st.sampled_from(("AUTOMATIC", "USER_PROVISIONED")))}
        made |= {"efaEnabled": "true"} if draw(st.booleans()) else {"metadataIops": "3000"}
    for key in draw(st.lists(st.sampled_from(sorted((*MEMBERS, *BOOLS, "extraTags"))), max_size=3, unique=True)):
        if key in BOOLS:
            made[key] = draw(st.sampled_from(("true", "false", "1", "f", "True", "yes", "")))
        elif key == "extraTags":
            made[key] = draw(
                st.sampled_from(
                    (
                        "a=b",
                        "team=machine learning",
                        "a=b,c=d",
                        "a",
                        "a=b=c",
                        "a=",
                        "",
                        "a=b,",
                        "=b",
                        "a=b,a=c",
                        "aws:a=b",
                        "a=b;c",
                        f"{'k' * 129}=v",
                    )
                )
            )
        else:
            made[key] = draw(of_the_model(key).filter(lambda text: not is_stand_in(text) or text == "NONE"))
    return made


SIZES = st.one_of(st.sampled_from((1200, 2400, 4800, 9600, 19200, 38400)), st.integers(1, 60000))
SEEN: Counter[bool] = Counter()


@settings(max_examples=600, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(classes(), SIZES)
def check_a_class(drawn: dict[str, str], asked_gib: int) -> None:
    parameters = {"subnetId": SUBNET, "securityGroupIds": GROUP, **drawn}
    waiting = claim(volume="", resources={"requests": {"storage": f"{asked_gib}Gi"}})
    # How long it waits says more than the parameters do: of this one nobody knows it.
    waiting = replace(waiting, metadata=replace(waiting.metadata, creation_timestamp=""))
    found = findings(parameters_are_known, **asked(parameters, claims=(waiting,)))
    refused = [finding.message for finding in found if finding.verdict is Verdict.FAIL]
    takes = fsx_takes(drawn, asked_gib)
    SEEN[takes] += 1
    assert bool(refused) is not takes, (drawn, asked_gib, refused)


def test_a_class_drawn_from_the_models_grammar_is_red_exactly_when_it_is_refused() -> None:
    check_a_class()
    assert min(SEEN.values()) > sum(SEEN.values()) * 0.2, SEEN
