"""What IAM's answers and policy documents tell of a role's rights."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.analysis.identity.irsa import RoleArn
from diag.analysis.identity.permissions import (
    Decision,
    Rights,
    buckets_of,
    by_documents,
    context_of,
    questions,
    simulated,
    who_may_create,
)
from diag.knowledge.controller_actions import Use, controller_actions
from diag.model.unavailable import Reason, Unavailable
from diag.resources.table import Table
from tests.checks.given import storage_class

ROLE = RoleArn("aws", "111122223333", "fsx-csi")
ASKED = questions(ROLE, "eu-west-1", ())
CONTEXT = context_of("eu-west-1")
CREATE = "fsx:CreateFileSystem"
ON_CREATE = next(arn for action, arn in ASKED if action.name == CREATE)


def answer(decision: str, **fields: Any) -> dict[str, Any]:
    return {"EvalActionName": CREATE, "EvalResourceName": ON_CREATE, "EvalDecision": decision, **fields}


def said(*results: dict[str, Any]) -> tuple[Decision, str]:
    (right,) = (right for right in simulated(results, ASKED) if right.action == CREATE)
    return right.decision, right.why


@pytest.mark.parametrize(
    ("result", "decision", "told"),
    [
        (answer("allowed"), Decision.ALLOWED, ""),
        (answer("implicitDeny"), Decision.DENIED, "no policy"),
        (answer("explicitDeny"), Decision.DENIED, "denies"),
        (answer("implicitDeny", MissingContextValues=["aws:PrincipalTag/team"]), Decision.UNKNOWN, "team"),
        (answer("explicitDeny", MissingContextValues=["aws:PrincipalTag/team"]), Decision.DENIED, "denies"),
        (
            answer("implicitDeny", PermissionsBoundaryDecisionDetail={"AllowedByPermissionsBoundary": False}),
            Decision.DENIED,
            "boundary",
        ),
        (
            answer("implicitDeny", OrganizationsDecisionDetail={"AllowedByOrganizations": False}),
            Decision.DENIED,
            "service control policy",
        ),
    ],
)
def test_one_answer_of_iam(result: dict[str, Any], decision: Decision, told: str) -> None:
    found, why = said(result)
    assert found is decision
    assert told in why


def test_the_answer_for_the_resource_counts_not_the_one_for_all() -> None:
    specific = {"EvalResourceName": ON_CREATE, "EvalResourceDecision": "allowed"}
    whole = {"EvalActionName": CREATE, "EvalResourceName": "*", "EvalDecision": "implicitDeny"}
    assert said({**whole, "ResourceSpecificResults": [specific]})[0] is Decision.ALLOWED


def test_what_iam_did_not_answer_is_unknown() -> None:
    assert said()[0] is Decision.UNKNOWN
    assert len(simulated((), ASKED)) == len(ASKED)


def documents(*statements: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"Version": "2012-10-17", "Statement": list(statements)}]


def decided(*statements: dict[str, Any], boundary: dict[str, Any] | None = None) -> Decision:
    bound = None if boundary is None else documents(boundary)[0]
    rights = by_documents(documents(*statements), bound, ASKED, CONTEXT)
    return next(right.decision for right in rights if right.action == CREATE)


ALLOW = {"Effect": "Allow", "Action": "fsx:*", "Resource": "*"}


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ((), Decision.DENIED),
        (({"Effect": "Allow", "Action": "s3:*", "Resource": "*"},), Decision.DENIED),
        ((ALLOW,), Decision.UNKNOWN),
        (({**ALLOW, "Resource": "arn:aws:fsx:*:111122223333:file-system/*"},), Decision.UNKNOWN),
        (({**ALLOW, "Resource": "arn:aws:fsx:*:999988887777:file-system/*"},), Decision.DENIED),
        (({"Effect": "Allow", "Action": "fsx:*", "NotResource": "arn:aws:fsx:*"},), Decision.DENIED),
        ((ALLOW, {"Effect": "Deny", "Action": CREATE, "Resource": "*"}), Decision.DENIED),
        (
            ({**ALLOW, "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "us-west-2"]}}},),
            Decision.DENIED,
        ),
        (({**ALLOW, "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}},), Decision.UNKNOWN),
        (({**ALLOW, "Condition": {"StringEquals": {"aws:PrincipalTag/team": "ml"}}},), Decision.UNKNOWN),
    ],
)
def test_documents_can_refuse_and_never_promise(statements: tuple[dict[str, Any], ...], decision: Decision) -> None:
    assert decided(*statements) is decision


def test_a_boundary_refuses_what_it_does_not_allow() -> None:
    assert decided(ALLOW, boundary={"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}) is Decision.DENIED
    assert decided(ALLOW, boundary=ALLOW) is Decision.UNKNOWN


@given(st.sets(st.sampled_from([action.name for action in controller_actions()])))
def test_exactly_the_actions_that_no_statement_allows_are_refused(allowed: set[str]) -> None:
    rights = by_documents(
        documents({"Effect": "Allow", "Action": sorted(allowed), "Resource": "*"}), None, ASKED, CONTEXT
    )
    assert {r.action for r in rights if r.decision is not Decision.DENIED} == {a.name for a, _ in ASKED} & allowed


def test_buckets_are_asked_about_only_where_a_class_links_one() -> None:
    linked = storage_class(parameters={"s3ImportPath": "s3://data/in", "s3ExportPath": "s3://data/out"})
    assert buckets_of((storage_class(), linked)) == ("data",)
    assert not any(action.use in (Use.LINK, Use.LINK_BY_BUCKET) for action, _ in ASKED)
    arns = [arn for action, arn in questions(ROLE, "eu-west-1", ("data",)) if action.use is Use.LINK_BY_BUCKET]
    assert arns == ["arn:aws:s3:::data"]


@pytest.mark.parametrize("path", ["", "s3://", "data/in", "${BUCKET}"])
def test_a_path_that_names_no_bucket_is_none(path: str) -> None:
    assert buckets_of((storage_class(parameters={"s3ImportPath": path}),)) == ()


def test_who_may_create() -> None:
    allowed = Rights(
        simulated([{**answer("allowed"), "EvalActionName": a.name, "EvalResourceName": arn} for a, arn in ASKED], ASKED)
    )
    denied = Rights(by_documents((), None, ASKED, CONTEXT))
    unsure = Rights(simulated((), ASKED))
    hidden = Unavailable("iam:SimulatePrincipalPolicy", Reason.DENIED)
    assert who_may_create(Table({"a": denied, "b": allowed})) == "b"
    assert who_may_create(Table({"a": denied})) == ""
    assert who_may_create(Table()) == ""
    assert isinstance(who_may_create(Table({"a": unsure})), Unavailable)
    assert who_may_create(Table(missing={"a": hidden})) is hidden
    assert who_may_create(hidden) is hidden
