"""Which fields a Kubernetes object has, and of which types: what `kubectl apply` holds a manifest against."""

from __future__ import annotations

import functools

import msgspec

from diag.knowledge.table import read_table


class Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The extract of the API's description, as its file has it."""

    date: str
    source: str
    types: dict[str, str]
    """Type by type `field=type …`; a list is `[type]`, a map `{type}`, a type that is not taken apart `any`."""


@functools.cache
def fields_table() -> Fields:
    """The extract."""
    return read_table("kubernetes_fields", Fields)


@functools.cache
def fields_of(shape: str) -> dict[str, str]:
    """The fields of a type with their types; none for a plain type."""
    return dict(field.split("=") for field in fields_table().types.get(shape, "").split())


def shape_of(kind: str) -> str:
    """The type of a kind; empty for one that is not in the extract."""
    name = f"V1{kind}"
    return name if name in fields_table().types else ""


VOLUME_SOURCES = "VolumeSource"
"""How the types of a PersistentVolume's sources end; a volume has exactly one."""
