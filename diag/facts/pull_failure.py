"""What a container that cannot get its image says, and what that means."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from diag.facts.kubernetes import ContainerStatus, Event, Pod

PULL_REASONS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
)
"""Reasons of state.waiting about an image. Source: Kubernetes 1.34 pkg/kubelet/images/types.go."""

MEANINGS = (
    ("image-invalid-reference", r"invalid reference format|couldn't parse image|InvalidImageName|default image tag"),
    (
        "image-pull-denied",
        r"no basic auth credentials|401 Unauthorized|403 Forbidden|pull access denied|not authorized|"
        r"authorization failed|authentication required|insufficient_scope|AccessDenied",
    ),
    (
        "image-pull-no-egress",
        r"i/o timeout|deadline exceeded|connection refused|no such host|network is unreachable|no route to host|"
        r"Client\.Timeout|TLS handshake timeout|connection reset",
    ),
    ("image-not-found", r"manifest unknown|not found|does not exist|no match for platform"),
)
"""Cause and the words of containerd and of registries that show it, in the order in which they are tried.

Source: containerd 2.1 core/remotes/docker, distribution spec error codes, texts in public issue threads.
"""


class PullFailure(msgspec.Struct, frozen=True):
    """One container that waits for its image."""

    pod: Pod
    container: str
    reason: str
    message: str
    cause: str
    """Id of the cause that the text shows; empty when it shows none."""


def pull_failures(pods: Iterable[Pod], events: Iterable[Event]) -> tuple[PullFailure, ...]:
    """The containers of the pods that wait for an image, each with the most telling text there is.

    `ImagePullBackOff` alone says nothing; the reason is then in the pod's event of the failed pull.
    """
    failing = [(pod, status) for pod in pods for status in _statuses(pod) if _reason(status) in PULL_REASONS]
    if not failing:
        return ()
    told = _told_by_events(events)
    return tuple(_failure(pod, status, told.get(pod.key, ())) for pod, status in failing)


def _statuses(pod: Pod) -> tuple[ContainerStatus, ...]:
    return (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ()))


def _reason(status: ContainerStatus) -> str:
    return status.state.waiting.reason if status.state.waiting else ""


def _failure(pod: Pod, status: ContainerStatus, told: tuple[str, ...]) -> PullFailure:
    reason = _reason(status)
    own = status.state.waiting.message if status.state.waiting else ""
    image = next((c.image for c in pod.spec.containers if c.name == status.name), status.image)
    texts = (f"{reason}: {own}", *(text for text in told if f'"{image}"' in text))
    for text in texts:
        if cause := meaning_of(text):
            return PullFailure(pod, status.name, reason, _one_line(text), cause)
    return PullFailure(pod, status.name, reason, _one_line(texts[-1]), "")


def meaning_of(text: str) -> str:
    """The cause that the words of a failed pull show, empty when they show none."""
    return next((cause for cause, words in MEANINGS if re.search(words, text, re.IGNORECASE)), "")


def _told_by_events(events: Iterable[Event]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for event in sorted(events, key=lambda e: e.last_seen, reverse=True):
        about = event.involved_object
        if about.kind == "Pod" and event.reason in ("Failed", "InspectFailed"):
            key = f"{about.namespace}/{about.name}"
            found[key] = (*found.get(key, ()), event.message)
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
