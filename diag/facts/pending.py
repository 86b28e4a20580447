"""Why a claim has no volume, as far as Kubernetes' own objects tell."""

from __future__ import annotations

import enum

import msgspec

from diag.facts.binding import class_of, is_held_by, misfits, selects
from diag.facts.claims import ClaimCase
from diag.facts.kubernetes import PersistentVolume
from diag.facts.provisioning import SELECTED_NODE


class Why(enum.Enum):
    """The reasons, the first that holds counts."""

    LOST = "lost"
    RELEASED = "released"
    TAKEN = "taken"
    MISFIT = "misfit"
    VOLUME_ABSENT = "volume-absent"
    CLASS_ABSENT = "class-absent"
    NOTHING_OFFERED = "nothing-offered"
    WAITS_FOR_POD = "waits-for-pod"
    WAITS_FOR_DRIVER = "waits-for-driver"
    BINDS_SOON = "binds-soon"


class Pending(msgspec.Struct, frozen=True):
    """The reason, in words, with the volume that it is about."""

    why: Why
    told: str
    volume: PersistentVolume | None = None


def why_pending(case: ClaimCase) -> Pending:
    """The reason why a claim that is not bound has no volume.

    Source: Kubernetes v1.34 pkg/controller/volume/persistentvolume/pv_controller.go syncUnboundClaim.
    """
    claim, name = case.claim, case.claim.spec.volume_name
    if claim.status.phase == "Lost":
        return Pending(Why.LOST, f"its volume {name or '(unnamed)'} was deleted under it")
    if name and case.volume is None:
        return Pending(Why.VOLUME_ABSENT, f"it names the volume {name}, and no CSI volume is called so")
    if case.volume is not None:
        return _why_not(case, case.volume)
    for volume in case.kept:
        if not is_held_by(volume, claim) and not case.is_dynamic:
            told = f"volume {volume.name} ({volume.status.phase}) still belongs to a former claim of that name"
            return Pending(Why.RELEASED, told, volume)
        if is_held_by(volume, claim):
            return _why_not(case, volume)
    fitting = [volume for volume in case.offered if selects(claim, volume) and not misfits(claim, volume)]
    if fitting:
        return Pending(Why.BINDS_SOON, f"volume {fitting[0].name} fits and is free", fitting[0])
    return _unprovisioned(case)


def _why_not(case: ClaimCase, volume: PersistentVolume) -> Pending:
    ref = volume.spec.claim_ref
    if ref is not None and not is_held_by(volume, case.claim):
        if (ref.namespace, ref.name) == case.claim.key:
            told = f"volume {volume.name} ({volume.status.phase}) still belongs to a former claim of that name"
            return Pending(Why.RELEASED, told, volume)
        if volume.status.phase == "Released":
            told = f"volume {volume.name} is Released and kept for the deleted claim {ref.namespace}/{ref.name}"
            return Pending(Why.RELEASED, told, volume)
        return Pending(Why.TAKEN, f"volume {volume.name} belongs to the claim {ref.namespace}/{ref.name}", volume)
    reasons = misfits(case.claim, volume)
    if reasons:
        return Pending(Why.MISFIT, f"it does not fit volume {volume.name}: {'; '.join(reasons)}", volume)
    return Pending(Why.BINDS_SOON, f"volume {volume.name} fits and is free", volume)


def _unprovisioned(case: ClaimCase) -> Pending:
    name = class_of(case.claim)
    if case.storage_class is not None and case.is_dynamic:
        waits = case.storage_class.volume_binding_mode == "WaitForFirstConsumer"
        if waits and not case.claim.metadata.annotation(SELECTED_NODE):
            return Pending(Why.WAITS_FOR_POD, f"its class {name} makes the volume when a pod that uses it is scheduled")
        kept = "".join(f"; volume {v.name}, kept for a former claim of that name, is not taken" for v in case.kept)
        return Pending(Why.WAITS_FOR_DRIVER, f"it waits for the driver to make a volume of class {name}{kept}")
    for volume in case.offered:
        reasons = misfits(case.claim, volume) or ("its selector does not take the volume",)
        return Pending(Why.MISFIT, f"it does not fit the free volume {volume.name}: {'; '.join(reasons)}", volume)
    if name and case.storage_class is None:
        return Pending(Why.CLASS_ABSENT, f"its StorageClass {name} does not exist, and no volume is of it either")
    if not name:
        return Pending(Why.NOTHING_OFFERED, "it names no StorageClass, and no volume without one is free")
    return Pending(Why.NOTHING_OFFERED, f"no volume of its StorageClass {name} is free")
