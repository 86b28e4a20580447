"""One rule, one verdict, in whatever kind of file the file system is written.

Each case is a request to FSx by the API's own members. Each writer spells it as one kind of file does; one run judges
the folder of all cases in that kind. A broken rule costs exactly one finding, at the case's own file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.command import run

SUBNET, GROUP = "subnet-0123456789abcdef0", "sg-0123456789abcdef0"
Request = dict[str, str]

SCRATCH: Request = {"DeploymentType": "SCRATCH_2", "StorageCapacity": "1200"}
P1: Request = {"DeploymentType": "PERSISTENT_1", "StorageCapacity": "1200", "PerUnitStorageThroughput": "100"}
P2: Request = {"DeploymentType": "PERSISTENT_2", "StorageCapacity": "1200", "PerUnitStorageThroughput": "250"}
HDD: Request = {**P1, "StorageType": "HDD", "StorageCapacity": "6000", "PerUnitStorageThroughput": "12",
                "DriveCacheType": "NONE"}  # fmt: skip
META: Request = {**P2, "FileSystemTypeVersion": "2.15", "MetadataConfiguration.Mode": "USER_PROVISIONED",
                 "MetadataConfiguration.Iops": "3000"}  # fmt: skip
EFA: Request = {**P2, "FileSystemTypeVersion": "2.15", "PerUnitStorageThroughput": "1000", "StorageCapacity": "4800",
                "MetadataConfiguration.Mode": "AUTOMATIC", "EfaEnabled": "true"}  # fmt: skip
LINKED: Request = {**SCRATCH, "ImportPath": "s3://a-bucket/in", "ExportPath": "s3://a-bucket/out"}


class Case(NamedTuple):
    """A request, the verdict of FSx on it, and the member that has to be named."""

    request: Request
    verdict: str = "pass"
    member: str = ""


GREEN = [
    SCRATCH, P1, P2, HDD, META, EFA, LINKED,
    {**SCRATCH, "DeploymentType": "SCRATCH_1", "StorageCapacity": "3600"},
    {**SCRATCH, "DataCompressionType": "NONE", "AutoImportPolicy": "NONE"},
    {**SCRATCH, "DataCompressionType": "LZ4", "FileSystemTypeVersion": "2.12"},
    {**LINKED, "AutoImportPolicy": "NEW_CHANGED_DELETED", "ImportedFileChunkSize": "512000"},
    {**P1, "PerUnitStorageThroughput": "50", "StorageCapacity": "2400"},
    {**P1, "AutomaticBackupRetentionDays": "90", "DailyAutomaticBackupStartTime": "23:59", "CopyTagsToBackups": "true"},
    {**P1, "AutomaticBackupRetentionDays": "0", "WeeklyMaintenanceStartTime": "7:09:00"},
    {**P1, "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"},
    {**HDD, "PerUnitStorageThroughput": "40", "StorageCapacity": "1800", "DriveCacheType": "READ"},
    {**P2, "PerUnitStorageThroughput": "1000", "StorageCapacity": "4800"},
    {**META, "MetadataConfiguration.Iops": "192000"},
    {**EFA, "PerUnitStorageThroughput": "125", "StorageCapacity": "38400"},
    {**P2, "PerUnitStorageThroughput": "125", "StorageCapacity": "2400"},
]  # fmt: skip

RED = [
    ({**SCRATCH, "DeploymentType": "SCRATCH_3"}, "DeploymentType"),
    ({**SCRATCH, "DeploymentType": "<type>"}, "DeploymentType"),
    ({**SCRATCH, "DeploymentType": "CHANGEME"}, "DeploymentType"),
    ({**SCRATCH, "StorageType": "ssd"}, "StorageType"),
    ({**SCRATCH, "DataCompressionType": "GZIP"}, "DataCompressionType"),
    ({**SCRATCH, "FileSystemTypeVersion": "2.14"}, "FileSystemTypeVersion"),
    ({**SCRATCH, "FileSystemTypeVersion": "???"}, "FileSystemTypeVersion"),
    ({**LINKED, "AutoImportPolicy": "ALL"}, "AutoImportPolicy"),
    ({**LINKED, "ImportPath": "s3://<bucket>/in", "ExportPath": ""}, "ImportPath"),
    ({**LINKED, "ImportPath": "a-bucket/in", "ExportPath": ""}, "ImportPath"),
    ({**LINKED, "ExportPath": "s3://another-bucket/out"}, "ExportPath"),
    ({**LINKED, "ImportPath": ""}, "ImportPath"),
    ({**LINKED, "ImportedFileChunkSize": "512001"}, "ImportedFileChunkSize"),
    ({**P1, "PerUnitStorageThroughput": "125"}, "PerUnitStorageThroughput"),
    ({**P1, "PerUnitStorageThroughput": "1001"}, "PerUnitStorageThroughput"),
    ({**P1, "PerUnitStorageThroughput": ""}, "PerUnitStorageThroughput"),
    ({**P1, "AutomaticBackupRetentionDays": "91"}, "AutomaticBackupRetentionDays"),
    ({**P1, "AutomaticBackupRetentionDays": "7", "DailyAutomaticBackupStartTime": "24:00"},
     "DailyAutomaticBackupStartTime"),
    ({**P1, "WeeklyMaintenanceStartTime": "8:05:00"}, "WeeklyMaintenanceStartTime"),
    ({**P1, "KmsKeyId": "${KMS_KEY}"}, "KmsKeyId"),
    ({**P1, "KmsKeyId": "None"}, "KmsKeyId"),
    ({**P2, "PerUnitStorageThroughput": "200"}, "PerUnitStorageThroughput"),
    ({**P2, "ImportPath": "s3://a-bucket"}, "ImportPath"),
    ({**P2, "FileSystemTypeVersion": "2.10"}, "FileSystemTypeVersion"),
    ({**P2, "StorageType": "HDD"}, "DeploymentType"),
    ({**HDD, "DriveCacheType": ""}, "DriveCacheType"),
    ({**HDD, "PerUnitStorageThroughput": "50"}, "PerUnitStorageThroughput"),
    ({**META, "MetadataConfiguration.Iops": "2000"}, "MetadataConfiguration.Iops"),
    ({**META, "MetadataConfiguration.Iops": "1499"}, "MetadataConfiguration.Iops"),
    ({**META, "MetadataConfiguration.Iops": "192001"}, "MetadataConfiguration.Iops"),
    ({**META, "MetadataConfiguration.Mode": "AUTOMATIC"}, "MetadataConfiguration.Iops"),
    ({**META, "FileSystemTypeVersion": "2.12"}, "FileSystemTypeVersion"),
    ({**META, "DeploymentType": "PERSISTENT_1", "PerUnitStorageThroughput": "100"}, "DeploymentType"),
    ({**EFA, "StorageCapacity": "1200"}, "StorageCapacity"),
    ({**EFA, "StorageCapacity": "7200"}, "StorageCapacity"),
    ({**EFA, "MetadataConfiguration.Mode": ""}, "MetadataConfiguration.Mode"),
]  # fmt: skip

CAPACITY = [
    ({**P2, "StorageCapacity": "3600"}, "StorageCapacity"),
    ({**P2, "StorageCapacity": "1000"}, "StorageCapacity"),
    ({**SCRATCH, "StorageCapacity": "3600"}, "StorageCapacity"),
    ({**SCRATCH, "StorageCapacity": "2399"}, "StorageCapacity"),
    ({**SCRATCH, "DeploymentType": "SCRATCH_1", "StorageCapacity": "4800"}, "StorageCapacity"),
    ({**HDD, "StorageCapacity": "7200"}, "StorageCapacity"),
]  # fmt: skip
"""A claim's capacity the driver rounds up, so no class breaks these."""

