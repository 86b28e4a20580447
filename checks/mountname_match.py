"""The identity of a volume: handle, DNS name and mount name against what FSx says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diag import Draft, Layer, Table, Unavailable, check, fail, ok, unknown
from diag.facts.fsx import FileSystem
from diag.facts.kubernetes import PersistentVolume
from diag.facts.naming import driver_default_mount_name, looks_unexpanded, misspelt_attribute
from diag.facts.replacement import recreate_volume

OUR_CAUSES = (
    "wrong-mountname", "mountname-missing", "mountname-too-long", "unexpanded-variable", "dnsname-missing",
)  # fmt: skip


@check("mountname-match", layer=Layer.REQUEST, each="volumes", speaks_for=OUR_CAUSES)
def mountname_match(volume: PersistentVolume, file_systems: Table[FileSystem]) -> Iterator[Draft]:
    """The PersistentVolume's mountname is the file system's MountName.

    The driver mounts `<dnsname>@tcp:/<mountname>` exactly as the attributes say, in lower-case keys; without a
    mountname it silently mounts `/fsx`. A wrong name ends in exit status 2, "No such file or directory".

    pass: the attribute equals MountName of the file system that the volume handle names
    fail: it differs, is missing, misspelt, an unexpanded variable, or longer than eight characters
    unknown: FSx could not be asked, or gave no MountName
    source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go; FSx API MountName
    """
    name, wrong_key = volume.mount_name, misspelt_attribute(volume.attributes, "mountname")
    known = file_systems.get(volume.handle)
    actual = "" if isinstance(known, Unavailable) else known.mount_name
    fix = recreate_volume(volume, mount_name=actual)
    if name is not None and looks_unexpanded(name):
        yield fail(
            volume, f"mountname is {name!r}, a variable that was never filled in", cause="unexpanded-variable", fix=fix
        )
        return
    base = (name or "").partition("/")[0]
    if len(base) > 8:
        yield fail(
            volume,
            f"mountname {base!r} has {len(base)} characters, Lustre allows 8",
            cause="mountname-too-long",
            fix=fix,
        )
        return
    if isinstance(known, Unavailable):
        yield unknown(volume, f"cannot compare mountname {name!r}: {known}", because=(known,))
        return
    if not actual:
        yield unknown(volume, f"FSx gives no MountName for {known.id}, so mountname {name!r} cannot be compared")
        return
    mounted = name or driver_default_mount_name()
    if re.fullmatch(rf"{re.escape(actual)}(/.*)?", mounted) and (name or mounted == actual):
        yield ok(
            volume,
            f"mountname is {mounted!r}, as FSx says",
            f"fsx:DescribeFileSystems {known.id} MountName {actual}",
            concerns=(known,),
        )
        return
    if not name:
        why = f"the key is misspelt {wrong_key!r}" if wrong_key else "there is none"
        yield fail(
            volume,
            f"no mountname attribute ({why}): the driver mounts /fsx, FSx says {actual!r}",
            cause="mountname-missing",
            fix=fix,
            concerns=(known,),
        )
        return
    case = " (it differs only in case)" if base.lower() == actual.lower() else ""
    yield fail(volume, f"mountname is {name!r}, FSx says {actual!r}{case}", fix=fix, concerns=(known,))
