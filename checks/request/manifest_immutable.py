"""Manifests against live objects of the same name: what the API server refuses to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from diag import Draft, Layer, Subject, Unavailable, check, fail, ok, unknown
from diag.advice.steps import advise
from diag.analysis.binding import CLASS_ANNOTATION
from diag.analysis.nodes.scheduling import limits_of
from diag.resources.kubernetes import PersistentVolume, PersistentVolumeClaim, StorageClass
from diag.resources.manifests import ManifestSet
from diag.resources.quantity import bytes_of

Object = TypeVar("Object", PersistentVolume, PersistentVolumeClaim, StorageClass)


Change = tuple[str, object, object]
"""Field, live value, the manifest's value."""


@check("manifest-immutable", layer=Layer.REQUEST)
def changes_nothing_immutable(
    manifest_set: ManifestSet | Unavailable,
    live_volumes: tuple[PersistentVolume, ...] | Unavailable,
    live_claims: tuple[PersistentVolumeClaim, ...] | Unavailable,
    live_classes: tuple[StorageClass, ...] | Unavailable,
) -> Iterator[Draft]:
    """The manifests change no field that the API server does not let change.

    A wrong PersistentVolume cannot be corrected in place: `kubectl apply` ends in "spec.persistentvolumesource is
    immutable after creation" and the old one stays in use, while the file looks right. A claim may be given a volume's
    name while it has none, and a class while it has none; its size is changed when it is bound, to more than it has.

    pass: a live object of the same name agrees in every such field
    fail: it differs; the object has to be deleted and created again
    unknown: the live objects could not be listed
    source: Kubernetes v1.34 pkg/apis/core/validation (ValidatePersistentVolumeUpdate,
        ValidatePersistentVolumeClaimUpdate) and pkg/apis/storage/validation (ValidateStorageClassUpdate)
    """
    if isinstance(manifest_set, Unavailable):
        return
    written = {placed.subject: frozenset(placed.fields) for placed in manifest_set.places}
    for volume in manifest_set.volumes:
        yield from _judge(volume, live_volumes, _of_volume, written)
    for claim in manifest_set.claims:
        yield from _judge(claim, live_claims, _of_claim, written)
    for item in manifest_set.classes:
        yield from _judge(item, live_classes, _of_class, written)


def _judge(
    planned: Object,
    live: tuple[Object, ...] | Unavailable,
    changes: Callable[[Object, Object], Iterator[Change]],
    written: Mapping[Subject, frozenset[str]],
) -> Iterator[Draft]:
    """What the manifest does not write, `kubectl apply` leaves as it is."""
    if isinstance(live, Unavailable):
        yield unknown(planned, f"cannot compare it with the live one: {live}", because=(live,))
        return
    same = next((item for item in live if item.subject == planned.subject), None)
    if same is None:
        return
    own = written.get(planned.subject, frozenset())
    found = [change for change in changes(planned, same) if change[1] != change[2] and change[0] in own]
    if not found:
        yield ok(planned, "the live one agrees in every field that cannot be changed", rules_out=())
        return
    message = "; ".join(f"{field} is {wanted!r}, the live one has {had!r}" for field, had, wanted in found)
    fix = advise(
        "Replace the live object: the runbook dnsname-mismatch shows the order that loses neither claim nor data."
    )
    yield fail(planned, f"{message}: the API server refuses to change it", cause="", fix=fix)


def _of_volume(planned: PersistentVolume, live: PersistentVolume) -> Iterator[Change]:
    mine, theirs = planned.spec.csi, live.spec.csi
    if mine is not None and theirs is not None:
        yield "driver", theirs.driver, mine.driver
        yield "volumeHandle", theirs.volume_handle, mine.volume_handle
        attributes = theirs.volume_attributes or {}
        yield from ((key, attributes.get(key), value) for key, value in (mine.volume_attributes or {}).items())
    yield "volumeMode", live.spec.volume_mode, planned.spec.volume_mode
    if live.spec.node_affinity is not None:
        yield "nodeAffinity", _homes(live), _homes(planned)


def _homes(volume: PersistentVolume) -> str:
    return "; ".join(limit.words for limit in limits_of(volume) if limit.field == "nodeAffinity")


def _of_claim(planned: PersistentVolumeClaim, live: PersistentVolumeClaim) -> Iterator[Change]:
    former = live.spec.storage_class_name or live.metadata.annotation(CLASS_ANNOTATION) or None
    if planned.spec.storage_class_name is not None and (former or live.spec.storage_class_name is not None):
        yield "storageClassName", former or "", planned.spec.storage_class_name
    if planned.spec.volume_name and live.spec.volume_name:
        yield "volumeName", live.spec.volume_name, planned.spec.volume_name
    yield "accessModes", live.spec.access_modes or (), planned.spec.access_modes or ()
    yield "volumeMode", live.spec.volume_mode, planned.spec.volume_mode
    yield "selector", str(live.spec.selector or ""), str(planned.spec.selector or "")
    had, wanted = ((claim.spec.resources.requests or {}).get("storage", "0") for claim in (live, planned))
    if _is_size_refused(live, bytes_of(had), bytes_of(wanted)):
        yield "storage", had, wanted
    if live.status.phase != "Bound":
        own, theirs = planned.spec.volume_attributes_class_name, live.spec.volume_attributes_class_name
        yield "volumeAttributesClassName", theirs or "", own or ""


def _is_size_refused(live: PersistentVolumeClaim, had: int | None, wanted: int | None) -> bool:
    """Whether a claim may not ask for that: only a bound one may be changed, and never below what it has."""
    if had is None or wanted is None or had == wanted:
        return False
    has = bytes_of((live.status.capacity or {}).get("storage", ""))
    return live.status.phase != "Bound" or (wanted < had and has is not None and wanted <= has)


def _of_class(planned: StorageClass, live: StorageClass) -> Iterator[Change]:
    yield "provisioner", live.provisioner, planned.provisioner
    yield "parameters", live.parameters or {}, planned.parameters or {}
    yield "reclaimPolicy", live.reclaim_policy, planned.reclaim_policy
    yield "volumeBindingMode", live.volume_binding_mode, planned.volume_binding_mode
