"""A volume that means an FSx for Lustre file system names the driver fsx.csi.aws.com."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok
from diag.resources.kubernetes import FSX_DRIVER, PersistentVolume


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
