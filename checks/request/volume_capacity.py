"""The volume's capacity is not larger than the file system."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Reason, Table, Unavailable, check, ok, skip, unknown, warn
from diag.advice.steps import change, undo
from diag.analysis.file_systems import file_system_of
from diag.grammar.command import Value
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume
from diag.resources.quantity import GIB, bytes_of, in_gib


@check("volume-capacity", layer=Layer.REQUEST, each="volumes", speaks_for="capacity-mismatch")
def promises_no_more_than_there_is(
    volume: PersistentVolume, file_systems: Table[FileSystem] | Unavailable
) -> Iterator[Draft]:
    """The volume's capacity is not larger than the file system.

    Kubernetes only matches it with claims and limits nothing by it, so a mount never fails because of it; but a job
    that counts on it runs into "No space left on device". A smaller number is harmless.

    pass: FSx's StorageCapacity is at least as much
    warn: the volume promises more than FSx has
    unknown: FSx could not be asked
    skip: FSx has no such file system, or the capacity is no quantity
    source: fsx 2018-03-01 StorageCapacity (GiB); Kubernetes documentation, persistent volumes
    """
    text = (volume.spec.capacity or {}).get("storage", "")
    known, promised = file_system_of(volume, file_systems), bytes_of(text)
    if isinstance(known, Unavailable) and known.reason is not Reason.ABSENT:
        yield unknown(volume, f"cannot compare its capacity {text}: {known}", because=(known,))
    elif isinstance(known, Unavailable) or promised is None or known.storage_capacity is None:
        yield skip(volume, f"its capacity {text or '(none)'} has nothing to be compared with")
    elif promised > known.storage_capacity * GIB:
        message = f"it promises {in_gib(promised)}, {known.id} has {known.storage_capacity} GiB"
        fix = _set_capacity(volume, f"{known.storage_capacity}Gi", text)
        yield warn(volume, message, cause=None, fix=fix, concerns=(known,))
    else:
        yield ok(volume, f"capacity {text}, {known.id} has {known.storage_capacity} GiB", concerns=(known,))


def _set_capacity(volume: PersistentVolume, right: str, former: str) -> Fix:
    command = "kubectl patch pv {volume} --type=merge -p {patch}"
    patch = {"spec": {"capacity": {"storage": "{quantity}"}}}
    names: dict[str, Value] = {"volume": volume.name, "patch": patch}
    message = "the number alone; no mount, no data"
    return Fix(
        (change(command, {**names, "quantity": right}, changes=message), undo(command, {**names, "quantity": former}))
    )