CASES = [
    *(Case(request) for request in GREEN),
    *(Case(request, "fail", member) for request, member in (*RED, *CAPACITY)),
    Case({**SCRATCH, "KmsKeyId": "alias/mine"}, "warn", "KmsKeyId"),
    Case({**SCRATCH, "AutoImportPolicy": "NEW"}, "warn", "ImportPath"),
    Case(
        {**META, "MetadataConfiguration.Iops": "1500", "StorageCapacity": "2400"}, "warn", "MetadataConfiguration.Iops"
    ),
]

KEYS = {
    "DeploymentType": "deploymentType", "StorageType": "storageType", "DriveCacheType": "driveCacheType",
    "PerUnitStorageThroughput": "perUnitStorageThroughput", "FileSystemTypeVersion": "fileSystemTypeVersion",
    "DataCompressionType": "dataCompressionType", "AutoImportPolicy": "autoImportPolicy", "ImportPath": "s3ImportPath",
    "ExportPath": "s3ExportPath", "AutomaticBackupRetentionDays": "automaticBackupRetentionDays",
    "DailyAutomaticBackupStartTime": "dailyAutomaticBackupStartTime", "CopyTagsToBackups": "copyTagsToBackups",
    "WeeklyMaintenanceStartTime": "weeklyMaintenanceStartTime", "KmsKeyId": "kmsKeyId", "EfaEnabled": "efaEnabled",
    "MetadataConfiguration.Mode": "metadataConfigurationMode", "MetadataConfiguration.Iops": "metadataIops",
}  # fmt: skip
"""Source: aws-fsx-csi-driver v1.9.0 pkg/driver/controller.go."""

