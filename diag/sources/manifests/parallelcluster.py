"""AWS ParallelCluster configurations: the FSx for Lustre file systems of SharedStorage.

Source: AWS ParallelCluster 3 user guide, SharedStorage section, FsxLustreSettings.
"""

from __future__ import annotations

from diag.grammar.yaml_tree import Value
from diag.resources.manifests import PlannedMount, Spelling
from diag.sources.manifests.file_system import members_of, misspelt_members, planned_file_system
from diag.sources.manifests.inventory import Inventory, merge, place

DEFAULT_TYPE = "SCRATCH_2"
"""Source: the same, DeploymentType."""

OPEN = ("SubnetIds", "FileSystemType")
"""What ParallelCluster decides."""

MAKER = "parallelcluster"

VERSION = "FileSystemTypeVersion"
"""Where a configuration names none, ParallelCluster decides, and its releases differ."""


def is_cluster(root: Value) -> bool:
    """Whether a document is a cluster's configuration."""
    return root.at("SharedStorage") is not None and (root.at("HeadNode") or root.at("Scheduling")) is not None


def cluster_in(root: Value, file: str) -> Inventory:
    """The Lustre file systems that the cluster makes, and those that it mounts."""
    items = root.at("SharedStorage")
    listed = items.content if items and isinstance(items.content, list) else ()
    found = [_storage(item, file) for item in listed if item.text("StorageType") == "FsxLustre"]
    return merge(found) if found else Inventory(seen=("ParallelCluster configuration without FSx for Lustre",))


def _storage(item: Value, file: str) -> Inventory:
    name = f"SharedStorage {item.text('Name') or '(unnamed)'}"
    settings = item.at("FsxLustreSettings") or Value({}, item.line, item.column)
    if settings.at("FileSystemId") is not None:
        beside = tuple(key for key in settings.content if key != "FileSystemId")
        mounted = PlannedMount(name, settings.text("FileSystemId"), beside=beside)
        return Inventory(mounts=(mounted,), places=(place(mounted.subject, file, item),))
    request, unknown = members_of(settings, lambda value: False)
    request.setdefault("DeploymentType", DEFAULT_TYPE)
    left = OPEN if VERSION in request else (*OPEN, VERSION)
    meant, problems = misspelt_members(settings, file)
    planned = planned_file_system(name, request, {*unknown, *left, *meant}, Spelling.API, maker=MAKER)
    return Inventory(file_systems=(planned,), places=(place(planned.subject, file, item),), problems=problems)
