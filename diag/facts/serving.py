"""Whether a file system can be expected to answer at all."""

from __future__ import annotations

from diag.facts.fsx import AdministrativeAction, FileSystem

WITHOUT_SERVERS = frozenset({"CREATING", "DELETING", "FAILED"})
"""Lifecycles in which name, ENIs and servers are not there yet or not any more. Source: fsx 2018-03-01, Lifecycle."""


def has_no_servers(file_system: FileSystem) -> str:
    """Why nothing of the file system's network can be judged; empty when it can."""
    if file_system.lifecycle in WITHOUT_SERVERS:
        return f"{file_system.id} is {file_system.lifecycle}: its name and its servers need not be there"
    return ""


def update_under_way(file_system: FileSystem) -> AdministrativeAction | None:
    """An update during which FSx may take the servers down for some minutes; the lifecycle is UPDATING then.

    Rebalancing afterwards (STORAGE_OPTIMIZATION) leaves them up and the lifecycle AVAILABLE. Source: FSx for Lustre
    user guide, managing-storage-capacity and managing-lustre-version.
    """
    if file_system.lifecycle != "UPDATING":
        return None
    return next(
        (
            action
            for action in file_system.administrative_actions
            if action.administrative_action_type == "FILE_SYSTEM_UPDATE" and action.status in ("PENDING", "IN_PROGRESS")
        ),
        None,
    )