NUMBERS = {"StorageCapacity", "PerUnitStorageThroughput", "AutomaticBackupRetentionDays", "ImportedFileChunkSize",
           "MetadataConfiguration.Iops"}  # fmt: skip
BOOLS = {"CopyTagsToBackups", "EfaEnabled"}
OUTSIDE = {"StorageCapacity", "StorageType", "KmsKeyId", "FileSystemTypeVersion"}
"""Members that stand beside LustreConfiguration in the API."""


def typed(member: str, value: str) -> Any:
    return int(value) if member in NUMBERS else value == "true" if member in BOOLS else value


def nested(request: Request, spell: Callable[[str], str] = str) -> dict[str, Any]:
    """The members as a document's values, those of a structure in it."""
    made: dict[str, Any] = {}
    for member, value in request.items():
        holder, _, key = member.rpartition(".")
        if value:
            (made.setdefault(spell(holder), {}) if holder else made)[spell(key)] = typed(member, value)
    return made


def api(request: Request) -> dict[str, Any]:
    lustre = nested({key: value for key, value in request.items() if key not in OUTSIDE})
    outside = nested({key: value for key, value in request.items() if key in OUTSIDE})
    return {"FileSystemType": "LUSTRE", **outside, "SubnetIds": [SUBNET], "SecurityGroupIds": [GROUP],
            "LustreConfiguration": lustre}  # fmt: skip


def snake(member: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", member).lower()


def attributes(request: Request) -> dict[str, Any]:
    made = nested(request, snake)
    if "metadata_configuration" in made:
        made["metadata_configuration"] = [made["metadata_configuration"]]
    return {**made, "subnet_ids": [SUBNET], "security_group_ids": [GROUP]}


def parameters(request: Request) -> dict[str, str] | None:
    """The class's parameters; None when the driver has no key for a member."""
    members = {key: value for key, value in request.items() if key != "StorageCapacity" and value}
    if not members.keys() <= KEYS.keys():
        return None
    return {"subnetId": SUBNET, "securityGroupIds": GROUP, **{KEYS[key]: value for key, value in members.items()}}


def storage_class(name: str, request: Request) -> str | None:
    given = parameters(request)
    if given is None:
        return None
    made = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name},
            "provisioner": "fsx.csi.aws.com", "parameters": given}  # fmt: skip
    size = f"{request['StorageCapacity']}Gi"
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
             "spec": {"accessModes": ["ReadWriteMany"], "storageClassName": name,
                      "resources": {"requests": {"storage": size}}}}  # fmt: skip
    return f"{json.dumps(made)}\n---\n{json.dumps(claim)}\n"


def resource(name: str, request: Request) -> dict[str, Any]:
    return {"address": f"aws_fsx_lustre_file_system.{name}", "mode": "managed", "type": "aws_fsx_lustre_file_system",
            "name": name, "values": attributes(request)}  # fmt: skip


def plan(name: str, request: Request) -> str:
    return json.dumps(
        {"format_version": "1.2", "planned_values": {"root_module": {"resources": [resource(name, request)]}}}
    )


def state_of_a_module(name: str, request: Request) -> str:
    one = resource(name, request)
    module = {"address": "module.data", "resources": [{**one, "address": f"module.data.{one['address']}"}]}
    return json.dumps({"format_version": "1.0", "values": {"root_module": {"child_modules": [module]}}})


