"""Which planned security groups guard which planned file systems."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from diag.facts.manifests import ManifestSet, PlannedFileSystem, PlannedGroup
from diag.facts.security import MGS_PORT, RETURN_PORTS, covers_port

_INDEX = re.compile(r"\[[^\]]*\]")


class Guarded(msgspec.Struct, frozen=True):
    """The planned groups of some file systems, or one group that is plainly meant for Lustre."""

    groups: tuple[PlannedGroup, ...]
    file_systems: tuple[PlannedFileSystem, ...] = ()
    strangers: tuple[str, ...] = ()
    """Groups of the file systems that are not in the plan."""


def guarded(manifests: ManifestSet) -> Iterator[Guarded]:
    """Each planned file system with groups, then the groups of Lustre that none of them uses."""
    by_address = {_INDEX.sub("", planned.group.group_id): planned for planned in manifests.groups}
    used: set[str] = set()
    for file_system in manifests.file_systems:
        named = [_INDEX.sub("", address) for address in file_system.groups]
        used.update(named)
        own = tuple(by_address[address] for address in named if address in by_address)
        strangers = tuple(address for address in named if address not in by_address)
        if named:
            yield Guarded(own, (file_system,), strangers)
    for address, planned in by_address.items():
        if address not in used and _is_for_lustre(planned):
            yield Guarded((planned,))


def _is_for_lustre(planned: PlannedGroup) -> bool:
    """It has a rule for some Lustre port, and not merely one for all ports."""
    rules = [rule for rule in planned.group.ip_permissions if rule.from_port not in (None, -1)]
    narrow = [rule for rule in rules if (rule.to_port or 0) - (rule.from_port or 0) < 100]
    return any(covers_port(rule, port) for rule in narrow for port in (MGS_PORT, *RETURN_PORTS))
