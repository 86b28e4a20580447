"""From which registry EKS serves the images of its add-ons in each region."""

from __future__ import annotations

import functools

import msgspec

from diag.knowledge.partitions import partition_of
from diag.knowledge.table import Confidence, read_table


class Registry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One registry account with the regions that it serves."""

    account: str
    regions: tuple[str, ...]
    confidence: Confidence = Confidence.DOCUMENTED
    note: str = ""


class Registries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table."""

    date: str
    source: str
    url: str
    driver_repository: str
    public_driver_image: str
    public_registry: str
    registries: tuple[Registry, ...]


@functools.cache
def registries() -> Registries:
    """The table of registries."""
    return read_table("registries", Registries)


def registry_of(region: str) -> Registry | None:
    """The registry that serves a region; None when the table does not list the region."""
    return next((registry for registry in registries().registries if region in registry.regions), None)


def regions_of(account: str) -> tuple[str, ...]:
    """The regions that an account serves; empty when it is none of EKS's registries."""
    return next((registry.regions for registry in registries().registries if registry.account == account), ())


def driver_image(region: str) -> str:
    """The driver's image in the EKS registry of a region, without tag; empty for a region not listed."""
    registry, partition = registry_of(region), partition_of(region)
    if registry is None or partition is None:
        return ""
    return f"{registry.account}.dkr.ecr.{region}.{partition.dns_suffix}/{registries().driver_repository}"
