"""Labels, annotations and tags: keys of well-known programs are kept, what a person chose is not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from diag.late import late
from diag.redaction.public import NAMING_KEYS, is_public_key
from diag.redaction.redactor import Redactor
from diag.redaction.shapes import UUID
from diag.redaction.tokens import Level

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""A copy of the whole manifest, environment values and command lines included."""

USUAL_KEYS = frozenset(
    {"app", "component", "io.kubernetes.pod.namespace", "k8s-app", "name", "role", "tier", "version"}
)
"""Keys without a domain that everybody uses. Source: manifests of CoreDNS, the driver's chart, Cilium."""

_SOURCES = ("k8s:", "any:")
"""In front of a key in Cilium's selectors. Source: docs.cilium.io, label sources."""

LONGEST_ANNOTATION = 512
_KEPT = ("owned", "shared", "Name", "CSIVolumeName")
"""Texts of tags that nobody chose: of ownership, and the driver's key for a volume's name."""
_VOLUME = late(rf"pvc-{UUID}", re.ASCII)
"""The name that the provisioner makes of a claim's uid. The claim is known by it, so its uid has the same stand-in."""


def redact_annotations(annotations: Mapping[str, Any], redactor: Redactor, level: Level) -> dict[str, Any]:
    """Annotations of well-known programs; all others may hold anything and are left out."""
    return {
        key: _value(key, value, redactor, level)
        for key, value in annotations.items()
        if is_public_key(key) and key != LAST_APPLIED and isinstance(value, str) and len(value) <= LONGEST_ANNOTATION
    }


def redact_labels(labels: Mapping[str, Any], redactor: Redactor, level: Level) -> dict[str, Any]:
    """Labels and selectors over them, so that a selector still selects what it selected."""
    if level is not Level.STRICT:
        return {redactor.text(key): redactor.text(str(value)) for key, value in labels.items()}
    return {_key(key, redactor): _value(key, str(value), redactor, level) for key, value in labels.items()}


def redact_requirement(requirement: Mapping[str, Any], redactor: Redactor, level: Level) -> dict[str, Any]:
    """One expression of a selector, so that it still takes what it took."""
    found, key = dict(requirement), str(requirement.get("key", ""))
    if level is Level.STRICT:
        found["key"] = _key(key, redactor)
    if isinstance(values := requirement.get("values"), (list, tuple)):
        found["values"] = [_value(key, str(value), redactor, level) for value in values]
    return found


def _key(key: str, redactor: Redactor) -> str:
    source = next((source for source in _SOURCES if key.startswith(source)), "")
    bare = key.removeprefix(source)
    return source + (bare if is_public_key(bare) or bare in USUAL_KEYS else redactor.names.name("label", bare))


def _value(key: str, value: str, redactor: Redactor, level: Level) -> str:
    chosen = key in NAMING_KEYS or not is_public_key(key)
    if level is Level.STRICT and chosen and value not in ("", "true", "false"):
        return redactor.names.name("label", value)
    return redactor.text(value)


def redact_tag(tag: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
    """One tag `{Key, Value}` of AWS, or a mapping of tags."""
    if tag.keys() <= {"Key", "Value"}:
        return {field: _tag(str(text), redactor) for field, text in tag.items()}
    return {_tag(key, redactor): _tag(str(value), redactor) for key, value in tag.items()}


def _tag(text: str, redactor: Redactor) -> str:
    """A key with a prefix belongs to a program, any other text of a tag was chosen by a person."""
    is_known = not text or text in _KEPT or ":" in text or "/" in text or _VOLUME.fullmatch(text) is not None
    return redactor.text(text) if is_known else redactor.names.name("tag", text)
