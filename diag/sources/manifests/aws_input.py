"""Inputs of AWS commands (`--cli-input-json`, `--cli-input-yaml`) that make or name a file system.

Source: fsx 2018-03-01 CreateFileSystem; sagemaker 2017-07-24 CreateCluster (ClusterFsxLustreConfig, FSxLustreConfig);
batch 2016-08-10 RegisterJobDefinition (EksPodProperties); awsome-distributed-training, provisioning_parameters.json.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from diag.grammar.yaml_tree import Value
from diag.resources.kubernetes import ClaimVolume, Metadata, Pod, PodSpec, PodVolume
from diag.resources.manifests import PlannedFileSystem, PlannedMount, Spelling
from diag.sources.manifests.file_system import LUSTRE, as_text, members_of, misspelt_members, planned_file_system
from diag.sources.manifests.inventory import Inventory, merge, place

MOST_VALUES = 100_000

HYPERPOD_TYPE = "PERSISTENT_2"
"""What a HyperPod cluster makes by itself: its throughputs are those of that type. Source: sagemaker 2017-07-24
FSxLustrePerUnitStorageThroughput."""


def is_create_file_system(root: Value) -> bool:
    """Whether a document is the input of `aws fsx create-file-system`, for whatever type."""
    return root.at("FileSystemType") is not None and (root.at("SubnetIds") is not None or root.at(LUSTRE) is not None)


def create_file_system_in(root: Value, file: str) -> Inventory:
    """The file system of the input; none for another type than Lustre."""
    if root.text("FileSystemType") not in ("LUSTRE", ""):
        return Inventory(seen=(f"input for a file system of type {root.text('FileSystemType')}",))
    request, unknown = members_of(root, lambda value: False)
    meant, problems = misspelt_members(root, file)
    groups = tuple(filter(None, request.get("SecurityGroupIds", "").split(",")))
    planned = planned_file_system(PurePath(file).name, request, unknown | meant, Spelling.API, groups=groups)
    return Inventory(file_systems=(planned,), places=(place(planned.subject, file, root),), problems=problems)


def is_hyperpod(root: Value) -> bool:
    """Whether a document is the input of `aws sagemaker create-cluster`, or the settings of its Slurm scripts."""
    return root.at("InstanceGroups") is not None or root.at("fsx_dns_name") is not None


def hyperpod_in(root: Value, file: str) -> Inventory:
    """The file systems that a HyperPod cluster mounts or makes."""
    return mounts_in(root, file, "HyperPod cluster")


def mounts_in(root: Value, file: str, within: str) -> Inventory:
    """Every HyperPod configuration of a file system, wherever it stands in a document."""
    return merge(_mount(name, value, file, within) for name, value in _configurations(root))


def _configurations(root: Value) -> Iterator[tuple[str, Value]]:
    waiting = [("", root)]
    for _ in range(MOST_VALUES):
        if not waiting:
            return
        path, here = waiting.pop()
        if isinstance(here.content, dict):
            for key, item in here.content.items():
                if key in ("FsxLustreConfig", "FSxLustreConfig") and isinstance(item.content, dict):
                    yield f"{path}{key}", item
                elif key == "fsx_dns_name":
                    yield "provisioning parameters", here
                waiting.append((f"{path}{key}.", item))
        elif isinstance(here.content, list):
            waiting += [(f"{path}{number}.", item) for number, item in enumerate(here.content)]


def _mount(name: str, value: Value, file: str, within: str) -> Inventory:
    if value.at("SizeInGiB") is not None or value.at("PerUnitStorageThroughput") is not None:
        planned = _made_by_hyperpod(f"{within} {name}", value)
        return Inventory(file_systems=(planned,), places=(place(planned.subject, file, value),))
    dns, mount = ("fsx_dns_name", "fsx_mountname") if value.at("fsx_dns_name") else ("DnsName", "MountName")
    given = [found for key in (dns, mount) if (found := value.at(key)) is not None]
    if any(found.tag or isinstance(found.content, dict) for found in given):
        return Inventory()
    lacking = tuple(key for key in (dns, mount) if not value.text(key))
    mounted = PlannedMount(f"{within} {name}", "", value.text(dns), value.text(mount), lacking)
    return Inventory(mounts=(mounted,), places=(place(mounted.subject, file, value),))


def _made_by_hyperpod(name: str, value: Value) -> PlannedFileSystem:
    given = {"StorageCapacity": value.at("SizeInGiB"), "PerUnitStorageThroughput": value.at("PerUnitStorageThroughput")}
    request = {member: as_text(found.content) for member, found in given.items() if found is not None and not found.tag}
    unknown = {"SubnetIds", "FileSystemType", "FileSystemTypeVersion", *(key for key in given if key not in request)}
    return planned_file_system(name, {"DeploymentType": HYPERPOD_TYPE, **request}, unknown, Spelling.HYPERPOD)


def is_job_definition(root: Value) -> bool:
    """Whether a document is the input of `aws batch register-job-definition`."""
    return root.at("jobDefinitionName") is not None


def job_definition_in(root: Value, file: str) -> Inventory:
    """The pod of a Batch job on EKS, where it has claims."""
    properties = root.at("eksProperties", "podProperties")
    volumes = properties.at("volumes") if properties else None
    claims = [
        (item.text("name"), item.text("persistentVolumeClaim", "claimName"))
        for item in (volumes.content if volumes and isinstance(volumes.content, list) else ())
    ]
    if properties is None or not any(claim for _, claim in claims):
        return Inventory(seen=("Batch job definition without a PersistentVolumeClaim",))
    meta = Metadata(root.text("jobDefinitionName").lower(), properties.text("metadata", "namespace") or "default")
    made = tuple(PodVolume(name, ClaimVolume(claim)) for name, claim in claims if claim)
    pod = Pod(meta, PodSpec(volumes=made))
    return Inventory(pods=(pod,), places=(place(pod.subject, file, root),))
