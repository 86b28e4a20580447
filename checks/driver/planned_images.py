"""The driver's images in manifests or Helm values are references that the cluster's region can pull."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Unavailable, check, fail, ok, warn
from diag.analysis.driver.images import judge_images
from diag.resources.eks import ClusterIdentity
from diag.resources.manifests import ManifestSet


@check("planned-images", layer=Layer.DRIVER,
       speaks_for=("image-pull-wrong-region-ecr", "image-invalid-reference"))  # fmt: skip
def planned_images_can_be_pulled(
    manifest_set: ManifestSet | Unavailable, cluster_identity: ClusterIdentity | Unavailable
) -> Iterator[Draft]:
    """The driver's images in manifests or Helm values are references that the cluster's region can pull.

    Without its image the node plugin never registers, and every pod with a volume waits. An empty region in
    `602401143452.dkr.ecr..amazonaws.com` is no reference that a runtime takes.

    pass: every reference is well formed and its registry serves the region, as far as the region is known
    warn: as fail, but the table of registries only infers it; or EKS's registry of another Region, which nodes reach
        over the internet alone
    fail: a reference that no runtime accepts, or a registry that does not serve the region
    source: distribution/reference grammar; EKS User Guide, add-on image registries (2024-12-18)
    """
    region = "" if isinstance(cluster_identity, Unavailable) else cluster_identity.region
    for workload in () if isinstance(manifest_set, Unavailable) else manifest_set.drivers:
        judged = judge_images(workload, (), (), region)
        for found in judged:
            say = fail if found.certain else warn
            message = f"image {found.image!r} ({found.container}): {found.why}"
            yield say(workload, message, *found.evidence, cause=found.cause, fix=found.fix)
        if not judged:
            where = region or "an unknown region (give --region)"
            yield ok(workload, f"its images fit {where}", rules_out=())
