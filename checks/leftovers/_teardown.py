"""What the checks of a teardown share."""

from __future__ import annotations

from diag import Kind, Subject, Table
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem

LEFT = "leftover-resources"
NO_WAY_BACK = "there is none"


def lustre(file_systems: Table[FileSystem]) -> list[FileSystem]:
    """The Lustre file systems that are not being deleted already."""
    return [found for found in file_systems if found.is_lustre and found.lifecycle != "DELETING"]


def account(identity: ClusterIdentity) -> Subject:
    """The account as a subject, for findings about no object of their own."""
    return Subject(Kind.ACCOUNT, identity.account or "(this account)")
