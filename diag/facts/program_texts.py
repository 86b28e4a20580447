"""What the programs of a pod said of its volume: the last words of its containers, and its probes' output."""

from __future__ import annotations

import enum
import re

import msgspec

from diag.facts.claim_reference import paths_in_pod
from diag.facts.kubernetes import Pod
from diag.facts.uses import Use


class Error(enum.Enum):
    """An error of a system call on a Lustre path, by the text that every language's library prints for it."""

    READ_ONLY = "Read-only file system"
    SHUTDOWN = "Cannot send after transport endpoint shutdown"
    NOT_CONNECTED = "Transport endpoint is not connected"
    IO = "Input/output error"
    STALE = "Stale file handle"
    FULL = "No space left on device"
    NO_FLOCK = "Function not implemented"
    NO_LOCKS = "No locks available"
    DENIED = "Permission denied"
    NOT_PERMITTED = "Operation not permitted"


class Saying(msgspec.Struct, frozen=True):
    """One text in which a program names both an error and a path on the volume."""

    error: Error
    text: str
    """The line, at most 300 characters."""
    origin: str


_LINE = 300


def texts_of(pod: Pod) -> tuple[tuple[str, str], ...]:
    """(origin, text) of every termination message of a pod's containers.

    Source: Kubernetes documentation, terminationMessagePolicy; with FallbackToLogsOnError the end of the log.
    """
    statuses = (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ()))
    ends = (
        (status.name, end) for status in statuses for end in (status.state.terminated, status.last_state.terminated)
    )
    found = ((f"termination message of container {name}", end.message) for name, end in ends if end and end.message)
    return tuple(dict.fromkeys(found))


def sayings_of(use: Use) -> tuple[Saying, ...]:
    """Every error that the pod's programs met on this volume; texts that name no path of it are not taken."""
    paths = paths_in_pod(use.mount)
    said = (
        *((f"event {event.reason}", event.message) for event in use.events),
        *texts_of(use.mount.pod),
    )
    found: dict[tuple[Error, str], Saying] = {}
    for origin, text in said:
        for line in text.splitlines():
            error = next((error for error in Error if error.value in line), None)
            if error is not None and any(_names(line, path) for path in paths):
                found.setdefault((error, origin), Saying(error, line.strip()[:_LINE], origin))
    return tuple(found.values())


def _names(line: str, path: str) -> bool:
    return re.search(rf"(?<![\w/.-]){re.escape(path)}(?![\w-])", line) is not None
