"""Whether a claim and a volume can be bound, as Kubernetes' volume binder decides it."""

from __future__ import annotations

from typing import Any

import msgspec

from diag.grammar.command import Verbatim
from diag.resources.kubernetes import PersistentVolume, PersistentVolumeClaim
from diag.resources.quantity import bytes_of, in_gib

_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
"""The old spelling of storageClassName, which still wins. Source: Kubernetes v1.34 component-helpers/storage/volume."""


def class_of(claim: PersistentVolumeClaim) -> str:
    """The name of the StorageClass that a claim asks for; empty for none."""
    return claim.metadata.annotation(_CLASS_ANNOTATION) or claim.spec.storage_class_name or ""


def class_of_volume(volume: PersistentVolume) -> str:
    """The name of the StorageClass that a volume belongs to; empty for none."""
    return volume.metadata.annotation(_CLASS_ANNOTATION) or volume.spec.storage_class_name


def misfits(claim: PersistentVolumeClaim, volume: PersistentVolume) -> tuple[str, ...]:
    """Every reason why the claim cannot be bound to the volume, in words; none when they fit.

    Source: Kubernetes v1.34 pkg/controller/volume/persistentvolume/pv_controller.go checkVolumeSatisfyClaim.
    """
    found = []
    asked, offered = claim.spec.resources.requests or {}, volume.spec.capacity or {}
    wanted, size = bytes_of(asked.get("storage", "0")), bytes_of(offered.get("storage", "0"))
    if wanted is not None and size is not None and wanted > size:
        found.append(f"it asks for {in_gib(wanted)}, the volume says {in_gib(size)}")
    if class_of(claim) != class_of_volume(volume):
        theirs, ours = class_of_volume(volume) or "none", class_of(claim) or "none"
        found.append(f"it asks for the StorageClass {ours}, the volume is of {theirs}")
    if claim.spec.volume_mode != volume.spec.volume_mode:
        found.append(f"its volumeMode is {claim.spec.volume_mode}, the volume's {volume.spec.volume_mode}")
    lacking = [mode for mode in claim.spec.access_modes or () if mode not in (volume.spec.access_modes or ())]
    if lacking:
        modes = ", ".join(volume.spec.access_modes or ()) or "none"
        found.append(f"it asks for {', '.join(lacking)}, the volume offers {modes}")
    return tuple(found)


def differs_in_class_alone(claim: PersistentVolumeClaim, volume: PersistentVolume) -> bool:
    """Whether nothing but the StorageClass keeps the claim from the volume."""
    alike = msgspec.structs.replace(claim.spec, storage_class_name=class_of_volume(volume))
    return not misfits(msgspec.structs.replace(claim, spec=alike), volume)


def selects(claim: PersistentVolumeClaim, volume: PersistentVolume) -> bool:
    """Whether the claim's label selector takes the volume; counts only for a claim that names no volume."""
    selector, labels = claim.spec.selector, volume.metadata.labels or {}
    if selector is None:
        return True
    if any(labels.get(key) != value for key, value in (selector.match_labels or {}).items()):
        return False
    for expression in selector.match_expressions or ():
        value, values = labels.get(expression.key), expression.values or ()
        fits = {
            "In": value in values,
            "NotIn": value not in values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not fits.get(expression.operator, False):
            return False
    return True


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
    if any(mode not in (volume.spec.access_modes or ()) for mode in claim.spec.access_modes or ()):
        found["accessModes"] = Verbatim(list(volume.spec.access_modes or ()))
    return found or {"selector": None}
