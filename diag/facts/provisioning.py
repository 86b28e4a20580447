"""Whether the cluster asks the driver to create or resize file systems: what only then needs AWS rights."""

from __future__ import annotations

import msgspec

from diag.declare.fact import fact
from diag.facts.kubernetes import FSX_DRIVER, PersistentVolume, PersistentVolumeClaim, StorageClass

SELECTED_NODE = "volume.kubernetes.io/selected-node"
"""Set by the scheduler when a claim of a WaitForFirstConsumer class may be provisioned. Source: Kubernetes docs,
well-known annotations."""


NOT_FOR_MOUNTS = "only creating and resizing file systems needs it, mounting one that exists does not"
NOT_IN_USE = "no StorageClass, claim or volume has the driver create file systems; a static volume needs no AWS rights"


class Provisioning(msgspec.Struct, frozen=True):
    """What of dynamic provisioning the cluster has."""

    classes: tuple[StorageClass, ...] = ()
    """The driver's StorageClasses."""
    pending: tuple[PersistentVolumeClaim, ...] = ()
    """Claims that wait for the driver to create their file system."""
    dynamic: tuple[str, ...] = ()
    """Names of the volumes that the driver created."""

    @property
    def in_use(self) -> bool:
        """Somebody can ask, asks or has asked the driver for a file system."""
        return bool(self.classes or self.pending or self.dynamic)


@fact()
def provisioning(
    storage_classes: tuple[StorageClass, ...],
    claims: tuple[PersistentVolumeClaim, ...],
    persistent_volumes: tuple[PersistentVolume, ...],
) -> Provisioning:
    """The driver's StorageClasses, the claims that wait for it, and the volumes that it created."""
    ours = {item.metadata.name: item for item in storage_classes if item.provisioner == FSX_DRIVER}
    pending = tuple(claim for claim in claims if _waits_for(claim, ours.get(claim.spec.storage_class_name or "")))
    made = (v for v in persistent_volumes if v.is_dynamic and v.spec.csi and v.spec.csi.driver == FSX_DRIVER)
    return Provisioning(tuple(ours.values()), pending, tuple(volume.name for volume in made))


def _waits_for(claim: PersistentVolumeClaim, storage_class: StorageClass | None) -> bool:
    if storage_class is None or claim.spec.volume_name or claim.status.phase not in ("", "Pending"):
        return False
    waits_for_pod = storage_class.volume_binding_mode == "WaitForFirstConsumer"
    return not waits_for_pod or bool(claim.metadata.annotation(SELECTED_NODE))
