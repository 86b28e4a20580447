"""AWS partitions: which one a region belongs to, and how its host names end."""

from __future__ import annotations

import functools
import re

import msgspec

from diag.grammar.spelling import did_you_mean
from diag.knowledge.table import read_table


class Partition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One partition."""

    id: str
    dns_suffix: str
    region_form: str
    """Regular expression that names of its regions fit, future ones too."""
    regions: tuple[str, ...]
    iam_region: str = ""
    """Where IAM is for all of them; empty where that is not known."""


class Partitions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table."""

    date: str
    source: str
    partitions: tuple[Partition, ...]


@functools.cache
def partitions() -> Partitions:
    """The table of partitions."""
    return read_table("partitions", Partitions)


def partition_of(region: str) -> Partition | None:
    """The partition of a region, known or of a form that its regions have; None for what cannot be a region."""
    return next((p for p in partitions().partitions if re.fullmatch(p.region_form, region)), None)


def is_known_region(region: str) -> bool:
    """Whether the table lists the region."""
    return any(region in partition.regions for partition in partitions().partitions)


def checked_region(name: str) -> str:
    """The name, if it is a Region's: one that is listed, or one that a newer Region of the same kind may have.

    Raises ValueError with the names that were probably meant.
    """
    listed = [region for partition in partitions().partitions for region in partition.regions]
    directions = {region.split("-")[-2] for region in listed}
    is_of_the_kind = partition_of(name) is not None and name.split("-")[-2] in directions
    if name not in listed and not is_of_the_kind:
        raise ValueError(f"{name!r} is not an AWS Region{did_you_mean(name, listed)}")
    return name