def class_of_a_plan(name: str, request: Request) -> str | None:
    """A class alone: what its claims will ask for nobody knows."""
    given = parameters(request)
    if given is None or request["StorageCapacity"] != "1200" or "EfaEnabled" in request:
        return None
    values = {"metadata": [{"name": name}], "storage_provisioner": "fsx.csi.aws.com", "parameters": given}
    one = {"address": f"kubernetes_storage_class_v1.{name}", "mode": "managed", "type": "kubernetes_storage_class_v1",
           "name": name, "values": values}  # fmt: skip
    return json.dumps({"format_version": "1.2", "planned_values": {"root_module": {"resources": [one]}}})


def source(name: str, request: Request) -> str | None:
    if any("${" in value for value in request.values()):
        return None  # an expression of Terraform's own, and open
    made = attributes(request)
    block = made.pop("metadata_configuration", None)
    lines = [f"  {key} = {json.dumps(value)}" for key, value in made.items()]
    if block:
        lines += [
            "  metadata_configuration {",
            *(f"    {key} = {json.dumps(value)}" for key, value in block[0].items()),
            "  }",
        ]
    return "\n".join([f'resource "aws_fsx_lustre_file_system" "{name}" {{', *lines, "}", ""])


def source_in_json(name: str, request: Request) -> str | None:
    if any("${" in value for value in request.values()):
        return None
    return json.dumps({"resource": {"aws_fsx_lustre_file_system": {name: attributes(request)}}})


def template(name: str, request: Request) -> str:
    return json.dumps({"Resources": {name: {"Type": "AWS::FSx::FileSystem", "Properties": api(request)}}}, indent=1)


def skeleton(name: str, request: Request) -> str:
    return json.dumps({"ClientRequestToken": name, **api(request)})


def template_of_cdk(name: str, request: Request) -> str:
    """As `cdk synth` writes it: ids that other resources have, metadata, a condition and a rule of its own."""
    properties = {**api(request), "SubnetIds": [{"Ref": "VpcPrivateSubnet1"}],
                  "SecurityGroupIds": [{"Fn::GetAtt": ["FsxGroup", "GroupId"]}]}  # fmt: skip
    made = {"Type": "AWS::FSx::FileSystem", "Properties": properties, "UpdateReplacePolicy": "Delete",
            "DeletionPolicy": "Delete", "Metadata": {"aws:cdk:path": f"Stack/{name}/Resource"}}  # fmt: skip
    version = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}
    condition = {"CDKMetadataAvailable": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}}
    return json.dumps({"Resources": {name: made}, "Parameters": {"BootstrapVersion": version}, "Conditions": condition})


def template_in_yaml(name: str, request: Request) -> str:
    text = yaml.safe_dump({"Resources": {name: {"Type": "AWS::FSx::FileSystem", "Properties": api(request)}}})
    return "AWSTemplateFormatVersion: '2010-09-09'\n" + text.replace(f"- {SUBNET}", "- !Ref Subnet")


def skeleton_in_yaml(name: str, request: Request) -> str:
    return yaml.safe_dump({"ClientRequestToken": name, **api(request)})


def hyperpod(name: str, request: Request) -> str | None:
    """What HyperPod makes by itself: PERSISTENT_2 on SSD, by size and throughput alone."""
    if request.keys() - {"DeploymentType", "StorageCapacity", "PerUnitStorageThroughput"}:
        return None
    if request["DeploymentType"] != "PERSISTENT_2":
        return None
    sizes = {"SizeInGiB": request["StorageCapacity"], "PerUnitStorageThroughput": request["PerUnitStorageThroughput"]}
    made = {key: int(value) for key, value in sizes.items() if value}
    return json.dumps({"ClusterName": name, "InstanceGroups": [], "EnvironmentConfig": {"FSxLustreConfig": made}})


def list_of_objects(name: str, request: Request) -> str | None:
    text = storage_class(name, request)
    items = [json.loads(part) for part in text.split("\n---\n")] if text else []
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}) if text else None


def stateful_set(name: str, request: Request) -> str | None:
    """The class with the claims that a StatefulSet makes of it."""
    text = storage_class(name, request)
    if text is None:
        return None
    made, claim = (json.loads(part) for part in text.split("\n---\n"))
    claim = {"metadata": {"name": "data"}, "spec": claim["spec"]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "app", "image": "busybox"}]}}
    spec = {"serviceName": name, "selector": {"matchLabels": {"app": name}}, "template": template,
            "volumeClaimTemplates": [claim]}  # fmt: skip
    whole = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}, "spec": spec}
    return f"{json.dumps(made)}\n---\n{json.dumps(whole)}\n"


