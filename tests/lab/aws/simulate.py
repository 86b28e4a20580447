"""iam:SimulatePrincipalPolicy, which moto lacks: identity policies and the boundary, no conditions, no SCPs."""

import fnmatch
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from tests.lab.aws.documents import Document
from tests.lab.aws.errors import Answer, ServiceError, error_answer
from tests.lab.aws.moto_backends import iam_backend
from tests.lab.aws.request import AwsRequest


def simulate_principal_policy(request: AwsRequest) -> Answer:
    """Answers with allowed, explicitDeny or implicitDeny for every action and resource asked."""
    form = parse_qs(request.body.decode())
    source = form.get("PolicySourceArn", [""])[0]
    try:
        principal = _principal(iam_backend(request.region), source)
    except ServiceError as error:
        return error_answer(request, error)
    policies = list(_statements(principal))
    actions = [values[0] for name, values in sorted(form.items()) if name.startswith("ActionNames.member.")]
    resources = [v[0] for name, v in sorted(form.items()) if name.startswith("ResourceArns.member.")] or ["*"]
    members = "".join(
        f"<member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalDecision>{_decide(policies, action, resource)}</EvalDecision>"
        "<MatchedStatements/><MissingContextValues/></member>"
        for action in actions
        for resource in resources
    )
    body = (
        '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        f"<SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>"
        f"<EvaluationResults>{members}</EvaluationResults></SimulatePrincipalPolicyResult>"
        "<ResponseMetadata><RequestId>7b1c2f7e-0000-4000-8000-000000000000</RequestId></ResponseMetadata>"
        "</SimulatePrincipalPolicyResponse>"
    )
    return Answer(200, body.encode(), (("Content-Type", "text/xml"),))


def allows(principal: Any, action: str, resource: str) -> bool:
    """Whether a role's or a user's policies allow an action."""
    return _decide(list(_statements(principal)), action, resource) == "allowed"


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
        parsed = json.loads(document) if isinstance(document, str) else document
        statements = parsed["Statement"]
        yield from statements if isinstance(statements, list) else [statements]


def _decide(statements: list[Document], action: str, resource: str) -> str:
    effects = {s["Effect"] for s in statements if _matches(s, "Action", action) and _matches(s, "Resource", resource)}
    if "Deny" in effects:
        return "explicitDeny"
    return "allowed" if "Allow" in effects else "implicitDeny"


def _matches(statement: Document, key: str, value: str) -> bool:
    wanted = statement.get(key, [])
    patterns = [wanted] if isinstance(wanted, str) else wanted
    if key == "Resource" and value == "*":
        # Asked without a resource, IAM simulates against "*": a statement for particular resources does not match it.
        return "*" in patterns
    return any(fnmatch.fnmatchcase(value.lower(), pattern.lower()) for pattern in patterns)
