"""Releases of the FSx for Lustre CSI driver, and what was wrong with them."""

from __future__ import annotations

import enum
import functools
import re

import msgspec

from diag.knowledge.table import read_table

Version = tuple[int, int, int]


class Half(enum.Enum):
    """Which half of the driver a fault is in."""

    NODE = "node"
    """The node plugin, which mounts."""
    CONTROLLER = "controller"
    """The controller, which provisions and resizes."""


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One release."""

    version: str
    date: str
    chart: str


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault of every release before `fixed_in`, from `since` on."""

    fixed_in: str
    half: Half
    text: str
    source: str
    since: str = ""
    cause: str = ""
    """Id of the cause that the fault leads to, where there is a runbook for it."""


class DriverVersions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table."""

    newest: str
    newest_date: str
    source: str
    url: str
    releases: tuple[Release, ...]
    faults: tuple[Fault, ...]


@functools.cache
def driver_versions() -> DriverVersions:
    """The table of releases and faults."""
    return read_table("driver_versions", DriverVersions)


def parse_version(tag: str) -> Version | None:
    """The version of an image tag: `v1.9.0` and `v1.9.0-eksbuild.1` are (1, 9, 0); None for `latest` or a digest."""
    match = re.match(r"v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?![\d.])", tag)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def faults_of(version: Version) -> tuple[Fault, ...]:
    """What is known to be wrong with a release, the fault that was fixed last first."""
    return tuple(
        fault
        for fault in driver_versions().faults
        if version < _known(fault.fixed_in) and (not fault.since or version >= _known(fault.since))
    )


def _known(text: str) -> Version:
    version = parse_version(text)
    if version is None:
        raise ValueError(f"the table of driver versions has {text!r}, which is not a version")
    return version
