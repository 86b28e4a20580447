"""Which file system a volume means."""

from __future__ import annotations

from diag.facts.fsx import FileSystem
from diag.facts.kubernetes import PersistentVolume
from diag.facts.mounts import FILE_SYSTEM_ID
from diag.facts.table import Table
from diag.model.unavailable import Reason, Unavailable


def file_system_of(volume: PersistentVolume, file_systems: Table[FileSystem] | Unavailable) -> FileSystem | Unavailable:
    """The file system that the volume handle names, or why it is not known.

    For a static volume the driver mounts what the attributes say and never reads the handle, so a handle may be any
    unique text (several volumes over one file system need different ones). The id at the start of the DNS name, then
    one at the start of the handle, tell the file system then. Source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go.
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
    if FILE_SYSTEM_ID.fullmatch(volume.handle):
        return volume.handle
    named = FILE_SYSTEM_ID.match((volume.dns_name or "").lower()) or FILE_SYSTEM_ID.match(volume.handle)
    return named[0] if named else ""
