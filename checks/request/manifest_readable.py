"""Every document of the manifests is what kubectl, Helm or Terraform would take."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Unavailable, check, fail, ok
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
