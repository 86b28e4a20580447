"""iam:SimulatePrincipalPolicy, which moto lacks: identity policies, boundary and conditions by equality, no SCPs."""

import fnmatch
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from tests.lab.aws.documents import Document
from tests.lab.aws.errors import Answer, ServiceError, error_answer
from tests.lab.aws.moto_backends import iam_backend, managed_policy
from tests.lab.aws.request import AwsRequest

Context = dict[str, list[str]]
"""Condition keys of the request, in lower case."""


def simulate_principal_policy(request: AwsRequest) -> Answer:
    """Answers with allowed, explicitDeny or implicitDeny for every action and resource asked."""
    form = parse_qs(request.body.decode())
    source = form.get("PolicySourceArn", [""])[0]
    try:
        principal = _principal(iam_backend(request.region), source)
    except ServiceError as error:
        return error_answer(request, error)
    policies, bound = list(_statements(principal)), _boundary(principal)
    context = _context(form)
    actions = [values[0] for name, values in sorted(form.items()) if name.startswith("ActionNames.member.")]
    resources = [v[0] for name, v in sorted(form.items()) if name.startswith("ResourceArns.member.")] or ["*"]
    members = "".join(
        _member(policies, bound, action, resource, context) for action in actions for resource in resources
    )
    body = (
        '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        f"<SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>"
        f"<EvaluationResults>{members}</EvaluationResults></SimulatePrincipalPolicyResult>"
        "<ResponseMetadata><RequestId>7b1c2f7e-0000-4000-8000-000000000000</RequestId></ResponseMetadata>"
        "</SimulatePrincipalPolicyResponse>"
    )
    return Answer(200, body.encode(), (("Content-Type", "text/xml"),))


def _member(
    policies: list[Document], bound: list[Document] | None, action: str, resource: str, context: Context
) -> str:
    decision, within = _decide(policies, action, resource, context), True
    if bound is not None:
        within = _decide(bound, action, resource, context) == "allowed"
        decision = decision if within or decision == "explicitDeny" else "implicitDeny"
    asked = (s.get("Condition", {}) for s in policies if _matches(s, "Action", action))
    keys = {key for condition in asked for operator in condition.values() for key in operator}
    missing = "".join(f"<member>{escape(key)}</member>" for key in sorted(keys) if key.lower() not in context)
    detail = f"<AllowedByPermissionsBoundary>{str(within).lower()}</AllowedByPermissionsBoundary>"
    return (
        f"<member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>{escape(resource)}</EvalResourceName><EvalDecision>{decision}</EvalDecision>"
        f"<MatchedStatements/><MissingContextValues>{missing}</MissingContextValues>"
        + (f"<PermissionsBoundaryDecisionDetail>{detail}</PermissionsBoundaryDecisionDetail>" if bound else "")
        + "</member>"
    )


def _context(form: dict[str, list[str]]) -> Context:
    found: Context = {}
    for name, values in form.items():
        if name.startswith("ContextEntries.") and name.endswith(".ContextKeyName"):
            prefix = name.removesuffix("ContextKeyName") + "ContextKeyValues.member."
            found[values[0].lower()] = [v[0] for key, v in form.items() if key.startswith(prefix)]
    return found


def _boundary(principal: Any) -> list[Document] | None:
    bound = (getattr(principal, "permissions_boundary", None) or {}).get("PermissionsBoundaryArn")
    if not bound:
        return None
    return list(_listed(managed_policy(principal, bound)))


def allows(principal: Any, action: str, resource: str, tags: dict[str, str] | None = None, via: str = "") -> bool:
    """Whether a role's or a user's policies allow an action, with these tags in its request, `via` a service."""
    context = {f"aws:principaltag/{tag['Key']}".lower(): [tag["Value"]] for tag in principal.tags or ()}
    context |= {f"aws:requesttag/{key}".lower(): [value] for key, value in (tags or {}).items()}
    context["aws:tagkeys"] = list(tags or {})
    context |= {"kms:viaservice": [via]} if via else {}
    if _decide(list(_statements(principal)), action, resource, context) != "allowed":
        return False
    bound = _boundary(principal)
    return bound is None or _decide(bound, action, resource, context) == "allowed"


def _principal(iam: Any, arn: str) -> Any:
    for entity in (*iam.roles.values(), *iam.users.values()):
        if entity.arn == arn:
            return entity
    raise ServiceError("NoSuchEntity", f"{arn} cannot be found.", 404)


def _statements(principal: Any) -> Iterator[Document]:
    attached = [version for policy in principal.managed_policies.values() for version in policy.versions]
    documents = [version.document for version in attached if version.is_default_version]
    documents += principal.policies.values()
    for document in documents:
        yield from _listed(document)


def _listed(document: Any) -> Iterator[Document]:
    parsed = json.loads(document) if isinstance(document, str) else document
    statements = parsed["Statement"]
    yield from statements if isinstance(statements, list) else [statements]


def _decide(statements: list[Document], action: str, resource: str, context: Context) -> str:
    effects = {
        s["Effect"]
        for s in statements
        if _matches(s, "Action", action) and _matches(s, "Resource", resource) and _holds(s, context)
    }
    if "Deny" in effects:
        return "explicitDeny"
    return "allowed" if "Allow" in effects else "implicitDeny"


def _holds(statement: Document, context: Context) -> bool:
    """Conditions by equality, time, and whether a key is there; what other operators ask for counts as fulfilled."""
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, wanted in keys.items():
            values, given = set([wanted] if isinstance(wanted, str) else wanted), set(context.get(key.lower(), ()))
            holds = {
                "StringEquals": bool(values & given),
                "StringNotEquals": not values & given,
                "ForAllValues:StringEquals": given <= values,
                "Null": ("true" in values) == (not given),
                "Bool": bool(values & given),
                "DateLessThan": any(one < limit for one in given for limit in values),
                "DateGreaterThan": any(one > limit for one in given for limit in values),
            }
            if not holds.get(operator, True):
                return False
    return True


def _matches(statement: Document, key: str, value: str) -> bool:
    if key not in statement and f"Not{key}" in statement:
        return not _matches({key: statement[f"Not{key}"]}, key, value)
    wanted = statement.get(key, [])
    patterns = [wanted] if isinstance(wanted, str) else wanted
    if key == "Resource" and value == "*":
        # Asked without a resource, IAM simulates against "*": a statement for particular resources does not match it.
        return "*" in patterns
    return any(fnmatch.fnmatchcase(value.lower(), pattern.lower()) for pattern in patterns)
