"""Whether a claim and a volume can be bound, as Kubernetes' volume binder decides it."""

from __future__ import annotations

from typing import Any

import msgspec

from diag.grammar.command import Verbatim
from diag.resources.kubernetes import PersistentVolume, PersistentVolumeClaim
from diag.resources.quantity import bytes_of, in_gib

CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
"""The old spelling of storageClassName, which still wins. Source: Kubernetes v1.34 component-helpers/storage/volume."""


def class_of(claim: PersistentVolumeClaim) -> str:
    """The name of the StorageClass that a claim asks for; empty for none."""
    return named_class_of(claim) or ""


def named_class_of(claim: PersistentVolumeClaim) -> str | None:
    """The same, or None where the claim leaves it to the cluster's default: an annotation counts though it is empty."""
    return (claim.metadata.annotations or {}).get(CLASS_ANNOTATION, claim.spec.storage_class_name)


def class_of_volume(volume: PersistentVolume) -> str:
    """The name of the StorageClass that a volume belongs to; empty for none."""
    return (volume.metadata.annotations or {}).get(CLASS_ANNOTATION, volume.spec.storage_class_name)


def misfits(claim: PersistentVolumeClaim, volume: PersistentVolume) -> tuple[str, ...]:
    """Every reason why the claim cannot be bound to a volume that nobody holds, in words; none when they fit.

    The same for a volume that the claim names and for one that the binder looks for, but for the selector and the
    phase, which count only for the latter. Source: Kubernetes v1.34
    pkg/controller/volume/persistentvolume/pv_controller.go checkVolumeSatisfyClaim;
    component-helpers/storage/volume/pv_helpers.go FindMatchingVolume.
    """
    theirs, ours = class_of_volume(volume) or "none", class_of(claim) or "none"
    found = misfits_of_reserved(claim, volume)
    if theirs == ours:
        return found
    return (*found, f"it asks for the StorageClass {ours}, the volume is of {theirs}")


def misfits_of_reserved(claim: PersistentVolumeClaim, volume: PersistentVolume) -> tuple[str, ...]:
    """The same for a volume whose claimRef is this claim, and which the claim does not name.

    Neither class nor selector nor phase counts then. A claim that names a volume which is reserved for it is bound
    without any question. Source: as above; pv_controller.go syncUnboundClaim; index.go findByClaim (access modes).
    """
    found = []
    asked, offered = claim.spec.resources.requests or {}, volume.spec.capacity or {}
    wanted, size = bytes_of(asked.get("storage", "0")), bytes_of(offered.get("storage", "0"))
    if volume.metadata.deletion_timestamp:
        found.append("the volume is being deleted")
    if wanted is not None and size is not None and wanted > size:
        found.append(f"it asks for {in_gib(wanted)}, the volume says {in_gib(size)}")
    theirs, ours = volume.spec.volume_attributes_class_name or "none", claim.spec.volume_attributes_class_name or "none"
    if theirs != ours:
        found.append(f"it asks for the VolumeAttributesClass {ours}, the volume is of {theirs}")
    if claim.spec.volume_mode != volume.spec.volume_mode:
        found.append(f"its volumeMode is {claim.spec.volume_mode}, the volume's {volume.spec.volume_mode}")
    lacking = [mode for mode in claim.spec.access_modes or () if mode not in (volume.spec.access_modes or ())]
    if lacking:
        modes = ", ".join(volume.spec.access_modes or ()) or "none"
        found.append(f"it asks for {', '.join(lacking)}, the volume offers {modes}")
    return tuple(found)


def why_not_taken(claim: PersistentVolumeClaim, volume: PersistentVolume) -> tuple[str, ...]:
    """Why the binder does not take a volume that nobody holds for a claim that names none; none when it does.

    A volume without a phase is new: the controller makes it Available.
    """
    found = misfits(claim, volume)
    if volume.status.phase not in ("", "Pending", "Available"):
        found = (*found, f"the volume is {volume.status.phase}")
    return found if selects(claim, volume) else (*found, "its selector does not take the volume")


def differs_in_class_alone(claim: PersistentVolumeClaim, volume: PersistentVolume) -> bool:
    """Whether nothing but the StorageClass keeps the claim from the volume."""
    alike = msgspec.structs.replace(claim.spec, storage_class_name=class_of_volume(volume))
    return not misfits(msgspec.structs.replace(claim, spec=alike), volume)


def selects(claim: PersistentVolumeClaim, volume: PersistentVolume) -> bool:
    """Whether the claim's label selector takes the volume; counts only for a claim that names no volume."""
    return claim.spec.selector is None or claim.spec.selector.takes(volume.metadata.labels or {})


def is_held_by(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """Whether the volume is bound to, or reserved for, this very claim: same name, and same uid where one is given."""
    ref = volume.spec.claim_ref
    if ref is None or (ref.namespace, ref.name) != claim.key:
        return False
    return not ref.uid or not claim.metadata.uid or ref.uid == claim.metadata.uid


def corrections(claim: PersistentVolumeClaim, volume: PersistentVolume) -> dict[str, Any]:
    """The fields of the claim's spec as the volume needs them, only those that keep the two apart."""
    asked, offered = claim.spec.resources.requests or {}, volume.spec.capacity or {}
    wanted, size = bytes_of(asked.get("storage", "0")), bytes_of(offered.get("storage", "0"))
    found: dict[str, Any] = {}
    if wanted is not None and size is not None and wanted > size:
        found["resources"] = {"requests": {"storage": Verbatim(offered.get("storage", "0"))}}
    if class_of(claim) != class_of_volume(volume):
        found["storageClassName"] = Verbatim(class_of_volume(volume))
    if claim.spec.volume_mode != volume.spec.volume_mode:
        found["volumeMode"] = Verbatim(volume.spec.volume_mode)
    if (claim.spec.volume_attributes_class_name or "") != (volume.spec.volume_attributes_class_name or ""):
        found["volumeAttributesClassName"] = Verbatim(volume.spec.volume_attributes_class_name)
    if any(mode not in (volume.spec.access_modes or ()) for mode in claim.spec.access_modes or ()):
        found["accessModes"] = Verbatim(list(volume.spec.access_modes or ()))
    return found or {"selector": None}
