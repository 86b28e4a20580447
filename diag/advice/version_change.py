"""How a file system and its nodes are brought to Lustre versions that talk to each other."""

from __future__ import annotations

from collections.abc import Iterable

from diag.advice.steps import advise, caution, change, person
from diag.knowledge.lustre_versions import Client, common_servers, default_version, upgrade_for, valid_versions
from diag.model.fix import Danger, Fix, StepKind
from diag.resources.fsx import FileSystem

NODE_OWNER = "the owner of the nodes"
UPGRADE = "aws fsx update-file-system --file-system-id {file_system} --file-system-type-version {target_version}"
DURATION = "typically under 30 minutes"
"""How long an upgrade takes the file system away. Source: FSx for Lustre user guide, managing Lustre versions."""


def bring_together(file_system: FileSystem, clients: Iterable[Client]) -> Fix:
    """The newest version that every client talks to: in place where that is possible, else in words."""
    known = tuple(clients)
    deployment_type = file_system.lustre.deployment_type
    has_metadata = file_system.lustre.metadata_configuration is not None
    valid = valid_versions(deployment_type, metadata_configuration=has_metadata)
    target = upgrade_for(file_system.file_system_type_version, known)
    if target and (not valid or target in valid):
        return _upgrade(file_system, target)
    usable = [version for version in common_servers(known) if not valid or version in valid]
    if usable:
        request = (
            "A version cannot be lowered. Mount it on nodes with a newer client, or create a file system with"
            f" --file-system-type-version {usable[-1]} and a new PersistentVolume for it."
        )
        return Fix((person(request, by=NODE_OWNER),))
    request = "No Lustre version suits all these nodes: bring them to one operating system and kernel."
    return Fix((person(request, by=NODE_OWNER),))


def _upgrade(file_system: FileSystem, target: str) -> Fix:
    names = {"file_system": file_system.id, "target_version": target}
    scratch = file_system.lustre.deployment_type.startswith("SCRATCH")
    unsure = (caution("FSx may refuse it for a SCRATCH type; its docs do not say."),)
    stop = "Stop every pod that mounts it, or FSx rolls the upgrade back."
    new = advise(
        "Create a new file system with --file-system-type-version {target_version} and a new PersistentVolume for it."
        " First copy or export what exists on the old one only.",
        names,
    )
    return Fix(
        (
            caution(stop, danger=Danger.INTERRUPTS),
            *(unsure if scratch else ()),
            change(
                UPGRADE,
                names,
                changes="Upgrade it in place. A version can never be lowered.",
                danger=Danger.INTERRUPTS,
            ),
            person(
                f"Until it is AVAILABLE with that version, {DURATION}. If it is FAILED or MISCONFIGURED, open a"
                " support case.",
                kind=StepKind.WAIT,
            ),
        ),
        (new,),
    )


def why_this_version(file_system: FileSystem) -> str:
    """That nobody chose the version, where it is the one that FSx makes by itself; else empty."""
    lustre = file_system.lustre
    usual = default_version(lustre.deployment_type, metadata_configuration=lustre.metadata_configuration is not None)
    if usual and usual == file_system.file_system_type_version:
        return f"FSx makes {lustre.deployment_type} with Lustre {usual} when no version is named"
    return ""
