"""Builders of the facts about who the controller is: its role, trust policy, OIDC provider and associations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diag.facts.eks import PodIdentityAssociation
from diag.facts.iam import OidcProvider, Role
from diag.facts.kubernetes import PersistentVolumeClaim, ServiceAccount
from diag.facts.table import Table
from diag.model.unavailable import Reason, Unavailable
from tests.checks import given

ACCOUNT = "111122223333"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/fsx-csi"
CLUSTER = given.eks_cluster()
ISSUER = CLUSTER.issuer_host
PROVIDER_ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
SUBJECT = "system:serviceaccount:kube-system:fsx-csi-controller-sa"
STS = "sts.amazonaws.com"


def statement(condition: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The statement that EKS documents for IRSA, with its Condition or other fields replaced."""
    usual = {"StringEquals": {f"{ISSUER}:aud": STS, f"{ISSUER}:sub": SUBJECT}}
    return {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER_ARN},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": usual if condition is None else dict(condition),
        **fields,
    }


def trust(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """A trust policy; the documented one without arguments."""
    return {"Version": "2012-10-17", "Statement": [dict(item) for item in statements or (statement(),)]}


def trusts_pods(**fields: Any) -> dict[str, Any]:
    """The statement that EKS documents for Pod Identity."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        **fields,
    }


def role(policy: Mapping[str, Any] | None = None, arn: str = ROLE_ARN, **fields: Any) -> Role:
    """The controller's role."""
    return Role(arn.rpartition("/")[2], arn, dict(trust() if policy is None else policy), **fields)


def roles(*items: Role, missing: Mapping[str, Unavailable] = {}) -> Table[Role]:
    """Roles by the ARN that names them."""
    return Table({item.arn: item for item in items}, dict(missing))


def provider(client_ids: tuple[str, ...] = (STS,)) -> OidcProvider:
    """The IAM OIDC provider of the cluster's issuer."""
    return OidcProvider(PROVIDER_ARN, ISSUER, client_ids)


def association(arn: str = ROLE_ARN, **fields: Any) -> PodIdentityAssociation:
    """The Pod Identity association of the controller's service account."""
    usual = PodIdentityAssociation("kube-system", "fsx-csi-controller-sa", "a-1", role_arn=arn)
    return given.replace(usual, **fields)


def account(role_arn: str | None = ROLE_ARN, **annotations: str) -> ServiceAccount:
    """The controller's service account with its annotation."""
    made = given.service_account(role_arn=role_arn)
    metadata = given.replace(made.metadata, annotations={**(made.metadata.annotations or {}), **annotations})
    return given.replace(made, metadata=metadata)


def absent(what: str) -> Unavailable:
    """Something that AWS says does not exist."""
    return Unavailable(what, Reason.ABSENT, "NoSuchEntity")


def pending_claim() -> PersistentVolumeClaim:
    """A claim that waits for the driver."""
    return given.claim("scratch", volume="")


def world(role_arn: str | None = ROLE_ARN, **facts: Any) -> dict[str, Any]:
    """A controller with a sound IRSA role in a cluster with one StorageClass of the driver and a static volume."""
    return {
        "service_accounts": (account(role_arn),),
        "storage_classes": (given.storage_class(),),
        "pod_identity_associations": (),
        "controller_roles": roles(role()),
        "oidc_provider": provider(),
        **facts,
    }
