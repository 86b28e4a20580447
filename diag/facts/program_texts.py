"""What the programs of a pod said of its volume: the last words of its containers, and its probes' output."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable

import msgspec

from diag.facts.claim_reference import paths_in_pod
from diag.facts.kubernetes import Event, Pod
from diag.facts.mounts import Mount


class Error(enum.Enum):
    """An error of a system call, by the C library's text for it; Go prints the same in lower case."""

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
    """One line in which a program names both an error and a path on the volume."""

    error: Error
    text: str
    """At most 300 characters."""
    origin: str


_LINE = 300


def texts_of(pod: Pod) -> tuple[tuple[str, str], ...]:
    """(origin, text) of every termination message of a pod's containers.

    Source: Kubernetes documentation, terminationMessagePolicy; with FallbackToLogsOnError the end of the log.
    """
    statuses = (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ()))
    ends = ((one.name, end) for one in statuses for end in (one.state.terminated, one.last_state.terminated))
    found = ((f"termination message of container {name}", end.message) for name, end in ends if end and end.message)
    return tuple(dict.fromkeys(found))


def sayings_of(mount: Mount, events: Iterable[Event]) -> tuple[Saying, ...]:
    """Every error that the pod's programs, or kubelet for them, met on this volume.

    `events` are those of the pod that carry what somebody printed. Lines that name no path of the volume are not
    taken: neither where the containers have it, nor where kubelet has.
    """
    paths = (*paths_in_pod(mount), f"kubernetes.io~csi/{mount.volume.name}/mount")
    said = (*((f"event {event.reason}", event.message) for event in events), *texts_of(mount.pod))
    found: dict[tuple[Error, str], Saying] = {}
    for origin, text in said:
        for line in text.splitlines():
            error = next((error for error in Error if error.value.lower() in line.lower()), None)
            if error is not None and any(_names(line, path) for path in paths):
                found.setdefault((error, origin), Saying(error, line.strip()[:_LINE], origin))
    return tuple(found.values())


def _names(line: str, path: str) -> bool:
    before = r"(?<![\w/.-])" if path.startswith("/") else ""
    return re.search(rf"{before}{re.escape(path)}(?![\w-])", line) is not None
