"""What the manifests refer to is in them or in the cluster, and known before they are applied."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Unavailable, check, fail, skip, unknown, warn
from diag.advice.steps import advise
from diag.analysis.planned import UnresolvedReference
from diag.resources.manifests import DEFAULT_NAMESPACE, ManifestSet


@check("manifest-references", layer=Layer.REQUEST)
def references_lead_somewhere(
    loose_ends: tuple[UnresolvedReference, ...], manifest_set: ManifestSet | Unavailable
) -> Iterator[Draft]:
    """What the manifests refer to is in them or in the cluster, and known before they are applied.

    What is in neither, although the cluster could be read, is reported by the checks of claims and pods.

    warn: a pod's claim is in the namespace of the manifests' claim only when both are applied to one
    fail: a pod's claim is in the manifests, and in another namespace
    unknown: a volume, claim or class is in no manifest, and the cluster could not be read
    skip: as unknown, but with --offline; or a value is known only after `terraform apply`
    source: Terraform, internals/json-format (after_unknown)
    """
    for end in loose_ends:
        if end.elsewhere:
            yield _in_another_namespace(end)
            continue
        message = f"it refers to {end.wanted}, which is in no manifest: {end.missing.detail or end.missing}"
        yield unknown(end, message, because=(end.missing,))
    for item in () if isinstance(manifest_set, Unavailable) else manifest_set.undecided:
        yield skip(item.subject, f"{item.why}; run again with -f on what was applied, or without -f")


def _in_another_namespace(end: UnresolvedReference) -> Draft:
    """A pod takes claims of its own namespace alone. Where one of the two names none, `kubectl -n` may unite them."""
    here, there, name = end.wanted.namespace, end.elsewhere, end.wanted.name
    message = f"its claim {name} is in the namespace {there}, the pod is in {here}: a pod takes no claim of another"
    fix = advise("Write one namespace in both, {namespace}, before they are applied.", {"namespace": there})
    if DEFAULT_NAMESPACE not in (here, there):
        return fail(end, message, cause="claim-pending", fix=fix)
    return warn(end, f"{message}, unless both are applied with -n", cause="claim-pending", fix=fix)
