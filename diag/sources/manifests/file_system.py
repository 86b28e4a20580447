"""A Lustre file system that some file is to make, from the members that the file gives."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from diag.grammar.spelling import nearest
from diag.grammar.yaml_tree import Value
from diag.knowledge.fsx_create import fsx_model
from diag.model.finding import Location
from diag.resources.manifests import PlannedFileSystem, Problem, Spelling

DEFAULT_TYPE = "SCRATCH_1"
"""Source: fsx 2018-03-01 DeploymentType."""

LUSTRE = "LustreConfiguration"
OTHERS = frozenset({
    LUSTRE, "BackupId", "ClientRequestToken", "Tags", "WindowsConfiguration", "OntapConfiguration",
    "OpenZFSConfiguration", "FileSystemId", "DataRepositoryAssociations", "DeletionPolicy",
})  # fmt: skip
"""Members beside those of the model: of the API for other types and tags, and ParallelCluster's own."""


def planned_file_system(
    name: str,
    request: dict[str, str],
    open_members: Collection[str],
    spelling: Spelling,
    *,
    groups: tuple[str, ...] = (),
    maker: str = "",
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
        maker,
    )


def members_of(root: Value, is_open: Callable[[Value], bool]) -> tuple[dict[str, str], set[str]]:
    """What a value in the API's own shape asks for, and its members that are open.

    Lustre's own members may stand in LustreConfiguration, as in the API, or beside the others.
    """
    request: dict[str, str] = {}
    unknown: set[str] = set()
    lustre = root.at(LUSTRE)
    for member in (*fsx_model().members, "BackupId"):
        path = member.split(".")
        for holder in (root, lustre):
            found = holder and holder.at(path[0])
            if holder and found and not is_open(found) and len(path) > 1:
                found = found.at(path[1])
            if (holder is lustre and lustre and is_open(lustre)) or (found and is_open(found)):
                unknown.add(member)
            elif found and (text := as_text(_plain(found))):
                request[member] = text
    return {member: text for member, text in request.items() if member not in unknown}, unknown


def misspelt_members(root: Value, file: str) -> tuple[set[str], tuple[Problem, ...]]:
    """Members that a misspelt key was meant to be, of which nothing is known then, and what is wrong with each key.

    CloudFormation, the AWS CLI and ParallelCluster refuse a key that they do not know; one that is near none may be
    newer than the model, and is let through.
    """
    heads = {member.partition(".")[0] for member in fsx_model().members}
    meant: set[str] = set()
    problems: list[Problem] = []
    lustre = root.at(LUSTRE)
    for holder, prefix in ((root, ""), (lustre, f"{LUSTRE}.")):
        given = holder.content if holder and isinstance(holder.content, dict) else {}
        for key in given.keys() - heads - OTHERS:
            if not (name := nearest(key, heads | {LUSTRE})):
                continue
            meant |= {member for member in fsx_model().members if member.partition(".")[0] == name or name == LUSTRE}
            message = f"{prefix}{key} is no member that FSx knows, and it refuses the whole input; {name} is meant"
            problems.append(Problem(Location(file, given[key].line, given[key].column), message))
    return meant, tuple(sorted(problems, key=lambda problem: problem.location.line))


def _is_version_open(request: dict[str, str], open_members: Collection[str]) -> bool:
    """Nobody knows the version, or which version the type has by default."""
    unnamed = not request.get("FileSystemTypeVersion")
    return "FileSystemTypeVersion" in open_members or (unnamed and "DeploymentType" in open_members)


def _plain(value: Value) -> Any:
    return [_plain(item) for item in value.content] if isinstance(value.content, list) else value.content


def as_text(given: Any) -> str:
    """A value as the API would print it; empty for none. A list's items are joined with commas."""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, list):
        return ",".join(filter(None, map(as_text, given)))
    if isinstance(given, float) and given.is_integer():
        return str(int(given))
    return str(given) if isinstance(given, str | int | float) else ""
