"""What manifests refer to that they do not hold and that nobody could look for."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from diag.declare.fact import fact
from diag.facts.binding import class_of
from diag.facts.kubernetes import PersistentVolume, PersistentVolumeClaim, StorageClass
from diag.facts.manifests import ManifestSet
from diag.model.subject import Kind, Subject
from diag.model.unavailable import Unavailable


class LooseEnd(msgspec.Struct, frozen=True):
    """An object of a manifest, what it refers to, and why nobody knows whether that exists."""

    about: Subject
    wanted: Subject
    missing: Unavailable

    @property
    def subject(self) -> Subject:
        """The referring object as the subject of findings."""
        return self.about


@fact()
def loose_ends(
    manifest_set: ManifestSet | Unavailable,
    live_claims: tuple[PersistentVolumeClaim, ...] | Unavailable,
    live_volumes: tuple[PersistentVolume, ...] | Unavailable,
    live_classes: tuple[StorageClass, ...] | Unavailable,
) -> tuple[LooseEnd, ...]:
    """Every reference of the manifests that leads to what could not be read."""
    if isinstance(manifest_set, Unavailable):
        return ()
    return ends_of(manifest_set, live_claims, live_volumes, live_classes)


def ends_of(
    manifests: ManifestSet,
    live_claims: tuple[PersistentVolumeClaim, ...] | Unavailable,
    live_volumes: tuple[PersistentVolume, ...] | Unavailable,
    live_classes: tuple[StorageClass, ...] | Unavailable,
) -> tuple[LooseEnd, ...]:
    """The same over given facts."""
    ends = [*_of_claims(manifests, live_volumes, live_classes)]
    if isinstance(live_claims, Unavailable):
        ends += _of_pods(manifests, live_claims)
    return tuple(ends)


def _of_claims(
    manifests: ManifestSet,
    live_volumes: tuple[PersistentVolume, ...] | Unavailable,
    live_classes: tuple[StorageClass, ...] | Unavailable,
) -> Iterator[LooseEnd]:
    volumes = {volume.name for volume in manifests.volumes}
    kept = {(ref.namespace, ref.name) for v in manifests.volumes if (ref := v.spec.claim_ref) is not None}
    classes = {item.metadata.name for item in manifests.classes}
    for claim in manifests.claims:
        name, asked = claim.spec.volume_name, class_of(claim)
        if name and name not in volumes and isinstance(live_volumes, Unavailable):
            yield LooseEnd(claim.subject, Subject(Kind.VOLUME, name), live_volumes)
        elif not name and claim.key not in kept and asked not in classes and isinstance(live_classes, Unavailable):
            yield LooseEnd(claim.subject, Subject(Kind.STORAGE_CLASS, asked or "(the default)"), live_classes)


def _of_pods(manifests: ManifestSet, missing: Unavailable) -> Iterator[LooseEnd]:
    there = {claim.key for claim in manifests.claims}
    for pod in manifests.pods:
        for name in dict.fromkeys(pod.spec.claim_names):
            if (pod.metadata.namespace, name) not in there:
                yield LooseEnd(pod.subject, Subject(Kind.CLAIM, name, pod.metadata.namespace), missing)
