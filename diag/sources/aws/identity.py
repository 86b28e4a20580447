"""Facts about who is who: the add-ons' identities, IAM roles and OIDC providers."""

from __future__ import annotations

import re

from diag.analysis.identity.controller import Given
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable
from diag.registry import fact
from diag.resources.eks import ClusterIdentity, EksCluster, PodIdentityAssociation
from diag.resources.iam import OidcProvider, Role
from diag.resources.kubernetes import ServiceAccount
from diag.resources.table import Table
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
) -> tuple[PodIdentityAssociation, ...] | Unavailable:
    """The Pod Identity associations of the controller's service account, each with its role."""
    if isinstance(controller_account, Unavailable):
        return () if controller_account.reason is Reason.ABSENT else controller_account
    account = controller_account.metadata
    listed = aws.pages(
        "eks", "ListPodIdentityAssociations", "associations", region=cluster_identity.region,
        clusterName=eks_cluster.name, namespace=account.namespace, serviceAccount=account.name,
    )  # fmt: skip
    if isinstance(listed, Unavailable):
        return listed
    found: list[PodIdentityAssociation] = []
    for summary in listed:
        answer = aws.one(
            "eks", "DescribePodIdentityAssociation", region=cluster_identity.region,
            clusterName=eks_cluster.name, associationId=str(summary.get("associationId", "")),
        )  # fmt: skip
        if isinstance(answer, Unavailable):
            return answer
        item = shaped(answer.get("association"), PodIdentityAssociation, "Pod Identity association")
        if isinstance(item, Unavailable):
            return item
        found.append(item)
    return tuple(found)


@fact(layer=Layer.IDENTITY, label="role", permissions=("iam:GetRole",))
def controller_roles(
    aws: Aws, cluster_identity: ClusterIdentity, controller_role: Given | Unavailable
) -> Table[Role] | Unavailable:
    """The IAM role that the controller's service account is given, under the ARN that names it; none without one."""
    if isinstance(controller_role, Unavailable):
        return Table() if controller_role.reason is Reason.ABSENT else controller_role
    arn = controller_role.role_arn
    name = arn.rpartition("/")[2]
    if not ROLE_NAME.fullmatch(name):
        return Table(missing={arn: Unavailable(f"role {arn}", Reason.NOT_ASKED, "the ARN names no role")})
    answer = aws.one("iam", "GetRole", region=cluster_identity.region, RoleName=name)
    if isinstance(answer, Unavailable):
        return Table(missing={arn: answer})
    role = shaped(with_document(answer.get("Role") or {}, "AssumeRolePolicyDocument"), Role, f"role {name}")
    return Table(missing={arn: role}) if isinstance(role, Unavailable) else Table({arn: role})


@fact(layer=Layer.IDENTITY, label="OIDC provider", permissions=("iam:GetOpenIDConnectProvider",))
def oidc_provider(aws: Aws, eks_cluster: EksCluster, cluster_identity: ClusterIdentity) -> OidcProvider | Unavailable:
    """The IAM OIDC provider of the cluster's issuer; absent when the account has none."""
    if not eks_cluster.issuer:
        return Unavailable("IAM OIDC provider", Reason.ABSENT, f"cluster {eks_cluster.name} has no OIDC issuer")
    arn = eks_cluster.provider_arn
    answer = aws.one("iam", "GetOpenIDConnectProvider", region=cluster_identity.region, OpenIDConnectProviderArn=arn)
    if isinstance(answer, Unavailable):
        return answer
    return OidcProvider(arn, str(answer.get("Url", "")), tuple(answer.get("ClientIDList") or ()))
