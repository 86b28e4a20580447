"""The Lustre file systems of a plan, as FSx will be asked for them.

Source: terraform-provider-aws, fsx_lustre_file_system; Terraform, internals/json-format (values, after_unknown).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from diag.knowledge.fsx_create import fsx_model
from diag.resources.manifests import PlannedFileSystem, Spelling, spelt
from diag.sources.manifests.file_system import as_text, planned_file_system
from diag.sources.manifests.terraform.document import Resource

FILE_SYSTEM = "aws_fsx_lustre_file_system"
FOREIGN = {"FileSystemType"}
"""Members that the provider sets by itself."""


def file_systems_of(resources: Iterable[Resource]) -> Iterator[PlannedFileSystem]:
    """The planned Lustre file systems."""
    for resource in resources:
        if resource.type == FILE_SYSTEM:
            yield _planned(resource)


def _planned(resource: Resource) -> PlannedFileSystem:
    request: dict[str, str] = {}
    unknown = set(FOREIGN)
    for member in (*fsx_model().members, "BackupId"):
        block, _, key = spelt(member, Spelling.TERRAFORM).rpartition(".")
        attribute = block or key
        if _is_open(resource, attribute):
            unknown.add(member)
        elif text := as_text(_within(resource.values, block).get(key)):
            request[member] = text
    if "storage_capacity" not in resource.values:
        unknown.add("StorageCapacity")
    if "subnet_ids" not in resource.values:
        unknown.add("SubnetIds")
    return planned_file_system(resource.address, request, unknown, Spelling.TERRAFORM, groups=_groups_named(resource))


def _is_open(resource: Resource, attribute: str) -> bool:
    """Known only after apply, and not only because the provider fills in what nobody wrote."""
    return resource.is_unknown(attribute) and not resource.is_unwritten(attribute)


def _within(values: Mapping[str, Any], block: str) -> Mapping[str, Any]:
    """A nested block is a list of one."""
    given = values.get(block) if block else values
    first = given[0] if isinstance(given, list) and given else given
    return first if isinstance(first, dict) else {}


def _groups_named(resource: Resource) -> tuple[str, ...]:
    known = resource.values.get("security_group_ids")
    texts = [item for item in known if isinstance(item, str) and item] if isinstance(known, list) else []
    return tuple(dict.fromkeys((*resource.refers.get("security_group_ids", ()), *texts)))
