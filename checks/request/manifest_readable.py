"""Every document of the manifests is what kubectl, Helm or Terraform would take."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Unavailable, check, fail, ok, skip, unknown
from diag.resources.manifests import ManifestSet

MOST_KINDS = 5


@check("manifest-readable", layer=Layer.REQUEST)
def manifests_can_be_read(manifest_set: ManifestSet | Unavailable) -> Iterator[Draft]:
    """Every document of the manifests is what kubectl, Helm or Terraform would take.

    Asked with -f. A document that is no YAML, a template that was not rendered, or a field of a wrong type (an
    unquoted number as an attribute) is refused by the API server, often after the other objects were made.

    pass: every document was read, and some of it is about FSx for Lustre
    fail: one cannot be read; its place is given
    unknown: a file is about FSx for Lustre and of a kind that is not read
    skip: nothing in a file is about FSx for Lustre; what is in it is named
    source: Kubernetes API conventions; sigs.k8s.io/yaml
    """
    for file in () if isinstance(manifest_set, Unavailable) else manifest_set.files:
        for problem in file.problems:
            yield fail(file, problem.told, cause="", location=problem.location, correction=problem.correction)
        for problem in file.unread:
            yield unknown(file, problem.told)
        if file.objects and not file.problems:
            yield ok(file, f"{file.objects} object(s) of FSx for Lustre")
        elif not file.problems and not file.unread:
            kinds = ", ".join(file.seen[:MOST_KINDS]) or "no document"
            more = len(file.seen) - MOST_KINDS
            yield skip(file, f"nothing of FSx for Lustre: {kinds}{f' and {more} more kinds' if more > 0 else ''}")
