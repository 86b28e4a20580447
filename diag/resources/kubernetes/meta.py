"""What every Kubernetes object has."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from diag.late import late

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

    def __str__(self) -> str:
        """As kubectl's `-l` takes it."""
        values = ",".join(self.values or ())
        if self.operator in ("In", "NotIn") and len(self.values or ()) == 1:
            return f"{self.key}{'=' if self.operator == 'In' else '!='}{values}"
        if self.operator in ("Exists", "DoesNotExist"):
            return f"{'' if self.operator == 'Exists' else '!'}{self.key}"
        return f"{self.key} {self.operator.lower()} ({values})"

    def holds(self, *labels: Mapping[str, str]) -> bool:
        """Whether it holds of an object with these labels; nodes have more operators."""
        found, wanted = {own[self.key] for own in labels if self.key in own}, set(self.values or ())
        match self.operator:
            case "In":
                return bool(found & wanted)
            case "NotIn":
                return not found & wanted
            case "Exists":
                return bool(found)
            case "DoesNotExist":
                return not found
        return False


class LabelSelector(KubernetesObject, frozen=True):
    """A label selector; one without any requirement takes everything."""

    match_labels: dict[str, str] | None = None
    match_expressions: tuple[LabelRequirement, ...] | None = None

    def __str__(self) -> str:
        """As kubectl's `-l` takes it."""
        return ",".join(map(str, self.requirements))

    @property
    def requirements(self) -> tuple[LabelRequirement, ...]:
        """All of it as expressions."""
        equal = (LabelRequirement(key, "In", (value,)) for key, value in (self.match_labels or {}).items())
        return (*equal, *(self.match_expressions or ()))

    def takes(self, *labels: Mapping[str, str]) -> bool:
        """Whether an object has these labels; of several that belong together, whether they have them between them.

        What must not be there, none of them may have.
        """
        return all(need.holds(*labels) for need in self.requirements)


_KEY = r"(?P<key>(?:[A-Za-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)"
LABEL_VALUE = r"(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?"
"""The value of a label, which may be empty. Source: Kubernetes documentation, labels, syntax and character set."""
_FORMS = tuple(
    late(pattern, re.ASCII)
    for pattern in (
        rf"{_KEY}\s*(?P<operator>==?|!=)\s*(?P<values>{LABEL_VALUE})",
        rf"{_KEY}\s+(?P<operator>in|notin)\s*\((?P<values>\s*{LABEL_VALUE}\s*(?:,\s*{LABEL_VALUE}\s*)*)\)",
        rf"(?P<operator>!?)\s*{_KEY}",
    )
)
_BETWEEN = late(r",(?![^(]*\))")
"""Commas part requirements, but not inside the brackets of `in (a,b)`."""


def label_selector(text: str) -> LabelSelector:
    """The selector that kubectl's `-l` takes. Raises ValueError for a text that is none.

    Source: Kubernetes documentation, labels and selectors.
    """
    equal: dict[str, str] = {}
    others: list[LabelRequirement] = []
    for part in _BETWEEN.split(text):
        match = next(filter(None, (form.fullmatch(part.strip()) for form in _FORMS)), None)
        if match is None:
            raise ValueError(f"{text!r} is not a label selector; write app=trainer, 'tier in (gpu,cpu)' or '!canary'")
        key, operator, given = match["key"], match["operator"], match.groupdict().get("values")
        if given is None:
            others.append(LabelRequirement(key, "DoesNotExist" if operator else "Exists"))
        elif operator in ("=", "==") and equal.setdefault(key, given) == given:
            continue
        else:
            values = tuple(value.strip() for value in given.split(","))
            others.append(LabelRequirement(key, "NotIn" if operator in ("!=", "notin") else "In", values))
    return LabelSelector(equal or None, tuple(others) or None)


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
