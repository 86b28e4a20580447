"""Whose a file system is, seen from one cluster: what a clean-up may take away, and what it must not."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from diag.facts.file_system_of import meant_id
from diag.facts.file_system_owners import clusters_of
from diag.facts.fsx import FileSystem
from diag.facts.kubernetes import PersistentVolume

VOLUME_TAG = "CSIVolumeName"
"""Tag of every file system that the driver makes. Source: aws-fsx-csi-driver v1.9.0 pkg/cloud/cloud.go."""


class Standing(enum.Enum):
    """The relation of a file system to this cluster."""

    USED = "used"
    """A volume with a claim names it."""
    KEPT = "kept"
    """Only volumes that nobody claims name it."""
    LEFT = "left"
    """Its tags say that this cluster or the driver made it, and no volume names it any more."""
    UNCLAIMED = "unclaimed"
    """It stands in the cluster's VPC, and nothing says whose it is."""
    FOREIGN = "foreign"
    """It is another cluster's, or in another VPC."""


class Stood(msgspec.Struct, frozen=True):
    """One file system's standing, and how it is known."""

    standing: Standing
    told: str
    volumes: tuple[PersistentVolume, ...] = ()
    """The volumes that name it."""


def standing_of(file_system: FileSystem, volumes: Iterable[PersistentVolume], cluster: str, vpc_id: str) -> Stood:
    """Where a file system stands with a cluster of that name in that VPC (empty where not known)."""
    naming = tuple(volume for volume in volumes if meant_id(volume) == file_system.id)
    used = [volume.name for volume in naming if volume.spec.claim_ref and volume.status.phase != "Released"]
    if used:
        return Stood(Standing.USED, f"volume {', '.join(used)} uses it", naming)
    if naming:
        told = ", ".join(f"{volume.name} ({volume.status.phase})" for volume in naming)
        return Stood(Standing.KEPT, f"only volume {told} names it, and nobody claims that", naming)
    owners = clusters_of(file_system)
    if owners and cluster not in owners:
        return Stood(Standing.FOREIGN, f"its tags say that it is cluster {', '.join(owners)}'s")
    if vpc_id and file_system.vpc_id and file_system.vpc_id != vpc_id:
        return Stood(Standing.FOREIGN, f"it is in {file_system.vpc_id}, this cluster in {vpc_id}")
    made_for = next((tag.value for tag in file_system.tags if tag.key == VOLUME_TAG), "")
    if owners or (made_for and vpc_id):
        why = f"the driver made it for volume {made_for}" if made_for else f"its tags say that it is {cluster}'s"
        return Stood(Standing.LEFT, f"{why}, and no volume here names it")
    return Stood(Standing.UNCLAIMED, "no volume here names it, and no tag says whose it is")
