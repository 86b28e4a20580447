"""Which event texts of a run are complaints about a mount or a claim."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from diag.analysis.claims import ClaimCase, Why, why_pending
from diag.analysis.nodes.attempts import Attempt
from diag.analysis.pod_events import Saying, events_of, phase_of, sayings_of
from diag.analysis.volumes import Mount
from diag.model.symptom import Medium, Phase, Symptom
from diag.resources.kubernetes import Event

MatchText = Callable[[str, Medium], Sequence[Symptom]]
"""The matcher: a text to the symptoms in it."""

_CLAIM_REASONS = frozenset(
    {
        "ProvisioningFailed",
        "ExternalProvisioning",
        "FailedBinding",
        "VolumeMismatch",
        "ClaimLost",
        "ClaimMisbound",
        "VolumeResizeFailed",
    }
)
"""Reasons of a claim's events. Source: Kubernetes v1.34 pkg/controller/volume/events, external-provisioner 6.2."""

_SUMMARY = "timed out waiting for the condition"
"""Ends kubelet's summary of failed mounts: it repeats that something fails and never says why."""

_TELLING = frozenset({"decisive", "strong"})
"""What the scheduler's text must be worth before it is taken for Lustre's doing."""


class Complaints(msgspec.Struct, frozen=True):
    """The symptoms of one mount or one claim, newest first."""

    phase: Phase
    symptoms: tuple[Symptom, ...] = ()


def of_mount(mount: Mount, events: Sequence[Event], match: MatchText) -> Complaints | None:
    """What is said of one mount, in the operation that its pod is in now; None when nothing is said of it.

    Of a pod that has its volume only what names an error on it counts, of one without a node only what is known to
    be Lustre's doing: both have troubles of their own.
    """
    own = events_of(mount, events)
    phase = phase_of(mount.pod)
    if phase is Phase.USE:
        symptoms = tuple(_spoken(sayings_of(mount, own), match))
        return Complaints(phase, symptoms) if symptoms else None
    symptoms = _symptoms(own, match, phase)
    if phase is Phase.SCHEDULE:
        symptoms = tuple(s for s in symptoms if any(hit.weight in _TELLING for hit in s.hits))
        return Complaints(phase, symptoms) if symptoms else None
    return Complaints(phase, symptoms) if own else None


def of_kernel(mount: Mount, messages: Sequence[str], match: MatchText) -> tuple[Symptom, ...]:
    """What the node's kernel log says that fits a mount which waits: of this file system, or of none by name.

    `messages` are the node's Lustre and LNet lines in order. Lines of another file system's mount are not this one's.
    """
    found = match("\n".join(messages), Medium.KERNEL_LOG) if messages else ()
    fitting = (symptom for symptom in found if _may_be_of(symptom, mount))
    return tuple(
        msgspec.structs.replace(symptom, phase=Phase.MOUNT, origin=f"kernel log of {mount.node_name}")
        for symptom in fitting
    )


def of_attempt(node: str, attempt: Attempt, match: MatchText) -> tuple[Symptom, ...]:
    """What the kernel log of a node says of the mounts that failed there, where no pod speaks of them."""
    age = "" if attempt.age_s is None else f", {attempt.age_s:.0f} s ago"
    return tuple(
        msgspec.structs.replace(symptom, phase=Phase.MOUNT, origin=f"kernel log of {node}{age}")
        for symptom in match("\n".join(attempt.messages), Medium.KERNEL_LOG)
        if symptom.hits
    )


def _may_be_of(symptom: Symptom, mount: Mount) -> bool:
    names = {value for hit in symptom.hits for key, value in hit.groups if key == "mount_name"}
    return bool(symptom.hits) and (not names or (mount.volume.mount_name or "") in names)


def _spoken(sayings: Iterable[Saying], match: MatchText) -> Iterator[Symptom]:
    for saying in sayings:
        for symptom in match(saying.text, Medium.TEXT):
            yield msgspec.structs.replace(symptom, phase=Phase.USE, origin=saying.origin)


def of_claim(case: ClaimCase, events: Sequence[Event], match: MatchText) -> Complaints:
    """What events say of a claim that has no volume yet, and whether one is to be made or one is to be bound."""
    own = [
        event
        for event in events
        if event.involved_object.kind == "PersistentVolumeClaim"
        and (event.involved_object.namespace, event.involved_object.name) == case.claim.key
        and event.reason in _CLAIM_REASONS
    ]
    made = why_pending(case).why in (Why.WAITS_FOR_DRIVER, Why.WAITS_FOR_POD)
    phase = Phase.PROVISION if made else Phase.SCHEDULE
    return Complaints(phase, _symptoms(own, match, phase))


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
