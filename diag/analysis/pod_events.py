"""What events, containers and probes say about a pod's volumes."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable

import msgspec

from diag.analysis.pods import Progress, mounts_in_pod, names_in_pod, paths_in_pod, progress_of
from diag.analysis.volumes import Mount
from diag.model.symptom import Phase
from diag.resources.kubernetes import Event, Pod

REASONS = {
    Phase.SCHEDULE: frozenset({"FailedScheduling"}),
    Phase.MOUNT: frozenset(
        {"FailedMount", "FailedAttachVolume", "FailedMapVolume", "VolumePermissionChangeInProgress"}
    ),
    Phase.UNMOUNT: frozenset({"FailedUnMount", "FailedUnmount", "FailedKillPod", "FailedDetachVolume"}),
    Phase.USE: frozenset({"Unhealthy", "Failed", "FailedPostStartHook", "FailedPreStopHook"}),
}
"""Reasons of a pod's events by the operation that they speak of; those of use carry what a program printed.

Source: Kubernetes v1.34 pkg/kubelet/events/event.go, pkg/volume/util and pkg/scheduler.
"""

_UNMOUNTED = re.compile(r"unmounted volumes=\[([^\]]*)\]")
"""In kubelet's summary, which counts up the pod's own names of volumes."""

_PHASES = {
    Progress.UNSCHEDULED: Phase.SCHEDULE,
    Progress.WAITING: Phase.MOUNT,
    Progress.MOUNTED: Phase.USE,
    Progress.UP: Phase.USE,
    Progress.GIVEN_UP: Phase.MOUNT,
    Progress.TERMINATING: Phase.UNMOUNT,
}


def phase_of(pod: Pod) -> Phase:
    """The operation that a pod is in: what its events say of an earlier one is history."""
    return _PHASES[progress_of(pod)]


def events_of(mount: Mount, events: Iterable[Event]) -> tuple[Event, ...]:
    """The events about this mount in the operation that its pod is in, newest first.

    An event counts when it is about this very pod and names this volume or none at all.
    """
    reasons = REASONS[phase_of(mount.pod)]
    own = (e for e in events if e.reason in reasons and _is_about(e, mount.pod) and names_volume(e.message, mount))
    return tuple(sorted(own, key=lambda event: event.last_seen, reverse=True))


def events_by_pod(events: Iterable[Event]) -> dict[tuple[str, str], list[Event]]:
    """Events of pods by (namespace, name), so that a large cluster's events are sorted through once."""
    found: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event.involved_object.kind == "Pod":
            found.setdefault((event.involved_object.namespace, event.involved_object.name), []).append(event)
    return found


def names_volume(message: str, mount: Mount) -> bool:
    """Whether a message names this mount's volume, or no volume.

    Setting a volume up kubelet calls it by the PersistentVolume's name, taking it down and in its summary by the
    pod's own. Source: Kubernetes v1.34 pkg/volume/util/operationexecutor.
    """
    own = names_in_pod(mount)
    if summary := _UNMOUNTED.search(message):
        return bool(own & set(summary[1].split()))
    return 'volume "' not in message or any(f'"{name}"' in message for name in (mount.volume.name, *own))


def _is_about(event: Event, pod: Pod) -> bool:
    uid = event.involved_object.uid
    return not uid or not pod.metadata.uid or uid == pod.metadata.uid


class Error(enum.Enum):
    """An error of a system call, by the C library's text for it; Go prints the same in lower case."""

    READ_ONLY = "Read-only file system"
    SHUTDOWN = "Cannot send after transport endpoint shutdown"
    NOT_CONNECTED = "Transport endpoint is not connected"
    IO = "Input/output error"
    STALE = "Stale file handle"
    FULL = "No space left on device"
    QUOTA = "Disk quota exceeded"
    NO_FLOCK = "Function not implemented"
    NO_LOCKS = "No locks available"
    DENIED = "Permission denied"
    NOT_PERMITTED = "Operation not permitted"
    SUB_PATH = "subPath"
    """Not of a system call: the kubelet could not make or open the directory, and does not say why."""


