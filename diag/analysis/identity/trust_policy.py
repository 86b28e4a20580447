"""Whether a role's trust policy lets a service account take the role, worked out from the document alone."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from diag.analysis.identity.policy_language import (
    Clause,
    Document,
    Request,
    Tri,
    all_of,
    any_of,
    clauses_of,
    covers_action,
    covers_resource,
)
from diag.grammar.ids import account_of
from diag.resources.iam import DEFAULT_AUDIENCE, POD_IDENTITY, POD_IDENTITY_SERVICE, WEB_IDENTITY, listed, statements_of


class Asker(msgspec.Struct, frozen=True):
    """Who asks for a role, with which call and which condition keys."""

    kind: str
    """`Federated` or `Service`, as a policy's Principal says it."""
    principal: str
    action: str
    request: Request
    others: tuple[str, ...] = ()
    """Further names under which a policy may mean it: its account."""


class Answer(enum.Enum):
    """What a trust policy says to somebody."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    UNDECIDED = "undecided"


class Trust(msgspec.Struct, frozen=True):
    """The answer with the reasons of a refusal, or what it hangs on."""

    answer: Answer
    reasons: tuple[str, ...] = ()
    is_denied: bool = False
    """A Deny statement refuses, which no Allow overrules."""


SESSION_NAME = "1763931600000000000"
"""Stands for the name that the SDK gives a session: the time in nanoseconds.

Source: aws-sdk-go-v2 credentials/stscreds/web_identity_provider.go.
"""


def web_identity(
    provider_arn: str, issuer: str, subject: str, audience: str = DEFAULT_AUDIENCE, *, at: str = ""
) -> Asker:
    """A pod that shows its service account's token. `issuer` without the scheme; `at` is the time, if known."""
    claims = {"aud": audience, "sub": subject}
    values = {f"{issuer.lower()}:{claim}": (value,) for claim, value in claims.items()}
    times = {"aws:currenttime": (at,)} if at else {}
    own: dict[str, tuple[str, ...]] = {"sts:rolesessionname": (SESSION_NAME,), "sts:sourceidentity": ()}
    return Asker("Federated", provider_arn, WEB_IDENTITY, Request({**values, **own, **times}))


def subject_claim(namespace: str, account: str) -> str:
    """The `sub` of a service account's token."""
    return f"system:serviceaccount:{namespace}:{account}"


def pod_identity(action: str, cluster_arn: str, namespace: str, account: str, *, tagged: bool = True) -> Asker:
    """EKS Pod Identity, which takes the role for a pod of the service account, with the session tags it sets.

    Where an association switches the tags off, no request has one of the six.
    Source: EKS user guide, pod-id-abac and pod-id-role (aws:SourceArn is the cluster, aws:SourceAccount its account).
    """
    parts = cluster_arn.split(":")
    tags = {
        "eks-cluster-arn": cluster_arn,
        "eks-cluster-name": cluster_arn.rpartition("/")[2],
        "kubernetes-namespace": namespace,
        "kubernetes-service-account": account,
    }
    source = {"aws:sourcearn": cluster_arn, "aws:sourceaccount": parts[4] if len(parts) > 4 else ""}
    values: dict[str, tuple[str, ...]] = {key: (value,) for key, value in source.items()}
    for key, value in tags.items():
        values[f"aws:requesttag/{key}"] = (value,) if tagged else ()
    if not tagged:
        values |= {"aws:requesttag/kubernetes-pod-name": (), "aws:requesttag/kubernetes-pod-uid": ()}
    return Asker("Service", POD_IDENTITY_SERVICE, action, Request(values))


def role_session(role_arn: str, external_id: str, action: str = POD_IDENTITY[0]) -> Asker:
    """A session of one role that takes another one, as Pod Identity does for the target of an association.

    The session's tags are handed on, which takes sts:TagSession there as well.
    Source: EKS user guide, pod-id-assign-target-role and pod-id-abac (its tags are transitive).
    """
    account = account_of(role_arn)
    root = f"{role_arn.split(':role/')[0]}:root"
    values: dict[str, tuple[str, ...]] = {
        "aws:principalarn": (role_arn,),
        "aws:principalaccount": (account,),
        "sts:externalid": (external_id,) if external_id else (),
    }
    return Asker("AWS", role_arn, action, Request(values), (root, account))


