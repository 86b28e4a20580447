"""The cluster as it will be once the manifests of a run are applied, and what is still missing for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from diag.analysis.binding import (
    class_of,
    class_of_volume,
    is_held_by,
    misfits_of_reserved,
    named_class_of,
    why_not_taken,
)
from diag.analysis.nodes.lustre_client import NodeKind
from diag.analysis.storage_classes import Demand
from diag.analysis.volumes import is_fsx_volume
from diag.grammar.ids import KUBERNETES_LABEL
from diag.knowledge.lustre_versions import Client as KnownClient
from diag.knowledge.lustre_versions import client_of, client_of_kernel, default_version, valid_versions
from diag.knowledge.versions import major_minor
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.model.unavailable import Unavailable
from diag.registry import fact
from diag.resources.kubernetes import Event, Metadata, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass
from diag.resources.manifests import ManifestSet
from diag.resources.target import Settings


class UnresolvedReference(msgspec.Struct, frozen=True):
    """An object of a manifest, what it refers to, and why nobody knows whether that exists."""

    about: Subject
    wanted: Subject
    missing: Unavailable
    elsewhere: str = ""
    """The namespace in which the manifests have a claim of that name; empty for none."""

    @property
    def subject(self) -> Subject:
        """The referring object as the subject of findings."""
        return self.about


@fact(layer=Layer.REQUEST)
def loose_ends(
    manifest_set: ManifestSet | Unavailable,
    live_claims: tuple[PersistentVolumeClaim, ...] | Unavailable,
    live_volumes: tuple[PersistentVolume, ...] | Unavailable,
    live_classes: tuple[StorageClass, ...] | Unavailable,
) -> tuple[UnresolvedReference, ...]:
    """Every reference of the manifests that leads to what could not be read."""
    if isinstance(manifest_set, Unavailable):
        return ()
    return ends_of(manifest_set, live_claims, live_volumes, live_classes)


def ends_of(
    manifests: ManifestSet,
    live_claims: tuple[PersistentVolumeClaim, ...] | Unavailable,
    live_volumes: tuple[PersistentVolume, ...] | Unavailable,
    live_classes: tuple[StorageClass, ...] | Unavailable,
) -> tuple[UnresolvedReference, ...]:
    """The same over given facts."""
    ends = [*_of_claims(manifests, live_volumes, live_classes)]
    if isinstance(live_claims, Unavailable):
        ends += _of_pods(manifests, live_claims)
    return tuple(ends)


def _of_claims(
    manifests: ManifestSet,
    live_volumes: tuple[PersistentVolume, ...] | Unavailable,
    live_classes: tuple[StorageClass, ...] | Unavailable,
) -> Iterator[UnresolvedReference]:
    volumes = {volume.name for volume in manifests.volumes}
    kept = {(ref.namespace, ref.name) for v in manifests.volumes if (ref := v.spec.claim_ref) is not None}
    classes = {item.metadata.name for item in manifests.classes}
    for claim in manifests.claims:
        name, own = claim.spec.volume_name, named_class_of(claim)
        asked = default_class(manifests.classes) if own is None else own
        if not name and any(_satisfies(v, claim) or _is_offered(v, own) for v in manifests.volumes):
            continue
        if name and name not in volumes and isinstance(live_volumes, Unavailable):
            yield UnresolvedReference(claim.subject, Subject(Kind.VOLUME, name), live_volumes)
        elif not name and claim.key not in kept and asked not in classes and isinstance(live_classes, Unavailable):
            yield UnresolvedReference(
                claim.subject, Subject(Kind.STORAGE_CLASS, asked or "(the default)"), live_classes
            )


def _satisfies(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """Whether the binder gives the volume to the claim, so that nothing has to be made."""
    if is_held_by(volume, claim):
        return not misfits_of_reserved(claim, volume)
    return volume.spec.claim_ref is None and not why_not_taken(claim, volume)


def _is_offered(volume: PersistentVolume, wanted: str | None) -> bool:
    """Whether a volume of the manifests is there for claims of that class, so that the binder's answer is known."""
    return (
        wanted is not None
        and volume.spec.claim_ref is None
        and is_fsx_volume(volume)
        and (class_of_volume(volume) == wanted)
    )


