"""What every Kubernetes object has."""

from __future__ import annotations

import msgspec

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Where kubectl apply keeps the object as it was given. Source: Kubernetes documentation, well-known annotations."""


class KubernetesObject(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Base of all shapes: the API's camel-case names, unknown fields left out."""


class OwnerReference(KubernetesObject, frozen=True):
    """Who made an object."""

    kind: str = ""
    name: str = ""
    uid: str = ""


class Metadata(KubernetesObject, frozen=True):
    """The part of ObjectMeta that diagnosis needs."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: tuple[OwnerReference, ...] | None = None
    finalizers: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Forget kubectl's copy of the whole object: it holds values and command lines that are never read."""
        if self.annotations and LAST_APPLIED in self.annotations:
            kept = {key: value for key, value in self.annotations.items() if key != LAST_APPLIED}
            msgspec.structs.force_setattr(self, "annotations", kept)

    def label(self, key: str) -> str:
        """The label's value, empty when absent."""
        return (self.labels or {}).get(key, "")

    def annotation(self, key: str) -> str:
        """The annotation's value, empty when absent."""
        return (self.annotations or {}).get(key, "")


class LabelRequirement(KubernetesObject, frozen=True):
    """One expression of a label or node selector."""

    key: str = ""
    operator: str = ""
    values: tuple[str, ...] | None = None


class LabelSelector(KubernetesObject, frozen=True):
    """A label selector."""

    match_labels: dict[str, str] | None = None
    match_expressions: tuple[LabelRequirement, ...] | None = None


class ObjectReference(KubernetesObject, frozen=True):
    """A pointer to another object."""

    kind: str = ""
    name: str = ""
    namespace: str = ""
    uid: str = ""
    field_path: str = ""


class Condition(KubernetesObject, frozen=True):
    """A condition of a pod, a node or a deployment."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: str | None = None