def role_at(role_arn: str, action: str, values: Mapping[str, tuple[str, ...]]) -> Asker:
    """A role that calls an action on what a resource's own policy guards; its account stands for it there as well.

    `values` are the condition keys of the request that are known, in lower case. Source: IAM user guide, policy
    evaluation logic; KMS developer guide, key-policy-default.
    """
    account = account_of(role_arn)
    root = f"{role_arn.split(':role/')[0]}:root"
    own = {"aws:principalarn": (role_arn,), "aws:principalaccount": (account,), "aws:securetransport": ("true",)}
    return Asker("AWS", role_arn, action, Request({**own, **values}), (root, account))


def about(policy: Document, arn: str) -> Document:
    """The statements of a resource's policy that are surely about an ARN."""
    return {"Statement": [one for one in statements_of(policy) if covers_resource(one, arn)]}


def may_assume(policy: Document, asker: Asker) -> Trust:
    """What the policy answers the asker: an Allow that covers him and no Deny that does.

    The reasons of a refusal are those of the statements that came nearest to allowing.
    """
    allows: list[tuple[Tri, int, str]] = []
    denials: list[Tri] = []
    for statement in statements_of(policy):
        if statement.get("Effect") == "Deny":
            denials.append(_weighed(statement, asker)[0])
        else:
            allows.append(_weighed(statement, asker))
    denied, allowed = any_of(denials), any_of(answer for answer, _, _ in allows)
    if denied:
        return Trust(Answer.REFUSED, ("a Deny statement covers it",), is_denied=True)
    if allowed and denied is False:
        return Trust(Answer.ALLOWED)
    if allowed is False:
        nearest = max((step for _, step, _ in allows), default=0)
        reasons = tuple(dict.fromkeys(why for _, step, why in allows if step == nearest))
        return Trust(Answer.REFUSED, reasons or ("it has no Allow statement",))
    open_ends = tuple(why for answer, _, why in allows if answer is None)
    return Trust(Answer.UNDECIDED, open_ends or ("a Deny statement hangs on a condition that is not known here",))


def _weighed(statement: Document, asker: Asker) -> tuple[Tri, int, str]:
    """Whether the statement covers the asker, how many of its parts did, and why the next one did not."""
    if not _names(statement, asker):
        others = ", ".join(_principals(statement)) or "nobody"
        return False, 0, f"it trusts {others}, not {asker.principal}"
    if not covers_action(statement, asker.action):
        actions = ", ".join(map(str, listed(statement.get("Action")))) or "no action"
        return False, 1, f"it allows {actions} to {asker.principal}, not {asker.action}"
    clauses = clauses_of(statement)
    answers = [(clause, clause.holds(asker.request)) for clause in clauses]
    held = all_of(answer for _, answer in answers)
    if held:
        return True, 3, ""
    clause = next(clause for clause, answer in answers if answer is held)
    return held, 2, _explained(clause, asker.request)


def _names(statement: Document, asker: Asker) -> bool:
    if "NotPrincipal" in statement:
        return not _is_among(statement["NotPrincipal"], asker)
    return _is_among(statement.get("Principal"), asker)


def _is_among(principal: object, asker: Asker) -> bool:
    if not isinstance(principal, dict):
        return "*" in listed(principal)
    named = listed(principal.get(asker.kind))
    return any(name in named for name in (asker.principal, *asker.others)) or "*" in listed(principal.get("AWS"))


def _principals(statement: Document) -> tuple[str, ...]:
    principal = statement.get("Principal")
    groups = principal.values() if isinstance(principal, dict) else (principal,)
    return tuple(str(name) for group in groups for name in listed(group))


def _explained(clause: Clause, request: Request) -> str:
    present = request.look(clause.key)
    wanted = " or ".join(clause.wanted) or "nothing"
    line = f"condition {clause.operator} {clause.key} = {wanted}"
    if present is None:
        return f"{line} hangs on what only AWS knows"
    if not present:
        return f"{line} is about a key that the request does not have"
    said = f"{line} does not match {' and '.join(present)}"
    if clause.operator.lower().startswith("stringequals") and any("*" in word for word in clause.wanted):
        said += " (StringEquals takes * literally, StringLike does not)"
    return said
