"""Every IAM OIDC provider of an EKS issuer of this region has its cluster."""

from __future__ import annotations

from collections.abc import Iterator

from checks.leftovers._teardown import LEFT, account, delete
from diag import Draft, Layer, check, ok, warn
from diag.resources.eks import ClusterIdentity
from diag.resources.teardown import Clusters, issuer_id


@check("leftover-oidc-providers", layer=Layer.IDENTITY, opt_in=True, speaks_for=LEFT)
def providers_have_a_cluster(
    eks_providers: tuple[str, ...], region_clusters: Clusters, cluster_identity: ClusterIdentity
) -> Iterator[Draft]:
    """Every IAM OIDC provider of an EKS issuer of this region has its cluster.

    pass: every one has
    warn: the cluster of one is gone
    unknown: providers or clusters could not be read
    source: iam 2010-05-08 ListOpenIDConnectProviders; EKS User Guide, OIDC provider
    """
    alive = set(region_clusters.issuers.values())
    left = [arn for arn in eks_providers if issuer_id(arn) not in alive]
    for arn in left:
        command = "aws iam delete-open-id-connect-provider --open-id-connect-provider-arn {provider_arn}"
        fix = delete(command, "roles that name it stop working", provider_arn=arn)
        message = f"the OIDC provider {arn.partition('oidc-provider/')[2]} is of no cluster that is here"
        yield warn(account(cluster_identity), message, cause=None, fix=fix)
    if not left:
        yield ok(account(cluster_identity), f"all {len(eks_providers)} OIDC provider(s) of EKS have their cluster")
