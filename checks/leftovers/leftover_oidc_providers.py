"""Every IAM OIDC provider of an EKS issuer of this region has its cluster."""

from __future__ import annotations

from collections.abc import Iterator

from checks.leftovers._teardown import LEFT, account, ask_owner, scope
from diag import Draft, Layer, check, ok, warn
from diag.resources.eks import ClusterIdentity
from diag.resources.teardown import Clusters, issuer_id


@check("leftover-oidc-providers", layer=Layer.IDENTITY, opt_in=True, speaks_for=LEFT)
def providers_have_a_cluster(
    eks_providers: tuple[str, ...], region_clusters: Clusters, cluster_identity: ClusterIdentity
) -> Iterator[Draft]:
    """Every IAM OIDC provider of an EKS issuer of this region has its cluster.

    A provider may also be that of a live cluster of another account, whose pods take roles of this one.

    pass: every one has
    warn: the cluster of one is gone, or another account's; so nothing is offered for deletion
    unknown: providers or clusters could not be read
    source: iam 2010-05-08 ListOpenIDConnectProviders; EKS User Guide, OIDC provider
    """
    alive = set(region_clusters.issuers.values())
    left = [arn for arn in eks_providers if issuer_id(arn) not in alive]
    for arn in left:
        look = "Its tags: aws iam get-open-id-connect-provider --open-id-connect-provider-arn {provider_arn}"
        message = f"the OIDC provider {arn.partition('oidc-provider/')[2]} is of no cluster of this account and Region"
        fix = ask_owner(look, provider_arn=arn)
        yield warn(account(cluster_identity), message, scope(cluster_identity), cause=None, fix=fix)
    if not left:
        yield ok(account(cluster_identity), f"all {len(eks_providers)} OIDC provider(s) of EKS have their cluster")
