"""What was deleted is really gone: no volume Failed to be deleted, none waits for a driver that is no longer there."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Reason, Unavailable, check, fail, ok, unknown, warn
from diag.advice.steps import advise
from diag.analysis.volumes import is_fsx_volume
from diag.late import late
from diag.resources.kubernetes import PersistentVolume
from diag.resources.kubernetes.workload import Workload
from diag.resources.target import Target

PROVISIONER = "external-provisioner.volume.kubernetes.io/finalizer"
"""Kept by the driver's provisioner until the file system is deleted. Source: Kubernetes documentation,
persistent volumes."""

AFTER_BACKUP = late(r"(?i)\bDeleteFileSystem\b.*\bbackup\b")
"""FSx deletes no file system of which a backup is being made. Source: FSx API reference, DeleteFileSystem."""
WAIT = (
    "Wait until FSx has made the backup of {file_system}: the provisioner tries the deletion again by itself, within a"
    " quarter of an hour."
)


@check("volume-deletion", layer=Layer.FILE_SYSTEM, speaks_for="volume-deletion-stuck")
def what_was_deleted_is_gone(
    persistent_volumes: tuple[PersistentVolume, ...],
    volumes: tuple[PersistentVolume, ...],
    controller: Workload | Unavailable,
    target: Target,
) -> Iterator[Draft]:
    """No volume of FSx for Lustre is stuck between its deletion and its end.

    With reclaim policy Delete, the driver's controller deletes the file system and then takes its finalizer off the
    volume; since csi-provisioner 5 of a static volume too, which with older controllers turns Failed. A volume whose
    driver was uninstalled first stays Terminating, and its file system stays and is billed.

    pass: no volume is Failed, and none that is being deleted waits for a driver that is absent
    warn: a volume is Failed; no pod is kept from mounting by it
    fail: a volume is being deleted, and the controller that would delete its file system does not exist
    unknown: volumes could not be read; or one is being deleted, and whether there is a controller could not be read
    source: Kubernetes documentation, persistent volumes; kube-controller-manager v1.34 pv_controller.go; KEP-2644
    """
    chosen = {volume.name for volume in volumes}
    for volume in filter(is_fsx_volume, persistent_volumes):
        waits = bool(volume.metadata.deletion_timestamp) and PROVISIONER in (volume.metadata.finalizers or ())
        if volume.name not in chosen and not (target.is_everything and waits):
            continue
        if volume.status.phase == "Failed":
            usual = "no reason is given" if volume.is_dynamic else "it is static, and nobody carries out policy Delete"
            message = f"it could not be deleted: {volume.status.message or usual}"
            yield warn(volume, message, cause="volume-deletion-stuck", fix=_fix(volume))
        elif waits and isinstance(controller, Unavailable):
            if controller.reason is Reason.ABSENT:
                yield fail(
                    volume, "it is being deleted, and the driver's controller, which would do so, does not exist"
                )
            else:
                message = "it is being deleted; whether the driver's controller exists is unknown"
                yield unknown(volume, message, because=(controller,))
        else:
            yield ok(volume, "its deletion did not fail")


def _fix(volume: PersistentVolume) -> Fix | None:
    """Time, where FSx itself waits for a backup; else the runbook's remedies stand."""
    waits = volume.is_dynamic and AFTER_BACKUP.search(volume.status.message or "")
    return advise(WAIT, {"file_system": volume.handle}) if waits else None