def ephemeral(name: str, request: Request) -> str | None:
    """The class with the claim that a pod makes for itself."""
    text = storage_class(name, request)
    if text is None:
        return None
    made, claim = (json.loads(part) for part in text.split("\n---\n"))
    volume = {"name": "data", "ephemeral": {"volumeClaimTemplate": {"spec": claim["spec"]}}}
    spec = {"containers": [{"name": "app", "image": "busybox"}], "volumes": [volume]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    return f"{json.dumps(made)}\n---\n{json.dumps(pod)}\n"


def parallelcluster(name: str, request: Request) -> str | None:
    if any("." in member or member == "EfaEnabled" for member in request):
        return None
    storage = {"Name": name, "StorageType": "FsxLustre", "MountDir": "/fsx", "FsxLustreSettings": nested(request)}
    return json.dumps({"Region": "eu-west-1", "HeadNode": {"InstanceType": "c5.large"}, "SharedStorage": [storage]})


WRITERS: dict[str, tuple[str, Callable[[str, Request], str | None]]] = {
    "StorageClass": ("yaml", storage_class),
    "StorageClass in a List": ("json", list_of_objects),
    "StorageClass of a StatefulSet": ("yaml", stateful_set),
    "StorageClass of an ephemeral volume": ("yaml", ephemeral),
    "Terraform plan": ("json", plan),
    "Terraform state of a module": ("json", state_of_a_module),
    "StorageClass of a Terraform plan": ("json", class_of_a_plan),
    "Terraform source": ("tf", source),
    "Terraform source in JSON": ("tf.json", source_in_json),
    "CloudFormation": ("yaml", template),
    "CloudFormation in YAML": ("template", template_in_yaml),
    "CDK output": ("json", template_of_cdk),
    "AWS CLI input": ("json", skeleton),
    "AWS CLI input in YAML": ("yaml", skeleton_in_yaml),
    "ParallelCluster": ("yaml", parallelcluster),
    "HyperPod": ("json", hyperpod),
}


def spellings(member: str) -> set[str]:
    """How a message may name a member, whatever the file."""
    own = {"SizeInGiB"} if member == "StorageCapacity" else set()
    return {member, member.rpartition(".")[2], snake(member), KEYS.get(member, member), *own}


STRICTER = {"ParallelCluster": {"AutoImportPolicy", "KmsKeyId"}}
"""Members whose combination that tool refuses itself, while FSx' answer is only inferred."""


@pytest.mark.parametrize("kind", WRITERS)
def test_a_rule_holds_in_every_kind_of_file(tmp_path: Path, kind: str) -> None:
    suffix, write = WRITERS[kind]
    judged: dict[str, Case] = {}
    for number, case in enumerate(CASES):
        if kind.startswith("StorageClass") and (case.request, case.member) in CAPACITY:
            continue
        text = write(f"c{number}", case.request)
        if text is not None:
            path = tmp_path / f"c{number}.{suffix}"
            path.write_text(text)
            judged[str(path)] = case
    assert len(judged) > (3 if kind == "HyperPod" else 25)
    ran = run("run", "-f", str(tmp_path), "--offline", "--format", "json")
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in ran.document["findings"]:
        if finding["verdict"] in ("fail", "warn", "unknown"):
            found.setdefault(finding["location"]["file"], []).append(finding)
    wrong = []
    for path, case in judged.items():
        own = found.get(path, [])
        if case.verdict == "warn" and STRICTER.get(kind, set()) & case.request.keys():
            case = case._replace(verdict="fail")
        if case.verdict == "pass":
            right = not own
        else:
            right = [f["verdict"] for f in own] == [case.verdict] and any(
                word in own[0]["message"] for word in spellings(case.member)
            )
        if not right:
            wrong.append(f"{case}: {[(f['check'], f['verdict'], f['message']) for f in own]}")
    assert not wrong, "\n".join(wrong)


# --- What names a file system that exists -----------------------------------------------------------------------------

FS = "fs-0123456789abcdef0"
DNS = f"{FS}.fsx.eu-west-1.amazonaws.com"


class Existing(NamedTuple):
    """A file system that a file names, and what is wrong with it: `id`, `dns`, `mount` or nothing."""

    id: str
    dns: str
    mount: str
    wrong: str = ""


EXISTING = [
    Existing(FS, DNS, "abcdebev"),
    Existing("fs-01234567", "fs-01234567.fsx.us-gov-west-1.amazonaws.com", "fsx"),
    Existing(FS, f"{FS}.fsx.cn-north-1.amazonaws.com.cn", "abcdebev"),
    Existing("<fsx-id>", DNS, "abcdebev", "id"),
    Existing("fs-xxxxxxxxxxxxxxxxx", DNS, "abcdebev", "id"),
    Existing("FSX_ID", DNS, "abcdebev", "id"),
    Existing(FS, "<dns-name>", "abcdebev", "dns"),
    Existing(FS, "FSX_DNS_NAME", "abcdebev", "dns"),
    Existing(FS, f"{FS}.fsx.<region>.amazonaws.com", "abcdebev", "dns"),
    Existing(FS, "fs-1234.fsx.eu-west-1.amazonaws.com", "abcdebev", "dns"),
    Existing(FS, DNS, "<mount-name>", "mount"),
    Existing(FS, DNS, "CHANGEME", "mount"),
    Existing(FS, DNS, "xxxxxxxx", "mount"),
    Existing(FS, DNS, "abcdebevx", "mount"),
]


def volume(name: str, given: Existing) -> str:
    source = {"driver": "fsx.csi.aws.com", "volumeHandle": given.id,
              "volumeAttributes": {"dnsname": given.dns, "mountname": given.mount}}  # fmt: skip
    spec = {"capacity": {"storage": "1200Gi"}, "accessModes": ["ReadWriteMany"], "csi": source}
    return json.dumps({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec})


def volume_of_a_plan(name: str, given: Existing) -> str:
    source = {"driver": "fsx.csi.aws.com", "volume_handle": given.id,
              "volume_attributes": {"dnsname": given.dns, "mountname": given.mount}}  # fmt: skip
    spec = {"capacity": {"storage": "1200Gi"}, "access_modes": ["ReadWriteMany"],
            "persistent_volume_source": [{"csi": [source]}]}  # fmt: skip
    type = "kubernetes_persistent_volume_v1"
    one = {"address": f"{type}.{name}", "mode": "managed", "type": type, "name": name,
           "values": {"metadata": [{"name": name}], "spec": [spec]}}  # fmt: skip
    return json.dumps({"format_version": "1.2", "planned_values": {"root_module": {"resources": [one]}}})


def of_hyperpod(given: Existing) -> dict[str, Any]:
    group = {"InstanceGroupName": "w", "InstanceStorageConfigs": [
        {"FsxLustreConfig": {"DnsName": given.dns, "MountName": given.mount, "MountPath": "/fsx"}}]}  # fmt: skip
    return {"ClusterName": "hp", "InstanceGroups": [group]}


def hyperpod_of_a_template(name: str, given: Existing) -> str:
    return json.dumps({"Resources": {name: {"Type": "AWS::SageMaker::Cluster", "Properties": of_hyperpod(given)}}})


def scripts_of_hyperpod(name: str, given: Existing) -> str:
    return json.dumps({"version": "1.0.0", "fsx_dns_name": given.dns, "fsx_mountname": given.mount})


def shared_storage(name: str, given: Existing) -> str:
    storage = {"Name": name, "StorageType": "FsxLustre", "MountDir": "/fsx",
               "FsxLustreSettings": {"FileSystemId": given.id}}  # fmt: skip
    return json.dumps({"Region": "eu-west-1", "HeadNode": {"InstanceType": "c5.large"}, "SharedStorage": [storage]})


NAMES: dict[str, tuple[Callable[[str, Existing], str], tuple[str, ...]]] = {
    "PersistentVolume": (volume, ("id", "dns", "mount")),
    "PersistentVolume of a Terraform plan": (volume_of_a_plan, ("id", "dns", "mount")),
    "HyperPod": (lambda name, given: json.dumps(of_hyperpod(given)), ("dns", "mount")),
    "HyperPod in CloudFormation": (hyperpod_of_a_template, ("dns", "mount")),
    "HyperPod's scripts": (scripts_of_hyperpod, ("dns", "mount")),
    "ParallelCluster": (shared_storage, ("id",)),
}
"""How a kind of file names an existing file system, and by which of its three names."""


@pytest.mark.parametrize("kind", NAMES)
def test_an_existing_file_system_is_named_alike_in_every_kind_of_file(tmp_path: Path, kind: str) -> None:
    write, used = NAMES[kind]
    for number, given in enumerate(EXISTING):
        (tmp_path / f"m{number}.json").write_text(write(f"m{number}", given))
    ran = run("run", "-f", str(tmp_path), "--offline", "--format", "json")
    red: dict[str, list[str]] = {}
    for finding in ran.document["findings"]:
        if finding["verdict"] in ("fail", "warn", "unknown"):
            red.setdefault(Path(finding["location"]["file"]).stem, []).append(finding["message"])
    wrong = [
        f"{given}: {own}"
        for number, given in enumerate(EXISTING)
        for own in [red.get(f"m{number}", [])]
        if len(own) != (given.wrong in used)
    ]
    assert not wrong, "\n".join(wrong)


# --- What uses a claim ------------------------------------------------------------------------------------------------


def pod_of(claim: str) -> dict[str, Any]:
    return {"containers": [{"name": "app", "image": "busybox"}], "restartPolicy": "OnFailure",
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]}  # fmt: skip


