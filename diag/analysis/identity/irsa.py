"""IAM roles for service accounts: the chain from the annotation to the role, and the commands that fix a link of it."""

from __future__ import annotations

import msgspec

from diag.advice.identity import add_audience, annotate, create_provider, create_role, trust_web_identity
from diag.advice.steps import person
from diag.analysis.identity.trust_policy import (
    Answer,
    may_assume,
    subject_claim,
    web_identity,
)
from diag.grammar.ids import ACCOUNT
from diag.late import late
from diag.model.fix import Fix
from diag.model.unavailable import Reason, Unavailable
from diag.resources.eks import EksCluster
from diag.resources.iam import DEFAULT_AUDIENCE, ROLE_ANNOTATION, OidcProvider, Role, statements_of
from diag.resources.kubernetes import ServiceAccount
from diag.resources.table import Table

AUDIENCE_ANNOTATION = "eks.amazonaws.com/audience"
"""Source: amazon-eks-pod-identity-webhook README."""

ROLE_ARN = late(
    rf"arn:(?P<partition>aws(?:-[a-z]+)*):iam::(?P<account>{ACCOUNT.pattern}):role/(?:[!-~]+/)?(?P<name>[A-Za-z0-9_+=,.@-]{{1,64}})"
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
    return "it does not have the form arn:<partition>:iam::<12 digits>:role/<name>"


def audience_of(account: ServiceAccount) -> str:
    """The audience that the account's injected tokens get."""
    return account.metadata.annotation(AUDIENCE_ANNOTATION) or DEFAULT_AUDIENCE


def subject_of_token(account: ServiceAccount) -> str:
    """The `sub` of the account's tokens."""
    return subject_claim(account.metadata.namespace, account.metadata.name)


NEW_ROLE = "fsx-csi-driver"
"""What a role is called that is made for the controller, before the cluster's name."""


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
    at: str = "",
) -> Flaw | Unavailable | Role:
    """The first broken link of the chain at a time, what could not be read of it, or the role when all links hold."""
    parts = role_arn_of(arn)
    fix = name_a_role(account, cluster, arn)
    if parts is None:
        return Flaw(
            "irsa-role-arn-malformed", f"its annotation {ROLE_ANNOTATION} is {arn!r}: {what_is_wrong(arn)}", fix
        )
    if cluster.partition and parts.partition != cluster.partition:
        message = f"its annotation names partition {parts.partition}, the cluster is in {cluster.partition}: {arn}"
        return Flaw("irsa-role-arn-malformed", message, fix)
    if cluster.account and parts.account != cluster.account:
        return Unavailable(
            f"role {arn}", Reason.NOT_ASKED, f"it belongs to account {parts.account}, the cluster to {cluster.account}",
            remedy=f"look at role and OIDC provider with credentials of {parts.account}",
        )  # fmt: skip
    role = roles if isinstance(roles, Unavailable) else roles.get(arn)
    if isinstance(role, Unavailable) and role.reason is not Reason.ABSENT:
        return role
    if isinstance(role, Unavailable):
        fix = create_role(cluster, account, parts.name, audience_of(account))
        return Flaw("irsa-role-missing", f"its annotation names {arn}, which does not exist", fix)
    if role.arn and role.arn != arn:
        message = f"its annotation names {arn}, the role's ARN is {role.arn}"
        return Flaw("irsa-role-missing", message, annotate(account, role.arn, cluster.name))
    if isinstance(provider, Unavailable):
        return _without_provider(cluster) if provider.reason is Reason.ABSENT else provider
    return _distrust(account, cluster, role, provider, at) or role


def name_a_role(account: ServiceAccount, cluster: EksCluster, written: str = "") -> Fix:
    """Annotate the account with the ARN that was surely meant, else with that of a new role."""
    parts = role_arn_of("".join(written.split()).strip("\"'"))
    if parts is not None and parts.account == cluster.account:
        return annotate(account, f"arn:{cluster.partition}:iam::{parts.account}:role/{parts.name}", cluster.name)
    new = create_role(cluster, account, f"{NEW_ROLE}-{cluster.name}"[:64], audience_of(account))
    return Fix(new.steps, (annotate(account, "", cluster.name),))


def _without_provider(cluster: EksCluster) -> Flaw:
    message = f"the account has no IAM identity provider for this cluster's issuer {cluster.issuer or '(none)'}"
    return Flaw("oidc-provider-missing", message, create_provider(cluster))


def _distrust(
    account: ServiceAccount, cluster: EksCluster, role: Role, provider: OidcProvider, at: str
) -> Flaw | Unavailable | None:
    audience, subject = audience_of(account), subject_of_token(account)
    if audience not in provider.client_ids:
        accepted = f"accepts audiences {', '.join(provider.client_ids)}" if provider.client_ids else "has no client id"
        message = f"the OIDC provider {accepted}, the tokens are for {audience}"
        return Flaw("irsa-trust-policy", message, add_audience(provider.arn, audience))
    trust = may_assume(
        role.assume_role_policy_document, web_identity(provider.arn, cluster.issuer_host, subject, audience, at=at)
    )
    if trust.answer is Answer.ALLOWED:
        return None
    if trust.answer is Answer.UNDECIDED:
        what = f"trust policy of {role.role_name}"
        return Unavailable(what, Reason.NOT_ASKED, "; ".join(trust.reasons), remedy="see CloudTrail for what STS said")
    message = f"the trust policy of {role.role_name} does not admit {subject}: {'; '.join(trust.reasons)}"
    evidence = (f"issuer of the cluster: {cluster.issuer}", f"token: sub {subject}, aud {audience}")
    fix = trust_web_identity(role, account, cluster, audience)
    if trust.is_denied:
        owner, request = "whoever wrote that Deny", "let the service account through: no Allow overrules a Deny"
        fix = Fix((person(request, by=owner),))
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


def shut_strangers_out(role: Role, account: ServiceAccount, cluster: EksCluster) -> Fix:
    """Take away the statements by which they may take the role; those of others stay."""
    wide = [
        one
        for one in statements_of(role.assume_role_policy_document)
        if strangers_allowed(
            msgspec.structs.replace(role, assume_role_policy_document={"Statement": [one]}), account, cluster
        )
    ]
    return trust_web_identity(role, account, cluster, audience_of(account), wide)