def _of_pods(manifests: ManifestSet, missing: Unavailable) -> Iterator[UnresolvedReference]:
    there = {claim.key for claim in manifests.claims}
    each = (claim.metadata for claim in manifests.claims if KUBERNETES_LABEL.fits(claim.metadata.namespace))
    homes = {meta.name: meta.namespace for meta in each}
    for pod in manifests.pods:
        for name in dict.fromkeys(pod.spec.claim_names):
            if (pod.metadata.namespace, name) not in there and name not in pod.spec.own_claims:
                wanted = Subject(Kind.CLAIM, name, pod.metadata.namespace)
                yield UnresolvedReference(pod.subject, wanted, missing, homes.get(name, ""))


Key = tuple[str, str]


T = TypeVar("T")

DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
"""Annotations of the class that a claim without one gets. Source: Kubernetes v1.34 pkg/volume/util/storageclass.go."""


def default_class(classes: Iterable[StorageClass]) -> str:
    """The name of the class that a claim without one gets, empty for none: the newest, and of one age the first name.

    Source: Kubernetes v1.34 pkg/volume/util/storageclass.go GetDefaultClass.
    """
    marked = [item.metadata for item in classes if "true" in map(item.metadata.annotation, DEFAULT_CLASS)]
    newest = max((meta.creation_timestamp for meta in marked), default="")
    return min((meta.name for meta in marked if meta.creation_timestamp == newest), default="")


def _next_default(written: Iterable[StorageClass], live: Sequence[StorageClass]) -> str:
    """The default class when the manifests are applied: one that they bring anew is the newest, and comes first.

    Helm and Kustomize apply classes before claims. Source: Helm v4 pkg/release/v1/util/kind_sorter.go InstallOrder;
    kustomize api/internal/builtins/SortOrderTransformer.go.
    """
    there = {item.metadata.name for item in live}
    return default_class(item for item in written if item.metadata.name not in there) or default_class(live)


@fact(layer=Layer.REQUEST)
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


@fact(layer=Layer.REQUEST, always="diagnosis")
def claims(
    live_claims: tuple[PersistentVolumeClaim, ...] | Unavailable,
    live_volumes: tuple[PersistentVolume, ...] | Unavailable,
    live_classes: tuple[StorageClass, ...] | Unavailable,
    manifest_set: ManifestSet | Unavailable,
    taken_at: str,
) -> tuple[PersistentVolumeClaim, ...] | Unavailable:
    """Every claim; with manifests theirs and those that their pods and volumes name.

    A claim that refers to something that neither the manifests hold nor anybody could look for is left out: nothing
    is known about it (see `loose_ends`).
    """
    if isinstance(manifest_set, Unavailable) or not manifest_set.is_given:
        return live_claims
    live = {claim.key: claim for claim in _known(live_claims)}
    ends = ends_of(manifest_set, live_claims, live_volumes, live_classes)
    default = _next_default(manifest_set.classes, tuple(_known(live_classes)))
    planned = tuple(
        _over_live_claim(claim, live.get(claim.key), default, taken_at)
        for claim in manifest_set.claims
        if claim.subject not in {end.about for end in ends}
    )
    keys = {claim.key for claim in manifest_set.claims}
    named = {(pod.metadata.namespace, name) for pod in manifest_set.pods for name in pod.spec.claim_names}
    named |= {_holder(volume) for volume in manifest_set.volumes}
    return (*planned, *(claim for key, claim in live.items() if key in named and key not in keys))


@fact(layer=Layer.REQUEST)
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


