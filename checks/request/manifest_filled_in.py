"""No name and no reference of the manifests is a variable that was never filled in."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Subject, Unavailable, check, fail
from diag.advice.steps import advise
from diag.analysis.attributes import looks_unexpanded
from diag.analysis.binding import class_of
from diag.resources.kubernetes import FSX_DRIVER
from diag.resources.manifests import ManifestSet


@check("manifest-filled-in", layer=Layer.REQUEST, speaks_for="unexpanded-variable")
def nothing_was_left_open(manifest_set: ManifestSet | Unavailable) -> Iterator[Draft]:
    """No name and no reference of the manifests is a variable that was never filled in.

    A shell writes nothing, or `${FSxID}` itself, for a variable that is not set there; AWS CLI writes `None` for an
    absent field. The attributes of volumes and the parameters of classes that are in use are judged by their own
    checks; this one looks at names, references, and classes that nothing uses yet.

    fail: a value is a placeholder, or `None`
    source: Kubernetes documentation, object names and ids
    """
    for about, field, value in () if isinstance(manifest_set, Unavailable) else _values(manifest_set):
        if value and looks_unexpanded(value):
            yield fail(about, f"{field} is {value!r}, a variable that was never filled in", fix=_fill_in(field))


def _fill_in(field: str) -> Fix:
    told = "fill in {parameter} before the manifest is applied; `set -u` lets a shell script stop instead"
    return advise(told, {"parameter": field})


def _values(manifests: ManifestSet) -> Iterator[tuple[Subject, str, str]]:
    for volume in manifests.volumes:
        yield volume.subject, "name", volume.name
        yield volume.subject, "storageClassName", volume.spec.storage_class_name
        if volume.spec.claim_ref is not None:
            yield volume.subject, "claimRef", volume.spec.claim_ref.name
    for claim in manifests.claims:
        yield claim.subject, "name", claim.metadata.name
        yield claim.subject, "volumeName", claim.spec.volume_name
        yield claim.subject, "storageClassName", class_of(claim)
    asked = {class_of(claim) for claim in manifests.claims if not claim.spec.volume_name}
    for item in manifests.classes:
        yield item.subject, "name", item.metadata.name
        if item.provisioner == FSX_DRIVER and item.metadata.name not in asked:
            yield from ((item.subject, key, value) for key, value in (item.parameters or {}).items())
    for pod in manifests.pods:
        yield from ((pod.subject, "claimName", name) for name in pod.spec.claim_names)
