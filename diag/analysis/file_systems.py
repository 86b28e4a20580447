"""Which file system a volume means, who owns it, and whether it can answer."""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Iterable

import msgspec

from diag.grammar.ids import FILE_CACHE, FILE_SYSTEM
from diag.model.unavailable import Reason, Unavailable
from diag.resources.age import age_s
from diag.resources.ec2 import Tag as Ec2Tag
from diag.resources.fsx import AdministrativeAction, FileSystem, Tag
from diag.resources.kubernetes import PersistentVolume
from diag.resources.table import Table


def file_system_of(volume: PersistentVolume, file_systems: Table[FileSystem] | Unavailable) -> FileSystem | Unavailable:
    """The file system that the volume handle names, or why it is not known.

    For a static volume the driver mounts what the attributes say and never reads the handle, so a handle may be any
    unique text (several volumes over one file system need different ones). The id at the start of the DNS name, then
    one at the start of the handle, give the file system then. Source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go.
    """
    if isinstance(file_systems, Unavailable):
        return file_systems
    id = meant_id(volume)
    found = file_systems.get(id)
    if not isinstance(found, Unavailable) or id in file_systems.missing:
        return found
    if not id:
        what = f"file system of {volume.name}"
        return Unavailable(what, Reason.ABSENT, f"volumeHandle {volume.handle!r} and dnsname hold no file system id")
    return Unavailable(f"file system {id}", Reason.ABSENT, "FSx has none of this id in this account and Region")


def meant_id(volume: PersistentVolume) -> str:
    """The id of the file system that a volume means; empty when neither handle nor DNS name holds one."""
    if FILE_SYSTEM.fits(volume.handle):
        return volume.handle
    return FILE_SYSTEM.leading((volume.dns_name or "").lower()) or FILE_SYSTEM.leading(volume.handle)


def meant_cache(volume: PersistentVolume) -> str:
    """The id of the Amazon File Cache that a volume means; empty when neither handle nor DNS name holds one."""
    return FILE_CACHE.leading(volume.handle) or FILE_CACHE.leading((volume.dns_name or "").lower())


PREFIX = "kubernetes.io/cluster/"
"""With the value `owned`; `shared` names no owner. Source: kubernetes/cloud-provider-aws, prerequisites."""

NAMES = frozenset(
    {
        "alpha.eksctl.io/cluster-name",
        "eks:cluster-name",
        "aws:eks:cluster-name",
        "KubernetesCluster",
        "cluster.k8s.amazonaws.com/name",
    }
)
"""Tags whose value is a cluster's name. Source: eksctl, EKS, the former Kubernetes cloud provider, the VPC CNI."""


def is_owned_by(cluster: str, tags: Iterable[Tag | Ec2Tag]) -> bool:
    """Whether the tags of an object name a cluster, and no other one beside it, as its owner."""
    return bool(cluster) and clusters_of(tags) == (cluster,)


def clusters_of(tags: Iterable[Tag | Ec2Tag]) -> tuple[str, ...]:
    """Names of the clusters that own an object by its tags; none when no tag says so, or when it is shared."""
    found: dict[str, None] = {}
    for tag in tags:
        if tag.key.startswith(PREFIX) and tag.value == "owned":
            found[tag.key.removeprefix(PREFIX)] = None
        elif tag.key in NAMES and tag.value:
            found[tag.value] = None
    return tuple(found)


WITHOUT_SERVERS = frozenset({"CREATING", "DELETING", "FAILED"})
"""Lifecycles in which name, ENIs and servers are not there yet or not any more. Source: fsx 2018-03-01, Lifecycle."""

MAY_BE_SILENT = frozenset({"MISCONFIGURED", "MISCONFIGURED_UNAVAILABLE"})
"""Lifecycles in which servers that do not answer are no news."""


def has_no_servers(file_system: FileSystem) -> str:
    """Why nothing of the file system's Lustre network can be judged; empty when it can."""
    if not file_system.is_lustre:
        return f"{file_system.id} is a file system of type {file_system.file_system_type}: no Lustre server is there"
    if file_system.lifecycle in WITHOUT_SERVERS:
        return f"{file_system.id} is {file_system.lifecycle}: its name and its servers need not be there"
    return ""


def may_be_silent(file_system: FileSystem) -> str:
    """Why a server that does not answer says nothing of the network; empty when it does."""
    if reason := has_no_servers(file_system):
        return reason
    if file_system.lifecycle in MAY_BE_SILENT:
        return f"{file_system.id} is {file_system.lifecycle}: its servers may be down for that"
    if update_under_way(file_system):
        return f"{file_system.id} is being updated, which takes its servers down for a while"
    return ""


def update_under_way(file_system: FileSystem) -> AdministrativeAction | None:
    """An update during which FSx may take the servers down for some minutes; the lifecycle is UPDATING then.

    Rebalancing afterwards (STORAGE_OPTIMIZATION) leaves them up and the lifecycle AVAILABLE. Source: FSx for Lustre
    user guide, managing-storage-capacity and managing-lustre-version.
    """
    if file_system.lifecycle != "UPDATING":
        return None
    return next(
        (
            action
            for action in file_system.administrative_actions
            if action.administrative_action_type == "FILE_SYSTEM_UPDATE" and action.status in ("PENDING", "IN_PROGRESS")
        ),
        None,
    )


