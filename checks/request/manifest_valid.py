"""The API server takes every object of the manifests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from diag import Draft, Fix, Layer, Subject, Unavailable, check, fail, ok
from diag.advice.steps import advise
from diag.analysis.validation import Refused, of_claim, of_class, of_pod, of_volume
from diag.resources.manifests import ManifestSet


@check("manifest-valid", layer=Layer.REQUEST)
def objects_are_valid(manifest_set: ManifestSet | Unavailable) -> Iterator[Draft]:
    """The API server takes every object of the manifests.

    Names, required fields, quantities and words with a fixed list, as its validation has them. A refused object stops
    `kubectl apply` after the objects before it were made.

    pass: every object is taken
    fail: one is refused; the field is named
    source: Kubernetes v1.34 pkg/apis/core/validation, pkg/apis/storage/validation
    """
    if isinstance(manifest_set, Unavailable):
        return
    for volume in manifest_set.volumes:
        yield from _judge(volume.subject, of_volume(volume))
    for claim in manifest_set.claims:
        yield from _judge(claim.subject, of_claim(claim))
    for item in manifest_set.classes:
        yield from _judge(item.subject, of_class(item))
    for pod in manifest_set.pods:
        yield from _judge(pod.subject, of_pod(pod))


def _judge(subject: Subject, reasons: Iterable[Refused]) -> Iterator[Draft]:
    refused = tuple(reasons)
    for reason, certain in refused:
        yield fail(subject, reason, cause="", fix=_correct(), correction=certain)
    if not refused:
        yield ok(subject, "the API server takes it", rules_out=())


def _correct() -> Fix:
    return advise("Correct it before it is applied: the API server refuses the object.")