@fact(layer=Layer.REQUEST, always="diagnosis")
def pods(
    live_pods: tuple[Pod, ...] | Unavailable,
    live_driver_pods: tuple[Pod, ...] | Unavailable,
    live_claims: tuple[PersistentVolumeClaim, ...] | Unavailable,
    manifest_set: ManifestSet | Unavailable,
    taken_at: str,
) -> tuple[Pod, ...] | Unavailable:
    """Pods with a claim and those of the driver and its helpers; with manifests theirs in place of other pods."""
    known = {pod.key: pod for pod in (*_known(live_pods), *_known(live_driver_pods))}.values()
    if isinstance(manifest_set, Unavailable) or not manifest_set.is_given:
        return live_pods if isinstance(live_pods, Unavailable) else tuple(known)
    if isinstance(live_pods, Unavailable) and not manifest_set.pods:
        return live_pods
    there = {claim.key for claim in (*manifest_set.claims, *_known(live_claims))}
    whole = not isinstance(live_claims, Unavailable)
    planned = tuple(pod if whole else _with_known_claims(pod, there) for pod in manifest_set.pods)
    stamped = tuple(msgspec.structs.replace(pod, metadata=_born(pod.metadata, taken_at)) for pod in planned)
    return (*stamped, *(pod for pod in known if not pod.spec.claim_names))


@fact(layer=Layer.MOUNT, always="diagnosis")
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


@fact(layer=Layer.MOUNT, always="diagnosis")
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
    if named_class_of(claim) is None and default:
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


class PlannedCreation(msgspec.Struct, frozen=True):
    """One file system, or every file system of a class, that does not exist yet."""

    subject: Subject
    deployment_type: str
    version: str
    is_named: bool
    """Somebody chose the version; otherwise FSx does."""
    is_class: bool = False
    is_open: bool = False
    """The version is known only after apply."""
    valid: tuple[str, ...] = ()
    """Versions that FSx makes of the deployment type; empty for an unknown type."""
    concerns: tuple[Subject, ...] = ()


class Client(msgspec.Struct, frozen=True):
    """One client that will mount: what it is called here, and what the table knows of it."""

    who: str
    known: KnownClient | None
    why: str = ""
    """Why the table knows nothing of it."""

    @property
    def version(self) -> str:
        """The client's version; empty when it has none or none is known."""
        return self.known.version if self.known else ""


def planned_creations(
    manifests: ManifestSet | Unavailable, demands: tuple[Demand, ...] | Unavailable, settings: Settings
) -> Iterator[PlannedCreation]:
    """The planned file systems, and the classes of the manifests that are provisioned from, where the manifests or
    an assumed kernel say what the nodes will be.
    """
    if isinstance(manifests, Unavailable):
        return
    for planned in manifests.file_systems:
        metadata = planned.has_metadata_configuration
        yield PlannedCreation(
            planned.subject,
            planned.deployment_type,
            major_minor(planned.version) or default_version(planned.deployment_type, metadata_configuration=metadata),
            bool(planned.version),
            is_open=planned.version_is_open,
            valid=valid_versions(planned.deployment_type, metadata_configuration=metadata),
        )
    if (settings.assume_kernel or manifests.node_groups) and not isinstance(demands, Unavailable):
        own = {item.subject for item in manifests.classes}
        for demand in demands:
            if demand.subject in own:
                yield PlannedCreation(
                    demand.subject,
                    demand.deployment_type,
                    demand.version,
                    bool(demand.named_version),
                    is_class=True,
                    concerns=demand.path,
                )


def clients_for(
    settings: Settings, node_kinds: tuple[NodeKind, ...] | Unavailable, manifests: ManifestSet | Unavailable
) -> tuple[Client, ...] | Unavailable:
    """The clients of the assumed kernel, of the manifests' node groups, or of the cluster's nodes."""
    if settings.assume_kernel:
        found = client_of_kernel(settings.assume_kernel, "amd64")
        who = f"kernel {settings.assume_kernel}"
        known = found if isinstance(found, KnownClient) else None
        return (Client(who, known, "" if known else getattr(found, "why", "")),)
    groups = () if isinstance(manifests, Unavailable) else manifests.node_groups
    if groups:
        asked = ((group, client_of(group.os_image, group.kernel, "amd64")) for group in groups)
        return tuple(
            Client(f"node group {group.name}", client)
            if isinstance(client, KnownClient)
            else Client(f"node group {group.name}", None, client.why)
            for group, client in asked
        )
    if isinstance(node_kinds, Unavailable):
        return node_kinds
    each = ((kind, kind.client) for kind in node_kinds)
    return tuple(
        Client(kind.who, client) if isinstance(client, KnownClient) else Client(kind.who, None, client.why)
        for kind, client in each
    )
