"""Which events speak of one mount, and of which operation."""

from __future__ import annotations

import re
from collections.abc import Iterable

from diag.facts.claim_reference import names_in_pod
from diag.facts.kubernetes import Event, Pod
from diag.facts.mounts import Mount
from diag.facts.pod_progress import Progress, progress_of
from diag.model.symptom import Phase

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
