"""What one document holds, before the documents are put together."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from diag.grammar.yaml_tree import Value
from diag.model.finding import Location
from diag.model.subject import Subject
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
