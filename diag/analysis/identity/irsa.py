"""IAM roles for service accounts: the chain from the annotation to the role, and the commands that fix a link of it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence

import msgspec

from diag.analysis.identity.trust_policy import (
    DEFAULT_AUDIENCE,
    POD_IDENTITY,
    POD_IDENTITY_SERVICE,
    WEB_IDENTITY,
    Answer,
    may_assume,
    subject_claim,
    web_identity,
)
from diag.model.finding import Fix
from diag.model.unavailable import Reason, Unavailable
from diag.resources.eks import EksCluster
from diag.resources.iam import OidcProvider, Role
from diag.resources.kubernetes import ServiceAccount
from diag.resources.table import Table

ANNOTATION = "eks.amazonaws.com/role-arn"


AUDIENCE_ANNOTATION = "eks.amazonaws.com/audience"
"""Source: amazon-eks-pod-identity-webhook README."""

ROLE_ARN = re.compile(
    r"arn:(?P<partition>aws(?:-[a-z]+)*):iam::(?P<account>[0-9]{12}):role/(?:[!-~]+/)?(?P<name>[A-Za-z0-9_+=,.@-]{1,64})"
)
"""Source: botocore iam 2010-05-08, arnType, pathType and roleNameType."""


class RoleArn(msgspec.Struct, frozen=True):
    """The parts of a role's ARN."""

    partition: str
    account: str
    name: str


def role_arn_of(text: str) -> RoleArn | None:
    """The parts of a role's ARN; None for anything that STS refuses as one."""
    found = ROLE_ARN.fullmatch(text)
    return RoleArn(found["partition"], found["account"], found["name"]) if found else None


def what_is_wrong(text: str) -> str:
    """Why a text is no role ARN, in words."""
    if text != text.strip() or any(mark in text for mark in "\"' "):
        return "it holds blanks or quotes"
    if not text:
        return "it is empty"
    if text.endswith("/"):
        return "the role name is empty: a variable was not set when it was written"
    if ":role/" not in text:
        return "it is not the ARN of a role"
    return "it does not have the form arn:aws:iam::<12 digits>:role/<name>"


def audience_of(account: ServiceAccount) -> str:
    """The audience that the account's injected tokens get."""
    return account.metadata.annotation(AUDIENCE_ANNOTATION) or DEFAULT_AUDIENCE


def subject_of_token(account: ServiceAccount) -> str:
    """The `sub` of the account's tokens."""
    return subject_claim(account.metadata.namespace, account.metadata.name)


def annotate(account: ServiceAccount, partition: str, aws_account: str) -> Fix:
    """Write the right ARN and make new pods, since it is injected at a pod's creation alone."""
    arn = f"arn:{partition}:iam::{aws_account or '<account>'}:role/<role-name>"
    namespace, name = shlex.quote(account.metadata.namespace), shlex.quote(account.metadata.name)
    command = f"kubectl -n {namespace} annotate serviceaccount {name} {ANNOTATION}={arn} --overwrite"
    former = account.role_arn
    undo = f"kubectl -n {namespace} annotate serviceaccount {name} " + (
        f"{ANNOTATION}={shlex.quote(former)} --overwrite" if former else f"{ANNOTATION}-"
    )
    return Fix((command, restart(namespace)), "takes effect in new controller pods only", undo)


def restart(namespace: str, deployment: str = "fsx-csi-controller") -> str:
    """The command that makes new controller pods."""
    return f"kubectl -n {shlex.quote(namespace)} rollout restart deployment/{shlex.quote(deployment)}"


def create_role(cluster: EksCluster, account: ServiceAccount, role: str, partition: str) -> Fix:
    """Create the role with trust policy and annotation."""
    namespace, name = shlex.quote(account.metadata.namespace), shlex.quote(account.metadata.name)
    command = (
        f"eksctl create iamserviceaccount --cluster {shlex.quote(cluster.name)} --namespace {namespace} --name {name}"
        f" --role-name {role} --attach-policy-arn arn:{partition}:iam::aws:policy/AmazonFSxFullAccess"
        " --approve --override-existing-serviceaccounts"
    )
    undo = f"eksctl delete iamserviceaccount --cluster {cluster.name} --namespace {namespace} --name {name}"
    return Fix((command, restart(namespace)), "creates role, trust policy and annotation", undo)


def trust_web_identity(role: Role, account: ServiceAccount, cluster: EksCluster) -> Fix:
    """Replace the trust policy by the one that EKS documents."""
    issuer = cluster.issuer_host
    condition = {f"{issuer}:aud": audience_of(account), f"{issuer}:sub": subject_of_token(account)}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": cluster.provider_arn},
        "Action": WEB_IDENTITY,
        "Condition": {"StringEquals": condition},
    }
    return replace_trust(role.role_name, statement)


def trust_pod_identity(role: str) -> Fix:
    """Replace the trust policy by the one that EKS documents for Pod Identity."""
    statement = {"Effect": "Allow", "Principal": {"Service": POD_IDENTITY_SERVICE}, "Action": list(POD_IDENTITY)}
    return replace_trust(role, statement)


def allow(role: str, actions: Sequence[str]) -> Fix:
    """Give the role further actions, by an inline policy of their own."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
    target = f"--role-name {role} --policy-name lustre-csi-driver-additions"
    command = f"aws iam put-role-policy {target} --policy-document {shlex.quote(document)}"
    return Fix((command,), "adds an inline policy to the role", f"aws iam delete-role-policy {target}")


def create_service_role() -> Fix:
    """Create FSx's own role, once for an account."""
    command = "aws iam create-service-linked-role --aws-service-name fsx.amazonaws.com"
    undo = "aws iam delete-service-linked-role --role-name AWSServiceRoleForAmazonFSx"
    return Fix((command,), "creates AWSServiceRoleForAmazonFSx, once for the account, by an administrator", undo)


