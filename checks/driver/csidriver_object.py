"""The CSIDriver object, by which Kubernetes knows how the driver wants to be used."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Unavailable, check, fail, ok
from diag.advice.driver import reinstall
from diag.advice.steps import change
from diag.analysis.driver.workloads import DRIVER, missing_component
from diag.model.fix import Danger
from diag.resources.eks import Addon
from diag.resources.kubernetes import FSX_DRIVER, CsiDriver, Workload

CAUSE = "csidriver-object-missing"
PERSISTENT = "Persistent"
"""The default of volumeLifecycleModes. Source: Kubernetes API reference, CSIDriverSpec; pkg/volume/csi."""


@check("csidriver-object", layer=Layer.DRIVER, speaks_for=CAUSE)
def csidriver_object(
    csi_drivers: tuple[CsiDriver, ...],
    node_plugin: Workload | Unavailable,
    addons: tuple[Addon, ...] | Unavailable,
) -> Iterator[Draft]:
    """The CSIDriver object fsx.csi.aws.com exists and says that no attach is needed.

    Without it, or with attachRequired, Kubernetes makes a VolumeAttachment and waits for an attacher that this driver
    does not have: the pod hangs with "timed out waiting for external-attacher".

    pass: it exists with attachRequired false
    fail: the driver is installed and the object is missing, asks for an attach, or leaves out persistent volumes
    unknown: CSIDrivers or DaemonSets could not be listed
    skip: the driver is not installed at all
    source: Kubernetes pkg/volume/csi skipAttach; aws-fsx-csi-driver chart 1.17.0 templates/csidriver.yaml
    """
    addon = None if isinstance(addons, Unavailable) else next(iter(addons), None)
    found = next((item for item in csi_drivers if item.metadata.name == FSX_DRIVER), None)
    if isinstance(node_plugin, Unavailable):
        # Without a driver there is nothing for the object to describe; csi-node-registered says so.
        yield missing_component("node plugin of the driver", node_plugin)
        return
    if found is None:
        message = f"there is no CSIDriver {FSX_DRIVER}: Kubernetes waits for an attach that nobody does"
        yield fail(DRIVER, message, fix=reinstall(node_plugin, addon))
        return
    text = "Neither attachRequired nor volumeLifecycleModes can be edited; mounts that exist stay."
    delete = change(f"kubectl delete csidriver {FSX_DRIVER}", changes=text, danger=Danger.INTERRUPTS)
    if found.spec.attach_required:
        message = f"CSIDriver {FSX_DRIVER} has attachRequired true, and the driver has no attacher"
        yield fail(DRIVER, message, fix=reinstall(node_plugin, addon, delete))
    elif found.spec.volume_lifecycle_modes and PERSISTENT not in found.spec.volume_lifecycle_modes:
        modes = ", ".join(found.spec.volume_lifecycle_modes)
        message = f"CSIDriver {FSX_DRIVER} is for {modes} volumes alone: the kubelet mounts no PersistentVolume with it"
        yield fail(DRIVER, message, fix=reinstall(node_plugin, addon, delete))
    else:
        yield ok(DRIVER, f"CSIDriver {FSX_DRIVER} says that no attach is needed")
