"""The file system is one of FSx for Lustre."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok
from diag.resources.fsx import FileSystem


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
