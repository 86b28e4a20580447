"""The chain from a service account's annotation to its IAM role, link by link."""

from __future__ import annotations

import msgspec

from diag.facts.eks import EksCluster
from diag.facts.iam import OidcProvider, Role
from diag.facts.kubernetes import ServiceAccount
from diag.facts.service_role import (
    ANNOTATION,
    annotate,
    audience_of,
    create_role,
    role_arn_of,
    subject_of_token,
    trust_web_identity,
    what_is_wrong,
)
from diag.facts.table import Table
from diag.facts.trust import Answer, may_assume, subject_claim, web_identity
from diag.model.finding import Fix
from diag.model.unavailable import Reason, Unavailable


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