WINDOW = datetime.timedelta(minutes=30)
"""Length of the window. Source: FSx for Lustre user guide, maintenance-windows."""

START = re.compile(r"([1-7]):([01]\d|2[0-3]):?([0-5]\d)")
"""`d:HH:MM` in UTC, Monday is 1. Source: fsx 2018-03-01, WeeklyTime."""


def is_in_window(start: str, now: datetime.datetime) -> bool:
    """Whether an aware time lies in the window that starts every week at `d:HH:MM`; False for text that is no such."""
    found = START.fullmatch(start)
    if found is None:
        return False
    day, hour, minute = (int(part) for part in found.groups())
    since_monday = datetime.timedelta(days=day - 1, hours=hour, minutes=minute)
    utc = now.astimezone(datetime.UTC)
    monday = (utc - datetime.timedelta(days=utc.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    return (utc - monday - since_monday) % datetime.timedelta(days=7) < WINDOW


VOLUME_TAG = "CSIVolumeName"
"""Tag of every file system that the driver makes. Source: aws-fsx-csi-driver v1.9.0 pkg/cloud/cloud.go."""


class Ownership(enum.Enum):
    """The relation of a file system to this cluster."""

    USED = "used"
    """A volume with a claim names it."""
    RETAINED = "kept"
    """This cluster made it, and only volumes that nobody claims name it."""
    ORPHANED = "left"
    """Its tags say that this cluster made it, and no volume names it any more."""
    UNCLAIMED = "unclaimed"
    """It is in the cluster's VPC or named by a volume without a claim, and nothing says whose it is."""
    FOREIGN = "foreign"
    """It is another cluster's, or in another VPC."""


class OwnedFileSystem(msgspec.Struct, frozen=True):
    """Whose one file system is, and how that is known."""

    ownership: Ownership
    reason: str
    volumes: tuple[PersistentVolume, ...] = ()
    """The volumes that name it."""


def ownership_of(
    file_system: FileSystem, volumes: Iterable[PersistentVolume], cluster: str, vpc_id: str
) -> OwnedFileSystem:
    """Whose a file system is, seen from a cluster of that name in that VPC (empty where not known).

    The driver tags what it makes with the volume's name and never with the cluster's, so that its tag alone shows
    nothing where two clusters share a VPC. Source: aws-fsx-csi-driver v1.9.0 pkg/cloud/cloud.go CreateFileSystem.
    A tag of another cluster counts more than one of this cluster.
    """
    naming = tuple(volume for volume in volumes if meant_id(volume) == file_system.id)
    used = [volume.name for volume in naming if volume.spec.claim_ref and volume.status.phase != "Released"]
    if used:
        return OwnedFileSystem(Ownership.USED, f"volume {', '.join(used)} uses it", naming)
    owners = clusters_of(file_system.tags)
    if cluster and (others := [owner for owner in owners if owner != cluster]):
        return OwnedFileSystem(Ownership.FOREIGN, f"its tags say that it is cluster {', '.join(others)}'s", naming)
    is_ours = is_owned_by(cluster, file_system.tags)
    made_for = next((tag.value for tag in file_system.tags if tag.key == VOLUME_TAG), "")
    if naming:
        names = ", ".join(f"{volume.name} ({volume.status.phase})" for volume in naming)
        reason = f"only volume {names} names it, and that has no claim"
        if is_ours or any(volume.name == made_for and _is_made_here(volume, file_system) for volume in naming):
            return OwnedFileSystem(Ownership.RETAINED, reason, naming)
        return OwnedFileSystem(Ownership.UNCLAIMED, f"{reason}; nothing says that nobody else uses it", naming)
    if vpc_id and file_system.vpc_id and file_system.vpc_id != vpc_id:
        return OwnedFileSystem(Ownership.FOREIGN, f"it is in {file_system.vpc_id}, this cluster in {vpc_id}")
    if is_ours:
        return OwnedFileSystem(Ownership.ORPHANED, f"its tags say that it is {cluster}'s, and no volume here names it")
    maker = f"a driver made it for volume {made_for}, of this cluster or of another one" if made_for else ""
    why = maker or "no tag says whose it is"
    return OwnedFileSystem(Ownership.UNCLAIMED, f"no volume here names it, and {why}")


PROVISIONED_S = 3600
"""FSx makes a file system in 5 to 15 minutes, and the driver its volume then; a controller that was down adds to it."""


def _is_made_here(volume: PersistentVolume, file_system: FileSystem) -> bool:
    """Whether this cluster's driver made both. A volume that was copied from another cluster keeps its name and its
    annotations, but not its age: the API server writes that."""
    if not volume.is_dynamic or file_system.creation_time is None:
        return False
    later = age_s(file_system.creation_time.isoformat(), volume.metadata.creation_timestamp)
    return later is not None and 0 <= later < PROVISIONED_S
