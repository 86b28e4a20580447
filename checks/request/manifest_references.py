"""What the manifests refer to is in them or in the cluster, and known before they are applied."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Unavailable, check, skip, unknown
from diag.analysis.planned import UnresolvedReference
from diag.resources.manifests import ManifestSet


@check("manifest-references", layer=Layer.REQUEST)
def references_lead_somewhere(
    loose_ends: tuple[UnresolvedReference, ...], manifest_set: ManifestSet | Unavailable
) -> Iterator[Draft]:
    """What the manifests refer to is in them or in the cluster, and known before they are applied.

    What is in neither, although the cluster could be read, is reported by the checks of claims and pods.

    unknown: a volume, claim or class is in no manifest, and the cluster could not be read
    skip: as unknown, but with --offline; or a value is known only after `terraform apply`
    source: Terraform, internals/json-format (after_unknown)
    """
    for end in loose_ends:
        message = f"it refers to {end.wanted}, which is in no manifest: {end.missing.detail or end.missing}"
        yield unknown(end, message, because=(end.missing,))
    for item in () if isinstance(manifest_set, Unavailable) else manifest_set.undecided:
        yield skip(item.subject, f"{item.why}; run again with -f on what was applied, or without -f")
