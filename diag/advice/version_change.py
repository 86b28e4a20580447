"""How a file system and its nodes are brought to Lustre versions that talk to each other."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from diag.knowledge.lustre_versions import Client, common_servers, default_version, upgrade_for, valid_versions
from diag.model.finding import Fix
from diag.resources.fsx import FileSystem


def bring_together(file_system: FileSystem, clients: Iterable[Client]) -> Fix:
    """The newest version that every client talks to: in place where that is possible, else in words."""
    known = tuple(clients)
    has_metadata = file_system.lustre.metadata_configuration is not None
    valid = valid_versions(file_system.lustre.deployment_type, metadata_configuration=has_metadata)
    target = upgrade_for(file_system.file_system_type_version, known)
    if target and (not valid or target in valid):
        id = shlex.quote(file_system.id)
        anew = Fix(
            (),
            f"make a new file system with --file-system-type-version {target} and a new PersistentVolume for it; "
            "what only lives on the old one has to be copied or exported first",
            "delete the new file system; the old one is untouched",
        )
        return Fix(
            (f"aws fsx update-file-system --file-system-id {id} --file-system-type-version {target}",),
            f"upgrades it in place to {target}; unmount it everywhere first, it is away for some minutes",
            "none: a Lustre version cannot be lowered",
            (anew,),
        )
    usable = [version for version in common_servers(known) if not valid or version in valid]
    if usable:
        return Fix(
            (),
            f"a version cannot be lowered: mount it on nodes with a newer client, or make a file system with "
            f"--file-system-type-version {usable[-1]} and a new PersistentVolume for it",
        )
    return Fix((), "no Lustre version suits all these nodes: bring them to one operating system and kernel")


def why_this_version(file_system: FileSystem) -> str:
    """That nobody chose the version, where it is the one that FSx makes by itself; else empty."""
    lustre = file_system.lustre
    usual = default_version(lustre.deployment_type, metadata_configuration=lustre.metadata_configuration is not None)
    if usual and usual == file_system.file_system_type_version:
        return f"FSx makes {lustre.deployment_type} with Lustre {usual} when no version is named"
    return ""
