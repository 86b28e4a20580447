"""What the checks of a teardown share."""

from __future__ import annotations

from collections.abc import Iterable

from diag import Fix, Kind, Subject, Table
from diag.advice.steps import caution, change
from diag.model.fix import Danger, Step
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume

LEFT = "leftover-resources"
NO_WAY_BACK = "this cannot be undone"


def lustre(file_systems: Table[FileSystem]) -> list[FileSystem]:
    """The Lustre file systems that are not being deleted already."""
    return [found for found in file_systems if found.is_lustre and found.lifecycle != "DELETING"]


def account(identity: ClusterIdentity) -> Subject:
    """The account as a subject, for findings about no object of their own."""
    return Subject(Kind.ACCOUNT, identity.account or "(this account)")


def delete(command: str, note: str, **names: str) -> Fix:
    return Fix((caution(NO_WAY_BACK), change(command, names, changes=note, danger=Danger.DESTROYS)))


def delete_volumes(volumes: Iterable[PersistentVolume]) -> tuple[Step, ...]:
    command, message = "kubectl delete pv {volume}", "removes the object"
    return tuple(
        change(command, {"volume": volume.name}, changes=message, danger=Danger.DESTROYS) for volume in volumes
    )