def workload(kind: str, claim: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "x"}}, "spec": pod_of(claim)}
    job = {"template": template}
    spec = {
        "Pod": pod_of(claim), "Job": job, "CronJob": {"schedule": "0 0 * * *", "jobTemplate": {"spec": job}},
        "StatefulSet": {"serviceName": "x", "selector": {"matchLabels": {"app": "x"}}, "template": template},
    }.get(kind, {"selector": {"matchLabels": {"app": "x"}}, "template": template})  # fmt: skip
    version = "v1" if kind == "Pod" else "batch/v1" if "Job" in kind else "apps/v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}


def batch_job(claim: str) -> dict[str, Any]:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
    return {"jobDefinitionName": "x", "type": "container", "eksProperties": {"podProperties": {"volumes": volumes}}}


USERS = [*("Pod", "Job", "CronJob", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"), "Batch"]


@pytest.mark.parametrize("kind", USERS)
@pytest.mark.parametrize("claim", ["fsx", "<claim>", "${CLAIM}"])
def test_a_claim_is_used_alike_by_every_kind_of_pod(tmp_path: Path, kind: str, claim: str) -> None:
    made = batch_job(claim) if kind == "Batch" else workload(kind, claim)
    (tmp_path / "x.json").write_text(json.dumps(made))
    (tmp_path / "v.json").write_text(volume("v", EXISTING[0]))
    ran = run("run", "-f", str(tmp_path), "--offline", "--format", "json")
    red = [finding["message"] for finding in ran.document["findings"] if finding["verdict"] in ("fail", "warn")]
    assert len(red) == (claim != "fsx"), red
    assert all(f"claimName is {claim!r}" in message for message in red)


# --- Keys that no reader knows ----------------------------------------------------------------------------------------

API_SHAPED = {"CloudFormation": template, "CDK output": template_of_cdk, "AWS CLI input": skeleton,
              "AWS CLI input in YAML": skeleton_in_yaml, "ParallelCluster": parallelcluster}  # fmt: skip


@pytest.mark.parametrize("kind", API_SHAPED)
@pytest.mark.parametrize(
    ("right", "written"),
    [("DeploymentType", "DeploymentTyp"), ("DeploymentType", "deploymentType"), ("StorageCapacity", "StorageCapcity"),
     ("PerUnitStorageThroughput", "PerUnitStorageThroughPut")],
)  # fmt: skip
def test_a_misspelt_member_costs_one_finding_in_every_kind_that_refuses_it(
    tmp_path: Path, kind: str, right: str, written: str
) -> None:
    suffix = WRITERS[kind][0]
    text = API_SHAPED[kind]("x", P1)
    assert text is not None
    (tmp_path / f"x.{suffix}").write_text(text.replace(right, written))
    ran = run("run", "-f", str(tmp_path), "--offline", "--format", "json")
    red = [f["message"] for f in ran.document["findings"] if f["verdict"] in ("fail", "warn", "unknown")]
    assert len(red) == 1 and written in red[0] and f"{right} is meant" in red[0], red