def replace_trust(role: str, statement: Mapping[str, object]) -> Fix:
    """Save a role's trust policy, then write one of a single statement."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
    save = f"aws iam get-role --role-name {role} --query Role.AssumeRolePolicyDocument > trust-before.json"
    write = f"aws iam update-assume-role-policy --role-name {role} --policy-document {shlex.quote(document)}"
    note = "replaces the whole trust policy; keep statements of trust-before.json that others need"
    undo = f"aws iam update-assume-role-policy --role-name {role} --policy-document file://trust-before.json"
    return Fix((save, write), note, undo)


class Flaw(msgspec.Struct, frozen=True):
    """The first link that does not hold."""

    cause: str
    message: str
    fix: Fix | None = None
    evidence: tuple[str, ...] = ()


def flaw_of(
    account: ServiceAccount,
    arn: str,
    cluster: EksCluster,
    roles: Table[Role] | Unavailable,
    provider: OidcProvider | Unavailable,
) -> Flaw | Unavailable | Role:
    """The first broken link of the chain, what could not be read of it, or the role when all links hold."""
    parts = role_arn_of(arn)
    mend = annotate(account, cluster.partition, cluster.account)
    if parts is None:
        return Flaw("irsa-role-arn-malformed", f"its annotation {ANNOTATION} is {arn!r}: {what_is_wrong(arn)}", mend)
    if cluster.partition and parts.partition != cluster.partition:
        message = f"its annotation names partition {parts.partition}, the cluster is in {cluster.partition}: {arn}"
        return Flaw("irsa-role-arn-malformed", message, mend)
    if cluster.account and parts.account != cluster.account:
        return Unavailable(
            f"role {arn}", Reason.NOT_ASKED, f"it belongs to account {parts.account}, the cluster to {cluster.account}",
            remedy=f"look at role and OIDC provider with credentials of {parts.account}",
        )  # fmt: skip
    role = roles if isinstance(roles, Unavailable) else roles.get(arn)
    if isinstance(role, Unavailable) and role.reason is not Reason.ABSENT:
        return role
    recreate = create_role(cluster, account, parts.name, parts.partition)
    if isinstance(role, Unavailable):
        return Flaw("irsa-role-missing", f"its annotation names {arn}, which does not exist", recreate)
    if role.arn and role.arn != arn:
        message = f"its annotation names {arn}, the role's ARN is {role.arn}"
        return Flaw("irsa-role-missing", message, mend)
    if isinstance(provider, Unavailable):
        return _without_provider(cluster) if provider.reason is Reason.ABSENT else provider
    return _distrust(account, cluster, role, provider) or role


def _without_provider(cluster: EksCluster) -> Flaw:
    command = f"eksctl utils associate-iam-oidc-provider --cluster {cluster.name} --approve"
    undo = "aws iam delete-open-id-connect-provider --open-id-connect-provider-arn <provider-arn>"
    message = f"the account has no IAM identity provider for this cluster's issuer {cluster.issuer or '(none)'}"
    return Flaw("oidc-provider-missing", message, Fix((command,), "creates the identity provider alone", undo))


def _distrust(
    account: ServiceAccount, cluster: EksCluster, role: Role, provider: OidcProvider
) -> Flaw | Unavailable | None:
    audience, subject = audience_of(account), subject_of_token(account)
    if provider.client_ids and audience not in provider.client_ids:
        added = (
            "aws iam add-client-id-to-open-id-connect-provider"
            f" --open-id-connect-provider-arn {provider.arn} --client-id {audience}"
        )
        message = f"the OIDC provider accepts audiences {', '.join(provider.client_ids)}, the tokens are for {audience}"
        return Flaw("irsa-trust-policy", message, Fix((added,), "adds an audience to the provider"))
    trust = may_assume(
        role.assume_role_policy_document, web_identity(provider.arn, cluster.issuer_host, subject, audience)
    )
    if trust.answer is Answer.ALLOWED:
        return None
    if trust.answer is Answer.UNDECIDED:
        what = f"trust policy of {role.role_name}"
        return Unavailable(what, Reason.NOT_ASKED, "; ".join(trust.reasons), remedy="see CloudTrail for what STS said")
    message = f"the trust policy of {role.role_name} does not admit {subject}: {'; '.join(trust.reasons)}"
    evidence = (f"issuer of the cluster: {cluster.issuer}", f"token: sub {subject}, aud {audience}")
    fix = trust_web_identity(role, account, cluster)
    return Flaw("irsa-trust-policy", message, fix, evidence)


def strangers_allowed(role: Role, account: ServiceAccount, cluster: EksCluster) -> str:
    """Who else may take the role though nobody meant them, in words; empty when nobody else of the cluster may.

    Tried with accounts that no set-up names, so that lists and prefixes of related accounts are no fault.
    """
    namespace = account.metadata.namespace
    for where, who, words in (
        ("unrelated-namespace", "unrelated-account", "any service account of any namespace"),
        (namespace, "unrelated-account", f"any service account of namespace {namespace}"),
        ("unrelated-namespace", account.metadata.name, f"an account named {account.metadata.name} of any namespace"),
    ):
        asker = web_identity(cluster.provider_arn, cluster.issuer_host, subject_claim(where, who), audience_of(account))
        if may_assume(role.assume_role_policy_document, asker).answer is Answer.ALLOWED:
            return words
    return ""
