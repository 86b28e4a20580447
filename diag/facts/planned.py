"""The cluster as it will be once the manifests of a run are applied, narrowed to what they are about.

The set of manifests is unavailable in a snapshot of a version that knew none: the same as an empty one.

Without manifests every fact here is the live list itself. With them the manifests' objects take the place of live ones
of the same name, and of the rest only what they refer to stays: a gate judges what is to be applied, not the cluster.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from diag.declare.fact import fact
from diag.facts.binding import class_of, class_of_volume
from diag.facts.kubernetes import Event, Metadata, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass
from diag.facts.loose_ends import ends_of
from diag.facts.manifests import ManifestSet
from diag.model.unavailable import Unavailable

Key = tuple[str, str]
T = TypeVar("T")

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
"""Annotation of the class that a claim without one gets. Source: Kubernetes documentation, storage classes."""


@fact()
def persistent_volumes(
    live_volumes: tuple[PersistentVolume, ...] | Unavailable,
    claims: tuple[PersistentVolumeClaim, ...] | Unavailable,
    manifest_set: ManifestSet | Unavailable,
) -> tuple[PersistentVolume, ...] | Unavailable:
    """Every PersistentVolume of a CSI driver; with manifests theirs, and those that their claims are bound to."""
    if isinstance(manifest_set, Unavailable) or not manifest_set.is_given:
        return live_volumes
    live = {volume.name: volume for volume in _known(live_volumes)}
    planned = tuple(_over_live_volume(volume, live.get(volume.name)) for volume in manifest_set.volumes)
    names = {volume.name for volume in planned}
    asked = {claim.spec.volume_name for claim in _known(claims)}
    keys = {claim.key for claim in _known(claims)}
    kept = (v for v in live.values() if v.name not in names and (v.name in asked or _holder(v) in keys))
    return (*planned, *kept)


@fact()
def claims(
    live_claims: tuple[PersistentVolumeClaim, ...] | Unavailable,
    live_volumes: tuple[PersistentVolume, ...] | Unavailable,
    live_classes: tuple[StorageClass, ...] | Unavailable,
    manifest_set: ManifestSet | Unavailable,
    taken_at: str,
) -> tuple[PersistentVolumeClaim, ...] | Unavailable:
    """Every claim; with manifests theirs and those that their pods and volumes name.

    A claim that refers to something that neither the manifests hold nor anybody could look for is left out: nothing
    can be said of it (see `loose_ends`).
    """
    if isinstance(manifest_set, Unavailable) or not manifest_set.is_given:
        return live_claims
    live = {claim.key: claim for claim in _known(live_claims)}
    ends = ends_of(manifest_set, live_claims, live_volumes, live_classes)
    defaults = (c.metadata.name for c in _known(live_classes) if c.metadata.annotation(DEFAULT_CLASS) == "true")
    default = next(defaults, "")
    planned = tuple(
        _over_live_claim(claim, live.get(claim.key), default, taken_at)
        for claim in manifest_set.claims
        if claim.subject not in {end.about for end in ends}
    )
    keys = {claim.key for claim in manifest_set.claims}
    named = {(pod.metadata.namespace, name) for pod in manifest_set.pods for name in pod.spec.claim_names}
    named |= {_holder(volume) for volume in manifest_set.volumes}
    return (*planned, *(claim for key, claim in live.items() if key in named and key not in keys))


@fact()
def storage_classes(
    live_classes: tuple[StorageClass, ...] | Unavailable,
    claims: tuple[PersistentVolumeClaim, ...] | Unavailable,
    persistent_volumes: tuple[PersistentVolume, ...] | Unavailable,
    manifest_set: ManifestSet | Unavailable,
) -> tuple[StorageClass, ...] | Unavailable:
    """Every StorageClass; with manifests theirs, and those that the claims and volumes of the run name."""
    if isinstance(manifest_set, Unavailable) or not manifest_set.is_given:
        return live_classes
    names = {item.metadata.name for item in manifest_set.classes}
    asked = {class_of(claim) for claim in _known(claims)} | {class_of_volume(v) for v in _known(persistent_volumes)}
    kept = (item for item in _known(live_classes) if item.metadata.name in asked - names)
    return (*manifest_set.classes, *kept)


@fact()
def pods(
    live_pods: tuple[Pod, ...] | Unavailable,
    live_claims: tuple[PersistentVolumeClaim, ...] | Unavailable,
    manifest_set: ManifestSet | Unavailable,
    taken_at: str,
) -> tuple[Pod, ...] | Unavailable:
    """Pods with a claim and those of the driver and its helpers; with manifests theirs in place of other pods."""
    if isinstance(manifest_set, Unavailable) or not manifest_set.is_given:
        return live_pods
    if isinstance(live_pods, Unavailable) and not manifest_set.pods:
        return live_pods
    there = {claim.key for claim in (*manifest_set.claims, *_known(live_claims))}
    whole = not isinstance(live_claims, Unavailable)
    planned = tuple(pod if whole else _with_known_claims(pod, there) for pod in manifest_set.pods)
    stamped = tuple(msgspec.structs.replace(pod, metadata=_born(pod.metadata, taken_at)) for pod in planned)
    return (*stamped, *(pod for pod in _known(live_pods) if not pod.spec.claim_names))


@fact()
def warning_events(
    live_warnings: tuple[Event, ...] | Unavailable,
    manifest_set: ManifestSet | Unavailable,
    pods: tuple[Pod, ...] | Unavailable,
) -> tuple[Event, ...] | Unavailable:
    """Warning events; with manifests those of the driver and its helpers alone, since the rest is history."""
    if isinstance(manifest_set, Unavailable) or not manifest_set.is_given or isinstance(live_warnings, Unavailable):
        return live_warnings
    planned = {pod.key for pod in manifest_set.pods}
    kept = {pod.key for pod in _known(pods)} - planned
    return tuple(event for event in live_warnings if _is_of_component(event, kept))


@fact()
def claim_events(
    live_claim_events: tuple[Event, ...] | Unavailable, manifest_set: ManifestSet | Unavailable
) -> tuple[Event, ...] | Unavailable:
    """Events of claims; with manifests none of the claims that they are about to change."""
    if isinstance(manifest_set, Unavailable) or not manifest_set.is_given or isinstance(live_claim_events, Unavailable):
        return live_claim_events
    planned = {claim.key for claim in manifest_set.claims}
    about = ((e, e.involved_object) for e in live_claim_events)
    return tuple(event for event, target in about if (target.namespace, target.name) not in planned)


def _is_of_component(event: Event, pods: set[str]) -> bool:
    about = event.involved_object
    if about.kind == "Pod":
        return f"{about.namespace}/{about.name}" in pods
    return about.kind not in ("PersistentVolumeClaim", "PersistentVolume")


def _over_live_volume(volume: PersistentVolume, live: PersistentVolume | None) -> PersistentVolume:
    """Applying leaves a live volume's status and, where the manifest says nothing of it, its claim."""
    if live is None:
        return volume
    spec = msgspec.structs.replace(volume.spec, claim_ref=volume.spec.claim_ref or live.spec.claim_ref)
    meta = _of_live(volume.metadata, live.metadata)
    return msgspec.structs.replace(volume, metadata=meta, spec=spec, status=live.status)


