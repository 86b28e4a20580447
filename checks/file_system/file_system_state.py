"""The file system's Lifecycle is one in which it can be mounted."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, unknown
from diag.knowledge.file_system_states import Mountable, causes, state_of
from diag.resources.fsx import FileSystem

KEY = "kms-key-unusable"


@check("file-system-state", layer=Layer.FILE_SYSTEM, each="mounted_file_systems", speaks_for=(*causes(), KEY))
def file_system_serves(file_system: FileSystem) -> Iterator[Draft]:
    """The file system's Lifecycle is one in which it can be mounted.

    pass: AVAILABLE, or UPDATING, during which servers may be away for some minutes (see maintenance)
    fail: CREATING, DELETING, FAILED or MISCONFIGURED, with the reason that FSx gives
    unknown: a Lifecycle that is in no table
    source: FSx API Lifecycle and FailureDetails; FSx for Lustre user guide, file-system-lifecycle-states
    """
    state = state_of(file_system.lifecycle)
    reason = file_system.failure_details.message if file_system.failure_details else ""
    if state is None:
        yield unknown(file_system, f"no table knows the Lifecycle {file_system.lifecycle!r}")
    elif state.mount is not Mountable.NO:
        message = f"{file_system.id} is {state.lifecycle}, {file_system.lustre.deployment_type}: {state.means}"
        yield ok(file_system, message)
    else:
        # FailureDetails is free text; that it names the key is the one thing that is looked for in it.
        cause = KEY if "key" in reason.lower().replace("-", " ").split() else state.cause
        texts = f". FSx says: {reason}" if reason else ""
        yield fail(file_system, f"{file_system.id} is {state.lifecycle}: {state.means}{texts}", cause=cause)
