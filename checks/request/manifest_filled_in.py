"""No field of the manifests that is used is a variable that was never filled in."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Subject, Unavailable, check, fail
from diag.advice.steps import advise
from diag.analysis.validation import fields_of_claim, fields_of_metadata, fields_of_volume
from diag.grammar.unfilled import is_unfilled
from diag.resources.manifests import ManifestSet


@check("manifest-filled-in", layer=Layer.REQUEST, speaks_for="unexpanded-variable")
def nothing_was_left_open(manifest_set: ManifestSet | Unavailable) -> Iterator[Draft]:
    """No field of the manifests that is used is a variable that was never filled in.

    A shell writes nothing, or `${FSxID}` itself, for a variable that is not set there; AWS CLI writes `None` for an
    absent field; examples have `<namespace>`, `CHANGEME` or `xxxxxxxx`. Attributes, drivers and
    options of volumes and the parameters of classes are judged by their own checks; this one looks at names,
    namespaces, references, sizes and modes.

    fail: a value is a placeholder, or `None`
    source: Kubernetes documentation, object names and ids
    """
    if isinstance(manifest_set, Unavailable):
        return
    for about, field, value in _values(manifest_set):
        if is_unfilled(value):
            yield fail(about, f"{field} is {value!r}, a variable that was never filled in", fix=_fill_in(field))


def _fill_in(field: str) -> Fix:
    message = "Fill in {parameter} before the manifest is applied; `set -u` lets a shell script stop instead."
    return advise(message, {"parameter": field})


def _values(manifests: ManifestSet) -> Iterator[tuple[Subject, str, str]]:
    for volume in manifests.volumes:
        yield from ((volume.subject, *field) for field in fields_of_volume(volume))
    for claim in manifests.claims:
        yield from ((claim.subject, *field) for field in fields_of_claim(claim))
    for item in manifests.classes:
        yield from ((item.subject, *field) for field in fields_of_metadata(item.metadata))
        yield item.subject, "provisioner", item.provisioner
        yield item.subject, "reclaimPolicy", item.reclaim_policy
        yield item.subject, "volumeBindingMode", item.volume_binding_mode
    for pod in manifests.pods:
        yield from ((pod.subject, *field) for field in fields_of_metadata(pod.metadata))
        yield from ((pod.subject, "claimName", name) for name in pod.spec.claim_names)
