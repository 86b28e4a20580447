"""How rights that a role lacks are given: each printed policy is judged by our own evaluator."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from diag.analysis.identity.irsa import RoleArn
from diag.analysis.identity.missing_rights import BOUNDED, LACKS, cause_of, give
from diag.analysis.identity.permissions import BY_BOUNDARY, BY_NOBODY, BY_SESSION, Decision, Right, questions, weigh
from diag.analysis.identity.policy_language import Clause, Document, Request
from diag.analysis.storage_classes import Demand
from diag.knowledge.controller_actions import Use
from diag.resources.iam import ManagedPolicy
from tests.advice.test_printed_policies import OVERREACH
from tests.checks.given import claim, storage_class
from tests.checks.given_identity import ACCOUNT

REGION = "eu-west-1"
ASKED = questions(RoleArn("aws", ACCOUNT, "fsx-csi"), REGION, ("training",))
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/platform-boundary"
SILENT = {"Effect": "Allow", "Action": ["s3:*", "ec2:*"], "Resource": "*"}


def missing(why: str, *uses: Use) -> list[Right]:
    return [
        Right(action.use, action.name, arn, Decision.DENIED, why)
        for action, arn in ASKED
        if action.use in (uses or (Use.CREATE, Use.DELETE))
    ]


def policy(*statements: dict[str, Any], arn: str = BOUNDARY) -> ManagedPolicy:
    return ManagedPolicy(arn, "v1", {"Version": "2012-10-17", "Statement": list(statements)})


def allowed(document: Document) -> set[tuple[str, str]]:
    """What a document allows of all that the driver may need, and of what is nobody's matter here."""
    pairs = [(action.name, arn) for action, arn in ASKED] + list(OVERREACH)
    request = Request({"iam:awsservicename": ("fsx.amazonaws.com",)})
    return {(name, arn) for name, arn in pairs if weigh([document], name, arn, request) == (True, False)}


def test_a_boundary_that_is_silent_gets_a_version_that_newly_allows_what_is_missing_and_no_more() -> None:
    lacking, boundary = missing(BY_BOUNDARY), policy(SILENT)
    keep, _, change, back = (step for step in give("fsx-csi", lacking, boundary).steps if step.argv)
    assert change.by == "the owner of the permissions boundary" and BOUNDARY in change.argv
    document = json.loads(change.argv[change.argv.index("--policy-document") + 1])
    assert document["Statement"][0] == SILENT
    newly = allowed(document) - allowed(boundary.document or {})
    assert newly == {(right.action, right.resource) for right in lacking}
    assert "v1" in keep.argv and back.argv[-1] == "v1" and "set-default-policy-version" in back.argv


@pytest.mark.parametrize(
    ("boundary", "says"),
    [
        (policy(SILENT, {"Effect": "Deny", "Action": "fsx:*", "Resource": "*"}), "Take fsx:DescribeFileSystems"),
        (
            policy(
                SILENT,
                {
                    "Effect": "Deny",
                    "NotAction": "s3:*",
                    "Resource": "*",
                    "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}},
                },
            ),
            "out of the Deny of the boundary",
        ),
        (policy(SILENT, arn="arn:aws:iam::aws:policy/PowerUserAccess"), "Bound the role by another policy"),
        (ManagedPolicy(BOUNDARY), f"Add a statement to the boundary {BOUNDARY}"),
        (None, "Add a statement to the boundary <policy-arn>"),
    ],
)
def test_where_no_allow_of_ours_helps_its_owner_is_told_which_policy(boundary: Any, says: str) -> None:
    (step,) = give("fsx-csi", missing(BY_BOUNDARY), boundary).steps
    assert (step.argv, step.by) == ((), "whoever owns the role's permissions boundary")
    assert says in step.text


def test_the_roles_own_policy_and_the_boundary_are_opened_apart() -> None:
    both = [*missing(BY_NOBODY, Use.DELETE), *missing(BY_BOUNDARY, Use.CREATE)]
    boundary, own = give("fsx-csi", both, policy(SILENT)).commands
    order = ["get-policy-version", "create-policy-version"]
    assert sorted(order, key=boundary.index) == order and "put-role-policy" in own
    assert "DeleteFileSystem" in own and "DeleteFileSystem" not in boundary


def test_a_session_policy_is_its_associations() -> None:
    steps = give("fsx-csi", missing(BY_SESSION)).steps
    assert {step.by for step in steps} == {"whoever owns the Pod Identity association"}


@pytest.mark.parametrize(
    ("whys", "cause"),
    [((BY_BOUNDARY,), BOUNDED), ((BY_BOUNDARY, BY_SESSION), BOUNDED), ((BY_BOUNDARY, BY_NOBODY), LACKS)],
)
def test_the_boundarys_cause_is_named_where_it_alone_refuses(whys: tuple[str, ...], cause: str) -> None:
    assert cause_of([right for why in whys for right in missing(why)]) == cause


def wanting(operator: str, *values: str) -> list[Right]:
    clause = Clause(operator, "aws:RequestTag/team", values)
    return [msgspec.structs.replace(right, decides=clause) for right in missing(BY_NOBODY, Use.CREATE)]


def waiting(tags: str) -> Demand:
    return Demand(storage_class(parameters={"extraTags": tags}), (claim(volume="", phase="Pending"),))


def test_a_tag_that_a_policy_wants_is_given_by_the_class_beside_its_others() -> None:
    printed = " ".join(give("fsx-csi", wanting("StringEquals", "ml"), None, [waiting("stage=test,team=web")]).commands)
    assert '"extraTags":"stage=test,team=ml"' in printed and "put-role-policy" not in printed


@pytest.mark.parametrize(
    "rights", [wanting("StringEquals", "ml", "web"), wanting("StringLike", "ml-*"), wanting("Null", "true")]
)
def test_a_value_that_only_a_person_knows_is_left_to_one(rights: list[Right]) -> None:
    (step,) = give("fsx-csi", rights, None, [waiting("")]).steps
    assert step.argv == () and "the tag team" in step.text
