"""Which event texts of a run are complaints about a mount, and about which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from diag.facts.kubernetes import Event, PersistentVolumeClaim, Pod
from diag.facts.mounts import Mount
from diag.model.symptom import Medium, Phase, Symptom

MatchText = Callable[[str, Medium], Sequence[Symptom]]
"""The matcher: a text to the symptoms in it."""

_PHASES = {
    "FailedMount": Phase.MOUNT,
    "FailedAttachVolume": Phase.MOUNT,
    "FailedMapVolume": Phase.MOUNT,
    "FailedUnMount": Phase.UNMOUNT,
    "FailedUnmount": Phase.UNMOUNT,
    "ProvisioningFailed": Phase.PROVISION,
    "ExternalProvisioning": Phase.PROVISION,
    "FailedBinding": Phase.PROVISION,
    "VolumeResizeFailed": Phase.PROVISION,
}
"""Reasons of kubelet, scheduler and provisioner events that speak of a volume.

Source: Kubernetes 1.34 pkg/kubelet/events/event.go, external-provisioner 6.2 and the persistentvolume controller.
"""

_SUMMARY = "timed out waiting for the condition"
"""Ends kubelet's summary of failed mounts: it repeats that something fails and never says why."""


class Complaints(msgspec.Struct, frozen=True):
    """The symptoms of one mount or one claim, newest first."""

    phase: Phase
    symptoms: tuple[Symptom, ...] = ()


def of_mount(mount: Mount, events: Sequence[Event], match: MatchText) -> Complaints | None:
    """What events say of one mount: None when the pod is up, so that what they say is history.

    An event counts for this mount when it is the pod's and names this volume or none at all.
    """
    pod = mount.pod
    if pod.is_terminating:
        wanted = Phase.UNMOUNT
    elif pod.is_up:
        return None
    else:
        wanted = Phase.MOUNT
    own = [event for event in events if _is_about(event, pod) and _PHASES.get(event.reason) is wanted]
    own = [event for event in own if _names_volume(event.message, mount)]
    if not own:
        return None
    return Complaints(wanted, _symptoms(own, match, wanted))


def of_claim(claim: PersistentVolumeClaim, events: Sequence[Event], match: MatchText) -> Complaints | None:
    """What events say of a claim that stays Pending; None when it is not Pending."""
    if claim.status.phase not in ("", "Pending"):
        return None
    own = [
        event
        for event in events
        if event.involved_object.kind == "PersistentVolumeClaim"
        and (event.involved_object.namespace, event.involved_object.name) == claim.key
        and _PHASES.get(event.reason) is Phase.PROVISION
    ]
    return Complaints(Phase.PROVISION, _symptoms(own, match, Phase.PROVISION)) if own else None


def events_by_pod(events: Iterable[Event]) -> dict[tuple[str, str], list[Event]]:
    """Events of pods by (namespace, name), so that a large cluster's events are sorted through once."""
    found: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event.involved_object.kind == "Pod":
            found.setdefault((event.involved_object.namespace, event.involved_object.name), []).append(event)
    return found


def _is_about(event: Event, pod: Pod) -> bool:
    uid = event.involved_object.uid
    return not uid or not pod.metadata.uid or uid == pod.metadata.uid


def _names_volume(message: str, mount: Mount) -> bool:
    return 'volume "' not in message or f'"{mount.volume.name}"' in message


def _symptoms(events: Iterable[Event], match: MatchText, phase: Phase) -> tuple[Symptom, ...]:
    newest: dict[str, Event] = {}
    for event in sorted(events, key=lambda e: e.last_seen, reverse=True):
        newest.setdefault(event.message, event)
    found: list[Symptom] = []
    for message, event in newest.items():
        for symptom in match(message, Medium.EVENT):
            if not symptom.hits and _SUMMARY in message:
                continue
            found.append(
                msgspec.structs.replace(
                    symptom,
                    phase=phase,
                    count=max(event.count or 0, event.series.count if event.series else 0, 1),
                    first_seen=event.first_seen,
                    last_seen=event.last_seen,
                    origin=f"event {event.metadata.namespace}/{event.metadata.name}",
                )
            )
    return tuple(found)
