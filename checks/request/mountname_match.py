"""The name under which a volume asks the server for its file system."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Correction, Draft, Fix, Layer, Table, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.replace_volume import replace_volume
from diag.analysis.attributes import (
    DRIVER_DEFAULT_MOUNT_NAME,
    FSNAME_LIMIT,
    is_spelt_otherwise,
    misspelt_attribute,
    mistaken_id,
)
from diag.analysis.file_systems import file_system_of, meant_cache
from diag.grammar.unfilled import is_stand_in, is_unfilled
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume, Pod


@check(
    "mountname-match",
    layer=Layer.REQUEST,
    each="volumes",
    speaks_for=("wrong-mountname", "mountname-missing", "mountname-too-long", "unexpanded-variable"),
)
def mountname_is_the_file_systems(
    volume: PersistentVolume,
    file_systems: Table[FileSystem] | Unavailable,
    claim_pods: dict[str, tuple[Pod, ...]] | Unavailable,
) -> Iterator[Draft]:
    """The PersistentVolume's mountname is the MountName of the file system that its volumeHandle names.

    The driver mounts `<dnsname>@tcp:/<mountname>` exactly as the attributes say, in lower-case keys; without a
    mountname it silently mounts `/fsx`, which is right for SCRATCH_1 alone. A wrong name ends in exit status 2, "No
    such file or directory". A directory after the name is allowed; whether it exists only the server knows.

    pass: the attribute, or the driver's default without one, is FSx's MountName
    warn: the handle looks like an id and is none, while the DNS name leads somewhere else
    fail: it differs, is missing, misspelt or written without a value, is longer than eight characters, or it or the
        handle is an unexpanded variable
    unknown: FSx could not be asked, has no such file system, or gave no MountName
    skip: the volume names an Amazon File Cache (see file-cache)
    source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go; FSx API MountName; Lustre 2.15 lustre_disk.h
    """
    name = volume.mount_name or ""
    fsname = name.lstrip("/").partition("/")[0] or DRIVER_DEFAULT_MOUNT_NAME
    known = file_system_of(volume, file_systems)
    actual = "" if isinstance(known, Unavailable) else known.mount_name

    def fix() -> Fix:
        return replace_volume(volume, claim_pods, attributes={"mountname": actual})

    unfilled = [(k, v) for k, v in (("volumeHandle", volume.handle), ("mountname", name)) if is_stand_in(v)]
    if unfilled:
        message = " and ".join(f"{key} is {value!r}" for key, value in unfilled)
        by_handle = None if isinstance(known, Unavailable) else fix()
        yield fail(volume, f"{message}: never filled in", cause="unexpanded-variable", fix=by_handle)
    elif len(fsname) > FSNAME_LIMIT:
        message = f"mountname {fsname!r} has {len(fsname)} characters, Lustre allows {FSNAME_LIMIT}"
        yield fail(volume, message, cause="mountname-too-long", fix=fix())
    elif meant_cache(volume):
        yield skip(volume, "it names an Amazon File Cache (see file-cache)")
    elif isinstance(known, Unavailable) and (why := _unwritten(volume)):
        yield fail(volume, f"{why}: the driver mounts /{fsname}, which only SCRATCH_1 has", cause="mountname-missing",
                   fix=fix(), correction=_respelt(volume))  # fmt: skip
    elif isinstance(known, Unavailable):
        yield unknown(volume, f"cannot compare mountname {name!r}: {known}", because=(known,))
    elif not actual:
        yield unknown(volume, f"FSx gives no MountName for {known.id}, so mountname {name!r} cannot be compared")
    elif fsname == actual:
        message = f"mountname is {actual!r}, as FSx says"
        yield ok(volume, message, f"fsx:DescribeFileSystems {known.id} MountName {actual}", rules_out=_refuted(volume))
    else:
        yield _mismatch(volume, fsname, actual, fix())
    if mistaken_id(volume.handle) and not (volume.dns_name or "").startswith(volume.handle) and not unfilled:
        message = (
            f"volumeHandle is {volume.handle!r}, which is no id of a file system: the mount goes by dnsname,"
            " and whatever asks FSx by the handle (deletion, resizing) fails"
        )
        yield warn(volume, message, cause=None)


def _unwritten(volume: PersistentVolume) -> str:
    """Why the driver reads no mountname although somebody wrote one; empty where none is written."""
    if wrong_key := misspelt_attribute(volume.attributes, "mountname"):
        return f"no mountname (the key is misspelt {wrong_key!r})"
    return "mountname is written without a value" if volume.mount_name == "" else ""


def _respelt(volume: PersistentVolume) -> Correction | None:
    written = misspelt_attribute(volume.attributes, "mountname")
    return Correction(written, written, "mountname", is_key=True) if is_spelt_otherwise(written, "mountname") else None


def _refuted(volume: PersistentVolume) -> tuple[str, ...]:
    filled = ("unexpanded-variable",) if not is_unfilled(volume.dns_name or "") else ()
    return ("wrong-mountname", "mountname-missing", "mountname-too-long", *filled)


def _mismatch(volume: PersistentVolume, fsname: str, actual: str, fix: Fix) -> Draft:
    if volume.mount_name:
        case = " (it differs only in case)" if fsname.lower() == actual.lower() else ""
        certain = Correction("mountname", fsname, actual) if fsname == volume.mount_name else None
        return fail(volume, f"mountname is {fsname!r}, FSx says {actual!r}{case}", fix=fix, correction=certain)
    wrong_key = misspelt_attribute(volume.attributes, "mountname")
    why = f"the key is misspelt {wrong_key!r}" if wrong_key else "it is absent or empty"
    message = f"no mountname ({why}): the driver mounts /{fsname}, FSx says {actual!r}"
    return fail(volume, message, cause="mountname-missing", fix=fix, correction=_respelt(volume))