class Saying(msgspec.Struct, frozen=True):
    """One line in which a program names both an error and a path on the volume."""

    error: Error
    text: str
    """At most 300 characters."""
    origin: str


_LINE = 300

_SUB_PATH = re.compile(
    r"failed to (?:create subPath directory|prepare subPath) for volumeMount \"([^\"]*)\""
    r"|/volume-subpaths/([^/]+)/[^/]+/\d+\"? to rootfs"
)
"""The kubelet could not make or open it; or the runtime could not mount it. Source: Kubernetes v1.34
pkg/kubelet/kubelet_pods.go makeMounts, pkg/volume/util/subpath; runc libcontainer/rootfs_linux.go."""

_BAD_SUB_PATH = re.compile(r"missing value for \S|\bsubpath\b.*(?:absolute path|backstep|'\.\.')", re.IGNORECASE)
"""Words that name no volumeMount. Source: as above, and pkg/kubelet/container/helpers.go."""

_NOT_MADE = frozenset({"CreateContainerConfigError", "RunContainerError"})
"""Waiting reasons of a container that could not be made. Source: Kubernetes v1.34 pkg/kubelet/kuberuntime."""


def texts_of(pod: Pod) -> tuple[tuple[str, str], ...]:
    """(origin, text) of every termination message of a pod's containers, and of what keeps one from being made.

    Source: Kubernetes documentation, terminationMessagePolicy; with FallbackToLogsOnError the end of the log.
    """
    statuses = (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ()))
    ends = ((one.name, end) for one in statuses for end in (one.state.terminated, one.last_state.terminated))
    found = [(f"termination message of container {name}", end.message) for name, end in ends if end and end.message]
    waits = (
        (f"container {one.name} {one.state.waiting.reason}", one.state.waiting) for one in statuses if one.state.waiting
    )
    found += [(origin, waiting.message) for origin, waiting in waits if waiting.reason in _NOT_MADE]
    return tuple(dict.fromkeys(found))


def sayings_of(mount: Mount, events: Iterable[Event]) -> tuple[Saying, ...]:
    """Every error that the pod's programs, or kubelet for them, met on this volume.

    `events` are those of the pod that carry what somebody printed. Lines that name no path of the volume are not
    taken: neither where the containers have it, nor where kubelet has.
    """
    paths = (*paths_in_pod(mount), f"kubernetes.io~csi/{mount.volume.name}/mount")
    texts = (*((f"event {event.reason}", event.message) for event in events), *texts_of(mount.pod))
    found: dict[tuple[Error, str], Saying] = {}
    for origin, text in texts:
        for line in text.splitlines():
            if _is_about_sub_path(line, mount):
                found.setdefault((Error.SUB_PATH, origin), Saying(Error.SUB_PATH, line.strip()[-_LINE:], origin))
                continue
            said = (error for error in Error if error is not Error.SUB_PATH and error.value.lower() in line.lower())
            error = next(said, None)
            if error is not None and any(_names(line, path) for path in paths):
                found.setdefault((error, origin), Saying(error, line.strip()[:_LINE], origin))
    return tuple(found.values())


def _is_about_sub_path(line: str, mount: Mount) -> bool:
    """Whether the line says that a directory of this volume cannot be mounted into a container."""
    if found := _SUB_PATH.search(line):
        return (found[1] or found[2]) in {mount.volume.name, *names_in_pod(mount)}
    return bool(_BAD_SUB_PATH.search(line)) and any(at.sub_path_expr for at in mounts_in_pod(mount))


def _names(line: str, path: str) -> bool:
    before = r"(?<![\w/.-])" if path.startswith("/") else ""
    return re.search(rf"{before}{re.escape(path)}(?![\w-])", line) is not None
