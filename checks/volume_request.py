"""What a PersistentVolume asks of the driver: its name, access modes, volume mode and size."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from diag import Draft, Fix, Layer, Reason, Table, Unavailable, check, fail, ok, skip, unknown, warn
from diag.analysis.file_systems import file_system_of
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import FSX_DRIVER, PersistentVolume
from diag.resources.quantity import GIB, bytes_of, in_gib


@check("volume-driver", layer=Layer.REQUEST, each="volumes", speaks_for="pv-wrong-driver")
def names_the_driver(volume: PersistentVolume) -> Iterator[Draft]:
    """A volume that means an FSx for Lustre file system names the driver fsx.csi.aws.com.

    The kubelet calls the plugin of exactly that name. With another one it says that the driver is not registered, or
    a sibling (EFS, OpenZFS) complains about a handle that it cannot mount.

    pass: spec.csi.driver is fsx.csi.aws.com
    fail: it is not, while its attributes are those of FSx for Lustre
    unknown: volumes could not be read
    source: aws-fsx-csi-driver v1.9.0 pkg/driver/driver.go; Kubernetes v1.34 pkg/volume/csi
    """
    driver = volume.spec.csi.driver if volume.spec.csi else ""
    if driver == FSX_DRIVER:
        yield ok(volume, f"its driver is {driver}")
    else:
        yield fail(volume, f"its driver is {driver!r}, FSx for Lustre is mounted by {FSX_DRIVER}")


@check("volume-access", layer=Layer.REQUEST, each="volumes", speaks_for=("access-mode-rejected", "volume-mode-block"))
def can_be_accessed_so(volume: PersistentVolume) -> Iterator[Draft]:
    """The volume's access mode is one that the driver takes, and it is no raw block device.

    The kubelet asks the driver for the first of a volume's access modes. The driver takes ReadWriteOnce and
    ReadWriteMany, and refuses ReadOnlyMany with "Volume capability not supported". Lustre has no device to hand to a
    pod: with volumeMode Block the driver mounts a directory, and the kubelet then finds no device.

    pass: the first access mode is taken and volumeMode is Filesystem
    fail: the first access mode is ReadOnlyMany, or volumeMode is Block
    unknown: volumes could not be read
    source: aws-fsx-csi-driver v1.9.0 pkg/driver/controller.go volumeCaps, node.go; Kubernetes v1.34 csi_mounter.go
    """
    modes = volume.spec.access_modes or ()
    if modes[:1] == ("ReadOnlyMany",):
        told = f"its access mode is {modes[0]}, which the driver refuses; it takes ReadWriteMany and ReadWriteOnce"
        yield fail(volume, told, cause="access-mode-rejected")
    if volume.spec.volume_mode == "Block":
        yield fail(volume, "its volumeMode is Block, and Lustre has no block device to give", cause="volume-mode-block")
    elif modes[:1] != ("ReadOnlyMany",):
        yield ok(volume, f"access mode {', '.join(modes) or '(none)'}, volumeMode {volume.spec.volume_mode}")


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
        patch = json.dumps({"spec": {"capacity": {"storage": f"{known.storage_capacity}Gi"}}})
        command = f"kubectl patch pv {shlex.quote(volume.name)} --type=merge -p {shlex.quote(patch)}"
        told = f"it promises {in_gib(promised)}, {known.id} has {known.storage_capacity} GiB"
        yield warn(volume, told, cause=None, fix=Fix((command,), "the number alone; no mount, no data"),
                   concerns=(known,))  # fmt: skip
    else:
        yield ok(volume, f"capacity {text}, {known.id} has {known.storage_capacity} GiB", concerns=(known,))
