"""Whether a file system can be expected to answer at all."""

from __future__ import annotations

from diag.facts.fsx import AdministrativeAction, FileSystem

WITHOUT_SERVERS = frozenset({"CREATING", "DELETING", "FAILED"})
"""Lifecycles in which name, ENIs and servers are not there yet or not any more. Source: fsx 2018-03-01, Lifecycle."""

MAY_BE_SILENT = frozenset({"MISCONFIGURED", "MISCONFIGURED_UNAVAILABLE"})
"""Lifecycles in which servers that do not answer are no news."""


def has_no_servers(file_system: FileSystem) -> str:
    """Why nothing of the file system's Lustre network can be judged; empty when it can."""
    if not file_system.is_lustre:
        return f"{file_system.id} is a file system of type {file_system.file_system_type}: no Lustre server is there"
    if file_system.lifecycle in WITHOUT_SERVERS:
        return f"{file_system.id} is {file_system.lifecycle}: its name and its servers need not be there"
    return ""


def may_be_silent(file_system: FileSystem) -> str:
    """Why a server that does not answer says nothing of the network; empty when it does."""
    if reason := has_no_servers(file_system):
        return reason
    if file_system.lifecycle in MAY_BE_SILENT:
        return f"{file_system.id} is {file_system.lifecycle}: its servers may be down for that"
    if update_under_way(file_system):
        return f"{file_system.id} is being updated, which takes its servers down for a while"
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
