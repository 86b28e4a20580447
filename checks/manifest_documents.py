"""Manifests by themselves: can they be read, is everything filled in, can what they refer to be found."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Subject, Unavailable, check, fail, ok, skip, unknown
from diag.analysis.attributes import looks_unexpanded
from diag.analysis.binding import class_of
from diag.analysis.planned import LooseEnd
from diag.resources.kubernetes import FSX_DRIVER
from diag.resources.manifests import ManifestSet


@check("manifest-readable", layer=Layer.REQUEST)
def manifests_can_be_read(manifest_set: ManifestSet | Unavailable) -> Iterator[Draft]:
    """Every document of the manifests is what kubectl, Helm or Terraform would take.

    Asked with -f. A document that is no YAML, a template that was not rendered, or a field of a wrong type (an
    unquoted number as an attribute) is refused by the API server, often after the other objects were made.

    pass: every document was read, and some of it is about FSx for Lustre
    fail: one cannot be read; its place is given
    source: Kubernetes API conventions; sigs.k8s.io/yaml
    """
    for file in () if isinstance(manifest_set, Unavailable) else manifest_set.files:
        for problem in file.problems:
            yield fail(file, problem.told, cause="", location=problem.location)
        if file.objects and not file.problems:
            yield ok(file, f"{file.objects} object(s) of FSx for Lustre")


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
    return Fix(note=f"fill in {field} before the manifest is applied; `set -u` lets a shell script stop instead")


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


@check("manifest-references", layer=Layer.REQUEST)
def references_lead_somewhere(
    loose_ends: tuple[LooseEnd, ...], manifest_set: ManifestSet | Unavailable
) -> Iterator[Draft]:
    """What the manifests refer to is in them or in the cluster, and known before they are applied.

    What is in neither although the cluster could be read is told by the checks of claims and pods.

    unknown: a volume, claim or class is in no manifest, and the cluster could not be read
    skip: as unknown, but with --offline; or a value is known only after `terraform apply`
    source: Terraform, internals/json-format (after_unknown)
    """
    for end in loose_ends:
        told = f"it refers to {end.wanted}, which is in no manifest: {end.missing.detail or end.missing}"
        yield unknown(end, told, because=(end.missing,))
    for item in () if isinstance(manifest_set, Unavailable) else manifest_set.undecided:
        yield skip(item.subject, f"{item.why}; run again with -f on what was applied, or without -f")
