"""What names an existing file system beside Kubernetes names one that can exist, and the right way."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Table, Unavailable, check, fail, ok
from diag.advice.steps import advise
from diag.analysis.attributes import DNS_NAME, FSNAME_LIMIT, OF_FSX, is_address
from diag.grammar.ids import FILE_SYSTEM, FSNAME
from diag.grammar.unfilled import is_stand_in
from diag.resources.fsx import FileSystem
from diag.resources.manifests import ManifestSet, PlannedMount

UNFILLED, WRONG_NAME, TOO_LONG = "unexpanded-variable", "wrong-mountname", "mountname-too-long"


@check("planned-mount", layer=Layer.REQUEST, speaks_for=(WRONG_NAME, TOO_LONG, UNFILLED, "dnsname-mismatch"))
def planned_mounts_lead_somewhere(
    manifest_set: ManifestSet | Unavailable, file_systems: Table[FileSystem] | Unavailable
) -> Iterator[Draft]:
    """What names an existing file system beside Kubernetes names one that can exist, and the right way.

    ParallelCluster's `FileSystemId`, HyperPod's `DnsName` and `MountName`, the settings of its Slurm scripts. Where
    FSx can be asked, its mount name has to be the file's.

    pass: ids and names have their form, and FSx, where it was asked, agrees
    fail: an id stands beside settings for a new file system; or a value was never filled in, is missing or malformed,
        or FSx says another
    source: fsx 2018-03-01 FileSystemId, DNSName, LustreFileSystemMountName
    """
    for mount in () if isinstance(manifest_set, Unavailable) else manifest_set.mounts:
        troubles = tuple(_troubles(mount, file_systems))
        yield from troubles
        if not troubles:
            yield ok(mount, "its id and names have their form", rules_out=())


def _troubles(mount: PlannedMount, file_systems: Table[FileSystem] | Unavailable) -> Iterator[Draft]:
    if mount.beside:
        keys = ", ".join(mount.beside)
        yield fail(
            mount, f"FileSystemId goes alone, and {keys} is given as well", cause="", fix=_correct("FileSystemId")
        )
    for key in mount.lacking:
        yield fail(mount, f"{key} is missing", cause=WRONG_NAME, fix=_correct(key))
    given = {"FileSystemId": mount.file_system_id, "DnsName": mount.dns_name, "MountName": mount.mount_name}
    for key, value in given.items():
        if is_stand_in(value):
            yield fail(mount, f"{key} is {value!r}, which was never filled in", cause=UNFILLED, fix=_correct(key))
        elif key == "FileSystemId" and value and not FILE_SYSTEM.fits(value):
            yield fail(mount, f"{key} is {value!r}, which is no file-system id", cause="", fix=_correct(key))
        elif key == "MountName" and len(value) > FSNAME_LIMIT:
            message = f"{key} {value!r} has {len(value)} characters, Lustre allows {FSNAME_LIMIT}"
            yield fail(mount, message, cause=TOO_LONG, fix=_correct(key))
        elif key == "MountName" and value and not FSNAME.fits(value):
            yield fail(mount, f"{key} is {value!r}, which is no Lustre name", cause=WRONG_NAME, fix=_correct(key))
    if (
        (inside := OF_FSX.fullmatch(mount.dns_name))
        and not DNS_NAME.fullmatch(mount.dns_name)
        and not is_stand_in(mount.dns_name)
    ):
        message = f"DnsName is {mount.dns_name!r}, and {inside['label']!r} is no id of a file system"
        yield fail(mount, message, cause="dnsname-mismatch", fix=_correct("DnsName"))
    named = DNS_NAME.fullmatch(mount.dns_name) if not is_address(mount.dns_name) else None
    id = mount.file_system_id or (named["file_system"] if named else "")
    known = file_systems.values.get(id) if not isinstance(file_systems, Unavailable) else None
    if known is not None and mount.mount_name and known.mount_name and mount.mount_name != known.mount_name:
        message = f"MountName is {mount.mount_name!r}, FSx says {known.mount_name!r}"
        yield fail(mount, message, cause=WRONG_NAME, fix=_correct("MountName"))


def _correct(key: str) -> Fix:
    message = "correct {parameter} before it is applied; `aws fsx describe-file-systems` says what there is"
    return advise(message, {"parameter": key})
