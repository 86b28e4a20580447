"""The volume's access mode is one that the driver takes, and it is no raw block device."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok
from diag.resources.kubernetes import PersistentVolume


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
        message = f"its access mode is {modes[0]}, which the driver refuses; it takes ReadWriteMany and ReadWriteOnce"
        yield fail(volume, message, cause="access-mode-rejected")
    if volume.spec.volume_mode == "Block":
        yield fail(volume, "its volumeMode is Block, and Lustre has no block device to give", cause="volume-mode-block")
    elif modes[:1] != ("ReadOnlyMany",):
        yield ok(volume, f"access mode {', '.join(modes) or '(none)'}, volumeMode {volume.spec.volume_mode}")
