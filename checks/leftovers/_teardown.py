"""What the checks of a teardown share.

A look covers one Region of one account and the objects of one cluster. What another cluster, Region or account uses
is not seen there, so that only what names this cluster as its owner is offered for deletion.
"""

from __future__ import annotations

from collections.abc import Iterable

from diag import Fix, Kind, Subject, Table
from diag.advice.steps import advise, caution, change
from diag.model.fix import Danger, Step
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume

LEFT = "leftover-resources"
NO_WAY_BACK = "This cannot be undone."


def lustre(file_systems: Table[FileSystem]) -> list[FileSystem]:
    """The Lustre file systems that are not being deleted already."""
    return [found for found in file_systems if found.is_lustre and found.lifecycle != "DELETING"]


def account(identity: ClusterIdentity) -> Subject:
    """The account as a subject, for findings about no object of their own."""
    return Subject(Kind.ACCOUNT, identity.account or "(this account)")


def scope(identity: ClusterIdentity) -> str:
    """How far a look goes, for a finding that depends on it."""
    return f"looked at: Region {identity.region or '(unknown)'} of account {identity.account or '(this one)'} alone"


def ask_owner(look: str, **names: str) -> Fix:
    """What nothing shows to be this cluster's: no command deletes it. `look` is where its owner may be found."""
    return advise(f"It may be somebody else's: delete nothing before its owner is known. {look}.", names)


def delete(command: str, note: str, **names: str) -> Fix:
    return Fix((caution(NO_WAY_BACK), change(command, names, changes=note, danger=Danger.DESTROYS)))


def delete_volumes(volumes: Iterable[PersistentVolume]) -> tuple[Step, ...]:
    command, message = "kubectl delete pv {volume}", "removes the object"
    return tuple(
        change(command, {"volume": volume.name}, changes=message, danger=Danger.DESTROYS) for volume in volumes
    )