def _over_live_claim(
    claim: PersistentVolumeClaim, live: PersistentVolumeClaim | None, default: str, taken_at: str
) -> PersistentVolumeClaim:
    """As the API server will have it: a claim without a class gets the default one, a bound one stays bound."""
    spec = claim.spec
    if live is not None:
        spec = msgspec.structs.replace(spec, volume_name=spec.volume_name or live.spec.volume_name)
        if spec.storage_class_name is None:
            spec = msgspec.structs.replace(spec, storage_class_name=live.spec.storage_class_name)
        meta = _of_live(claim.metadata, live.metadata)
        return msgspec.structs.replace(claim, metadata=meta, spec=spec, status=live.status)
    if spec.storage_class_name is None and default:
        spec = msgspec.structs.replace(spec, storage_class_name=default)
    return msgspec.structs.replace(claim, metadata=_born(claim.metadata, taken_at), spec=spec)


def _of_live(meta: Metadata, live: Metadata) -> Metadata:
    return msgspec.structs.replace(
        meta,
        uid=live.uid,
        creation_timestamp=live.creation_timestamp,
        deletion_timestamp=live.deletion_timestamp,
        annotations={**(live.annotations or {}), **(meta.annotations or {})},
    )


def _born(meta: Metadata, taken_at: str) -> Metadata:
    """What is applied now is as old as the run."""
    return msgspec.structs.replace(meta, creation_timestamp=taken_at)


def _with_known_claims(pod: Pod, there: set[Key]) -> Pod:
    """The pod without the claims of which nobody knows whether they exist."""
    kept = tuple(
        volume
        for volume in pod.spec.volumes or ()
        if volume.persistent_volume_claim is None
        or (pod.metadata.namespace, volume.persistent_volume_claim.claim_name) in there
    )
    return msgspec.structs.replace(pod, spec=msgspec.structs.replace(pod.spec, volumes=kept))


def _holder(volume: PersistentVolume) -> Key:
    ref = volume.spec.claim_ref
    return (ref.namespace, ref.name) if ref else ("", "")


def _known(value: tuple[T, ...] | Unavailable) -> Iterable[T]:
    return () if isinstance(value, Unavailable) else value
