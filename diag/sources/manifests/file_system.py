"""A Lustre file system that some file is to make, from the members that the file gives."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from diag.resources.manifests import PlannedFileSystem, Spelling

DEFAULT_TYPE = "SCRATCH_1"
"""Source: fsx 2018-03-01 DeploymentType."""


def planned_file_system(
    name: str,
    request: dict[str, str],
    open_members: Collection[str],
    spelling: Spelling,
    *,
    groups: tuple[str, ...] = (),
) -> PlannedFileSystem:
    """The file system of a request."""
    return PlannedFileSystem(
        name,
        request.get("DeploymentType") or DEFAULT_TYPE,
        request.get("FileSystemTypeVersion", ""),
        _is_version_open(request, open_members),
        any(member.startswith("MetadataConfiguration.") for member in (*request, *open_members)),
        groups,
        request,
        tuple(sorted(open_members)),
        spelling,
    )


def _is_version_open(request: dict[str, str], open_members: Collection[str]) -> bool:
    """Nobody knows the version, or which version the type has by default."""
    unnamed = not request.get("FileSystemTypeVersion")
    return "FileSystemTypeVersion" in open_members or (unnamed and "DeploymentType" in open_members)


def as_text(given: Any) -> str:
    """A value as the API would print it; empty for none. A list's items are joined with commas."""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, list):
        return ",".join(filter(None, map(as_text, given)))
    if isinstance(given, float) and given.is_integer():
        return str(int(given))
    return str(given) if isinstance(given, str | int | float) else ""
