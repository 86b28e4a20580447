"""Facts about who is who: the add-ons' identities, IAM roles and OIDC providers."""

from __future__ import annotations

import re

from diag.analysis.identity.controller import Given
from diag.grammar.ids import account_of
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable, Unreadable, is_absent, unwrap
from diag.registry import fact
from diag.resources.eks import ClusterIdentity, EksCluster, PodIdentityAssociation
from diag.resources.iam import OidcProvider, Role
from diag.resources.kubernetes import ServiceAccount
from diag.resources.table import Table, table_of
from diag.sources.aws.answers import with_document
from diag.sources.aws.session import Aws, shaped

ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
"""An IAM role name. Source: botocore iam 2010-05-08, roleNameType."""


@fact(
    layer=Layer.IDENTITY,
    label="Pod Identity association",
    permissions=("eks:ListPodIdentityAssociations", "eks:DescribePodIdentityAssociation"),
)
def pod_identity_associations(
    aws: Aws,
    eks_cluster: EksCluster,
    cluster_identity: ClusterIdentity,
    controller_account: ServiceAccount | Unavailable,
) -> tuple[PodIdentityAssociation, ...]:
    """The Pod Identity associations of the controller's service account, each with its role."""
    if is_absent(controller_account):
        return ()
    account = unwrap(controller_account).metadata
    listed = aws.pages(
        "eks", "ListPodIdentityAssociations", "associations", region=cluster_identity.region,
        clusterName=eks_cluster.name, namespace=account.namespace, serviceAccount=account.name,
    )  # fmt: skip
    ids = (str(summary.get("associationId", "")) for summary in listed)
    answers = (
        aws.one(
            "eks", "DescribePodIdentityAssociation", region=cluster_identity.region,
            clusterName=eks_cluster.name, associationId=id,
        )
        for id in ids
    )  # fmt: skip
    what = "Pod Identity association"
    return tuple(shaped(answer.get("association"), PodIdentityAssociation, what) for answer in answers)


@fact(layer=Layer.IDENTITY, label="role", permissions=("iam:GetRole",))
def controller_roles(aws: Aws, cluster_identity: ClusterIdentity, controller_role: Given | Unavailable) -> Table[Role]:
    """The IAM roles that give the controller's service account its rights, under the ARNs that name them.

    None without one; two where Pod Identity takes a target role through another. One of another account is not asked
    for: by its name alone a role of this account would be found instead.
    """
    if is_absent(controller_role):
        return Table()

    def read(arn: str) -> Role:
        name = arn.rpartition("/")[2]
        if not ROLE_NAME.fullmatch(name):
            raise Unreadable(Unavailable(f"role {arn}", Reason.NOT_ASKED, "the ARN names no role"))
        owner = account_of(arn)
        if cluster_identity.account and owner != cluster_identity.account:
            message = f"it belongs to account {owner}, this run looks at {cluster_identity.account}"
            raise Unreadable(Unavailable(f"role {arn}", Reason.NOT_ASKED, message))
        answer = aws.one("iam", "GetRole", region=cluster_identity.region, RoleName=name)
        return shaped(with_document(answer.get("Role") or {}, "AssumeRolePolicyDocument"), Role, f"role {name}")

    given = unwrap(controller_role)
    return table_of(filter(None, (given.role_arn, given.by_role)), read)


@fact(layer=Layer.IDENTITY, label="OIDC provider", permissions=("iam:GetOpenIDConnectProvider",))
def oidc_provider(aws: Aws, eks_cluster: EksCluster, cluster_identity: ClusterIdentity) -> OidcProvider:
    """The IAM OIDC provider of the cluster's issuer; absent when the account has none."""
    if not eks_cluster.issuer:
        message = f"cluster {eks_cluster.name} has no OIDC issuer"
        raise Unreadable(Unavailable("IAM OIDC provider", Reason.ABSENT, message))
    arn = eks_cluster.provider_arn
    answer = aws.one("iam", "GetOpenIDConnectProvider", region=cluster_identity.region, OpenIDConnectProviderArn=arn)
    return OidcProvider(arn, str(answer.get("Url", "")), tuple(answer.get("ClientIDList") or ()))
