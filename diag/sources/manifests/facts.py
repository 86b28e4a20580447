"""The fact of the manifests; reading them is in `read`, which a run without any does not load."""

from __future__ import annotations

from diag.model.layer import Layer
from diag.registry import fact
from diag.resources.manifests import ManifestSet


@fact(layer=Layer.REQUEST, label="manifests")
def manifest_set(manifests: ManifestSet) -> ManifestSet:
    """The manifests that the run was given; none usually."""
    return manifests
