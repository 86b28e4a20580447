"""The file system behind a volume: is it there, is it Lustre, does it serve."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from diag import Draft, Fix, Layer, Reason, Table, Unavailable, check, fail, ok, skip, unknown
from diag.advice.replace_volume import recreate_volume
from diag.analysis.attributes import DNS_NAME, is_address
from diag.analysis.file_systems import file_system_of, meant_id
from diag.knowledge.file_system_states import Mountable, causes, state_of
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume

KEY = "kms-key-unusable"


@check("file-system-exists", layer=Layer.FILE_SYSTEM, each="volumes", speaks_for="file-system-not-found")
def file_system_exists(
    volume: PersistentVolume, file_systems: Table[FileSystem], cluster_identity: ClusterIdentity
) -> Iterator[Draft]:
    """FSx has the file system that the PersistentVolume means, in this account and Region.

    A volume outlives its file system: nothing in Kubernetes notices when somebody deletes that. Then its name resolves
    no longer, and the mount ends in "Can't parse NID".

    pass: FSx has it
    fail: FSx has none of that id
    skip: the volume names no file system, or one of another Region (see mountname-match and dns-name)
    unknown: FSx could not be asked, or the volume is mounted by an address that another account's file system may have
    source: FSx API DescribeFileSystems
    """
    known, id = file_system_of(volume, file_systems), meant_id(volume)
    if not isinstance(known, Unavailable):
        name = f" ({known.name})" if known.name else ""
        yield ok(volume, f"FSx has {known.id}{name}, {known.storage_capacity or '?'} GiB", concerns=(known,))
        return
    name_parts = DNS_NAME.fullmatch((volume.dns_name or "").lower().removesuffix("."))
    region = cluster_identity.region
    if not id:
        yield skip(volume, f"the volume names no file system of FSx (volumeHandle {volume.handle!r})")
    elif name_parts and region and name_parts["region"] != region:
        yield skip(volume, f"{id} is of Region {name_parts['region']}, FSx was asked in {region}")
    elif known.reason is not Reason.ABSENT or is_address(volume.dns_name or ""):
        why = "; by address it may be another account's or Region's" if known.reason is Reason.ABSENT else ""
        yield unknown(volume, f"{known}{why}", because=(known,))
    else:
        others = [fs.id for fs in file_systems if fs.is_lustre]
        near = difflib.get_close_matches(id, others, 1, 0.85)
        meant = f"; {near[0]} is meant?" if near else ""
        evidence = f"fsx:DescribeFileSystems in {region}: {', '.join(others[:5]) or 'no Lustre file system'}"
        fix = recreate_volume(volume, handle=near[0] if near else "")
        yield fail(volume, f"FSx has no file system {id} in this account and Region{meant}", evidence, fix=fix)


@check("file-system-type", layer=Layer.FILE_SYSTEM, each="mounted_file_systems", speaks_for="file-system-not-lustre")
def file_system_is_lustre(file_system: FileSystem) -> Iterator[Draft]:
    """The file system is one of FSx for Lustre.

    Ids of all FSx types, and of EFS, look alike. An ONTAP, OpenZFS or Windows file system has no Lustre server; its
    own driver mounts it over NFS or SMB.

    pass: FileSystemType is LUSTRE
    fail: it is another
    source: FSx API FileSystemType
    """
    kind = file_system.file_system_type
    if file_system.is_lustre:
        yield ok(file_system, f"{file_system.id} is Lustre {file_system.file_system_type_version}".rstrip())
    else:
        yield fail(file_system, f"{file_system.id} is of type {kind}, which the Lustre driver cannot mount")


@check("file-system-state", layer=Layer.FILE_SYSTEM, each="mounted_file_systems", speaks_for=(*causes(), KEY))
def file_system_serves(file_system: FileSystem) -> Iterator[Draft]:
    """The file system's Lifecycle is one in which it can be mounted.

    pass: AVAILABLE, or UPDATING, during which servers may be away for some minutes (see maintenance)
    fail: CREATING, DELETING, FAILED or MISCONFIGURED, with the reason that FSx gives
    unknown: a Lifecycle that is in no table
    source: FSx API Lifecycle and FailureDetails; FSx for Lustre user guide, file-system-lifecycle-states
    """
    state = state_of(file_system.lifecycle)
    reason = file_system.failure_details.message if file_system.failure_details else ""
    if state is None:
        yield unknown(file_system, f"no table knows the Lifecycle {file_system.lifecycle!r}")
    elif state.mount is not Mountable.NO:
        told = f"{file_system.id} is {state.lifecycle}, {file_system.lustre.deployment_type}: {state.means}"
        yield ok(file_system, told)
    else:
        # FailureDetails is free text; that it names the key is the one thing that is looked for in it.
        cause = KEY if "key" in reason.lower().replace("-", " ").split() else state.cause
        said = f". FSx says: {reason}" if reason else ""
        describe = f"aws fsx describe-file-systems --file-system-ids {file_system.id}"
        fields = "[FileSystemId,Lifecycle,FailureDetails.Message,KmsKeyId]"
        fix = Fix(
            (f"{describe} --query 'FileSystems[0].{fields}'",), "shows state and reason; see the runbook for each"
        )
        yield fail(file_system, f"{file_system.id} is {state.lifecycle}: {state.means}{said}", cause=cause, fix=fix)
