"""What one document holds, before the documents are put together."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from diag.grammar.yaml_tree import Value
from diag.model.finding import Location
from diag.model.subject import Kind, Subject
from diag.resources.ec2 import Permission
from diag.resources.kubernetes import PersistentVolume, PersistentVolumeClaim, Pod, StorageClass, Workload
from diag.resources.manifests import (
    Placed,
    PlannedAccount,
    PlannedFileSystem,
    PlannedGroup,
    PlannedMount,
    PlannedNodes,
    Problem,
    Undecided,
)

MOST_FIELDS = 300
"""Fields of one object whose place is remembered."""


class Inventory(msgspec.Struct, frozen=True):
    """The objects of one document, each with its place, and what could not be taken."""

    volumes: tuple[PersistentVolume, ...] = ()
    claims: tuple[PersistentVolumeClaim, ...] = ()
    classes: tuple[StorageClass, ...] = ()
    pods: tuple[Pod, ...] = ()
    accounts: tuple[PlannedAccount, ...] = ()
    drivers: tuple[Workload, ...] = ()
    file_systems: tuple[PlannedFileSystem, ...] = ()
    groups: tuple[PlannedGroup, ...] = ()
    mounts: tuple[PlannedMount, ...] = ()
    node_groups: tuple[PlannedNodes, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    places: tuple[Placed, ...] = ()
    problems: tuple[Problem, ...] = ()
    unread: tuple[Problem, ...] = ()
    """What may be about Lustre and was not read, with the reason."""
    seen: tuple[str, ...] = ()
    """What the document is, where nothing in it is for Lustre."""

    @property
    def is_empty(self) -> bool:
        """Nothing was found in the document, and nothing is wrong with it."""
        return not any(getattr(self, name) for name in self.__struct_fields__ if name != "seen")


def merge(parts: Iterable[Inventory]) -> Inventory:
    """Everything of several documents, in their order."""
    each = tuple(parts)
    names = Inventory.__struct_fields__
    return Inventory(**{name: tuple(item for part in each for item in getattr(part, name)) for name in names})


def named_apart(found: Inventory, taken: set[Subject], file: str) -> Inventory:
    """What a file makes, with the file in the name of what another file calls the same.

    Plans, templates and scripts name things for themselves alone: two of them may both have a `FileSystem`. `taken`
    holds the names of the files before, and gets this one's.
    """
    own = {item.subject for item in found.file_systems} | {item.subject for item in found.mounts}
    own |= {item.subject for item in found.groups} | {item.subject for item in found.node_groups}
    new = {subject: Subject(subject.kind, f"{subject.name} ({file})") for subject in own & taken}
    taken |= own
    if not new:
        return found

    def renamed(subject: Subject) -> str:
        return new.get(subject, subject).name

    def of_group(id: str) -> str:
        return renamed(Subject(Kind.SECURITY_GROUP, id))

    def permitted(rules: tuple[Permission, ...]) -> tuple[Permission, ...]:
        return tuple(
            replace(rule, user_id_group_pairs=tuple(replace(pair, group_id=of_group(pair.group_id)) for pair in pairs))
            if (pairs := rule.user_id_group_pairs)
            else rule
            for rule in rules
        )

    def with_group(planned: PlannedGroup) -> PlannedGroup:
        group = planned.group
        rules = permitted(group.ip_permissions), permitted(group.ip_permissions_egress)
        named = replace(
            group, group_id=of_group(group.group_id), ip_permissions=rules[0], ip_permissions_egress=rules[1]
        )
        return replace(planned, group=named)

    return replace(
        found,
        file_systems=tuple(
            replace(item, address=renamed(item.subject), groups=tuple(map(of_group, item.groups)))
            for item in found.file_systems
        ),
        mounts=tuple(replace(item, name=renamed(item.subject)) for item in found.mounts),
        node_groups=tuple(replace(item, name=renamed(item.subject)) for item in found.node_groups),
        groups=tuple(map(with_group, found.groups)),
        places=tuple(replace(placed, subject=new.get(placed.subject, placed.subject)) for placed in found.places),
    )


def place(subject: Subject, file: str, value: Value) -> Placed:
    """The place of an object and of every field in it that holds a scalar, by the field's own name."""
    fields: dict[str, Location] = {}
    waiting = [value]
    seen = 0
    while waiting and len(fields) < MOST_FIELDS and seen < MOST_FIELDS * 20:
        here = waiting.pop()
        seen += 1
        if isinstance(here.content, list):
            waiting.extend(reversed(here.content))
        elif isinstance(here.content, dict):
            for key, item in here.content.items():
                if key == "status" or item.content is None:
                    continue
                fields.setdefault(key, Location(file, item.line, item.column))
            waiting.extend(item for item in reversed(here.content.values()) if isinstance(item.content, dict | list))
    return Placed(subject, Location(file, value.line, value.column), fields)
