"""What IAM's answers and policy documents tell of a role's rights."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.analysis.identity.irsa import RoleArn
from diag.analysis.identity.permissions import (
    ONLY_WHERE,
    Decision,
    Right,
    Rights,
    buckets_of,
    by_documents,
    context_of,
    explained,
    owner_of,
    questions,
    settled,
    simulated,
    tags_of_requests,
    who_may_create,
)
from diag.knowledge.controller_actions import Use, controller_actions
from diag.model.unavailable import Reason, Unavailable
from diag.resources.iam import Tag
from diag.resources.table import Table
from tests.checks.given import storage_class

ROLE = RoleArn("aws", "111122223333", "fsx-csi")
ASKED = questions(ROLE, "eu-west-1", ())
CONTEXT = context_of("eu-west-1", "arn:aws:iam::111122223333:role/fsx-csi")
CREATE = "fsx:CreateFileSystem"
ON_CREATE = next(arn for action, arn in ASKED if action.name == CREATE)


def answer(decision: str, **fields: Any) -> dict[str, Any]:
    return {"EvalActionName": CREATE, "EvalResourceName": ON_CREATE, "EvalDecision": decision, **fields}


def said(*results: dict[str, Any]) -> tuple[Decision, str]:
    (right,) = (right for right in simulated(results, ASKED, CONTEXT) if right.action == CREATE)
    return right.decision, right.why


@pytest.mark.parametrize(
    ("result", "decision", "told"),
    [
        (answer("allowed"), Decision.ALLOWED, ""),
        (answer("implicitDeny"), Decision.DENIED, "no policy"),
        (answer("explicitDeny"), Decision.DENIED, "denies"),
        (answer("implicitDeny", MissingContextValues=["aws:PrincipalTag/team"]), Decision.DENIED, "no policy"),
        (answer("allowed", MissingContextValues=["aws:PrincipalTag/team"]), Decision.ALLOWED, ""),
        (
            answer("implicitDeny", MissingContextValues=["aws:PrincipalTag/kubernetes-namespace"]),
            Decision.UNKNOWN,
            "kubernetes-namespace",
        ),
        (
            answer("implicitDeny", MissingContextValues=["aws:ResourceTag/team"]),
            Decision.UNKNOWN,
            "aws:ResourceTag/team; whoever tags the file systems (extraTags of the StorageClass) or owns that policy",
        ),
        (answer("explicitDeny", MissingContextValues=["aws:SourceVpc"]), Decision.UNKNOWN, "aws:SourceVpc"),
        (answer("allowed", MissingContextValues=["aws:RequestTag/CostCenter"]), Decision.UNKNOWN, "CostCenter"),
        (answer("allowed", MissingContextValues=["iam:AWSServiceName"]), Decision.ALLOWED, ""),
        (
            answer("implicitDeny", PermissionsBoundaryDecisionDetail={"AllowedByPermissionsBoundary": False}),
            Decision.DENIED,
            "boundary",
        ),
        (
            answer("implicitDeny", OrganizationsDecisionDetail={"AllowedByOrganizations": False}),
            Decision.UNKNOWN,
            "service control policy",
        ),
    ],
)
def test_one_answer_of_iam(result: dict[str, Any], decision: Decision, told: str) -> None:
    found, why = said(result)
    assert found is decision
    assert told in why


def statement(condition: dict[str, Any], **fields: Any) -> dict[str, Any]:
    usual = {"Effect": "Allow", "Action": "fsx:*", "Resource": "*", "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [usual | fields]}


def refused(document: dict[str, Any], **tags: str) -> str:
    """Why nobody allows the creation, with the role's tags and its one policy."""
    context = context_of("eu-west-1", "arn:aws:iam::111122223333:role/fsx-csi", tuple(map(Tag, tags, tags.values())))
    rights = simulated([answer("implicitDeny")], ASKED, context)
    (right,) = (right for right in explained(rights, (document,), ASKED, context) if right.action == CREATE)
    return right.why


TEAM = {"StringEquals": {"aws:PrincipalTag/team": "storage"}}


@pytest.mark.parametrize(
    ("tags", "present"), [({}, "absent"), ({"team": "web"}, "web"), ({"Owner": "storage"}, "absent")]
)
def test_a_tag_that_a_statement_asks_for_is_named_with_what_the_role_has(tags: dict[str, str], present: str) -> None:
    why = refused(statement(TEAM), **tags)
    assert why == f"{ONLY_WHERE}aws:PrincipalTag/team is storage (StringEquals), and it is {present}"
    assert owner_of(why) == "whoever owns the role's policies and its tags"


@pytest.mark.parametrize(
    ("document", "tags"),
    [
        (statement(TEAM, Action="s3:*"), {}),
        (statement(TEAM, Effect="Deny"), {}),
        (statement(TEAM), {"team": "storage"}),
        (statement({"StringEquals": {"aws:ResourceTag/team": "storage"}}), {}),
    ],
)
def test_a_condition_that_does_not_refuse_is_not_named(document: dict[str, Any], tags: dict[str, str]) -> None:
    why = refused(document, **tags)
    assert why == "no policy of the role allows it"
    assert owner_of(why) == ""


def test_the_answer_for_the_resource_counts_not_the_one_for_all() -> None:
    specific = {"EvalResourceName": ON_CREATE, "EvalResourceDecision": "allowed"}
    whole = {"EvalActionName": CREATE, "EvalResourceName": "*", "EvalDecision": "implicitDeny"}
    assert said({**whole, "ResourceSpecificResults": [specific]})[0] is Decision.ALLOWED


def test_what_iam_did_not_answer_is_unknown() -> None:
    assert said()[0] is Decision.UNKNOWN
    assert len(simulated((), ASKED, CONTEXT)) == len(ASKED)


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


LINKS = questions(ROLE, "eu-west-1", ("data",))
LINK_ROLE = "arn:aws:iam::*:role/aws-service-role/s3.data-source.lustre.fsx.amazonaws.com/*"
MAKE_ROLE = "iam:CreateServiceLinkedRole"


def making(*statements: dict[str, Any]) -> dict[Use, Decision]:
    """What is said of making each service's role."""
    rights = by_documents(documents(*statements), None, LINKS, CONTEXT)
    return {right.use: right.decision for right in rights if right.action == MAKE_ROLE}


class TestServiceNames:
    """A request makes the role of one service: a condition for one name says nothing of the other."""

    def test_a_right_for_fsxs_own_role_is_none_for_the_role_of_an_s3_link(self) -> None:
        condition = {"StringEquals": {"iam:AWSServiceName": "fsx.amazonaws.com"}}
        own = {"Effect": "Allow", "Action": MAKE_ROLE, "Resource": "*", "Condition": condition}
        link = {"Effect": "Allow", "Action": ["iam:AttachRolePolicy", "iam:PutRolePolicy"], "Resource": LINK_ROLE}
        assert making(own, link) == {Use.FIRST: Decision.UNKNOWN, Use.LINK: Decision.DENIED}
        assert making(own | {"Condition": {}}) == {Use.FIRST: Decision.UNKNOWN, Use.LINK: Decision.UNKNOWN}
        rights = Rights(by_documents(documents(own, link), None, LINKS, CONTEXT))
        assert [right.action for right in rights.denied(Use.LINK)] == [MAKE_ROLE]

    def test_no_other_action_has_the_key(self) -> None:
        condition = {"StringNotEquals": {"iam:AWSServiceName": "fsx.amazonaws.com"}}
        assert decided(ALLOW, {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}) is (
            Decision.DENIED
        ), "an operator that negates is true for an absent key"


def making_from(region: str, *statements: dict[str, Any]) -> Decision:
    """What is said of making FSx's role from a Region."""
    partition = {"cn": "aws-cn", "eusc": "aws-eusc"}.get(region.partition("-")[0], "aws")
    asked = questions(RoleArn(partition, "111122223333", "fsx-csi"), region, ())
    context = context_of(region, f"arn:{partition}:iam::111122223333:role/fsx-csi")
    rights = by_documents(documents(*statements), None, asked, context)
    return next(right.decision for right in rights if right.action == MAKE_ROLE)


@pytest.mark.parametrize(
    ("region", "wanted", "decision"),
    [
        ("eu-west-1", "us-east-1", Decision.UNKNOWN),
        ("eu-west-1", "eu-west-1", Decision.DENIED),
        ("cn-northwest-1", "cn-north-1", Decision.UNKNOWN),
        ("cn-northwest-1", "cn-northwest-1", Decision.DENIED),
        ("eusc-de-east-1", "us-east-1", Decision.UNKNOWN),
    ],
)
def test_iams_own_actions_go_to_the_one_region_where_iam_is(region: str, wanted: str, decision: Decision) -> None:
    """A Deny of all Regions but one's own takes IAM along, unless it leaves IAM out. Where IAM is may be unknown."""
    only_there = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    assert making_from(region, only_there, {**only_there, "Effect": "Deny", "Condition": {
        "StringNotEquals": {"aws:RequestedRegion": wanted}}}) is decision  # fmt: skip
    assert (
        making_from(region, {**only_there, "Condition": {"StringEquals": {"aws:RequestedRegion": wanted}}}) is decision
    )
    spared = {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}
    not_here = {**spared, "Condition": {"StringNotEquals": {"aws:RequestedRegion": wanted}}}
    assert making_from(region, only_there, not_here) is Decision.UNKNOWN


@pytest.mark.parametrize(("region", "is_known"), [("eu-west-1", True), ("us-gov-west-1", True), ("cn-north-1", False)])
def test_through_which_service_a_key_is_used_is_given_only_where_that_is_documented(
    region: str, is_known: bool
) -> None:
    assert ("kms:ViaService" in context_of(region, "arn:aws:iam::111122223333:role/fsx-csi")) is is_known


@pytest.mark.parametrize(
    ("resource", "decision"),
    [
        ("arn:aws:fsx:*:${aws:PrincipalAccount}:file-system/*", Decision.UNKNOWN),
        ("arn:aws:fsx:*:*:backup/${aws:PrincipalTag/team}-*", Decision.DENIED),
        ("arn:aws:ec2:*:${aws:PrincipalAccount}:*", Decision.DENIED),
        ("arn:aws:fsx", Decision.UNKNOWN),
        ("arn:aws:fsx:*", Decision.UNKNOWN),
        ("arn:aws:s3", Decision.DENIED),
    ],
)
def test_variables_and_short_arns_in_a_resource(resource: str, decision: Decision) -> None:
    assert decided({**ALLOW, "Resource": resource}) is decision


@pytest.mark.parametrize("resource", ["arn:aws:fsx:*:${aws:PrincipalAccount}:file-system/*", "arn:aws:fsx"])
def test_a_deny_with_a_variable_or_a_short_arn_is_not_sure(resource: str) -> None:
    assert decided(ALLOW, {**ALLOW, "Effect": "Deny", "Resource": resource}) is Decision.UNKNOWN


def test_a_deny_of_the_documents_is_not_the_lack_of_an_allow() -> None:
    deny = {**ALLOW, "Effect": "Deny"}
    whys = {right.why for right in by_documents(documents(ALLOW, deny), None, ASKED, CONTEXT) if "fsx:" in right.action}
    assert whys == {"a policy denies it"}


MISSING = "aws:MultiFactorAuthPresent"
UNRELATED = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": {"Bool": {MISSING: "false"}}}
RELATED = {**UNRELATED, "Action": "fsx:*"}


class TestMissingKeys:
    """IAM lists keys of statements about other actions too: the role's own documents tell which counts."""

    def settled(self, said: str, *statements: dict[str, Any], boundary: dict[str, Any] | None = None) -> Decision:
        rights = simulated([answer(said, MissingContextValues=[MISSING])], ASKED, CONTEXT)
        bound = None if boundary is None else documents(boundary)[0]
        found = settled(rights, documents(*statements), bound, ASKED, CONTEXT)
        return next(right.decision for right in found if right.action == CREATE)

    def test_a_key_of_another_actions_statement_changes_nothing(self) -> None:
        assert self.settled("allowed", ALLOW, UNRELATED) is Decision.ALLOWED
        assert self.settled("implicitDeny", UNRELATED) is Decision.DENIED

    def test_a_key_of_this_actions_statement_leaves_it_open(self) -> None:
        for said in ("allowed", "explicitDeny"):
            assert self.settled(said, ALLOW, RELATED) is Decision.UNKNOWN

    def test_documents_that_contradict_the_simulation_settle_nothing(self) -> None:
        assert self.settled("explicitDeny", ALLOW) is Decision.UNKNOWN, "a service control policy may deny"
        assert self.settled("allowed") is Decision.UNKNOWN

    def test_a_boundary_counts(self) -> None:
        assert self.settled("implicitDeny", ALLOW, boundary={**ALLOW, "Action": "ec2:*"}) is Decision.DENIED
        assert self.settled("allowed", ALLOW, boundary=RELATED) is Decision.UNKNOWN


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
        simulated(
            [{**answer("allowed"), "EvalActionName": a.name, "EvalResourceName": arn} for a, arn in ASKED],
            ASKED,
            CONTEXT,
        )
    )
    denied = Rights(by_documents((), None, ASKED, CONTEXT))
    unsure = Rights(simulated((), ASKED, CONTEXT))
    hidden = Unavailable("iam:SimulatePrincipalPolicy", Reason.DENIED)
    assert who_may_create(Table({"a": denied, "b": allowed})) == "b"
    assert who_may_create(Table({"a": denied})) == ""
    assert who_may_create(Table()) == ""
    assert isinstance(who_may_create(Table({"a": unsure})), Unavailable)
    assert who_may_create(Table(missing={"a": hidden})) is hidden
    assert who_may_create(hidden) is hidden


def tagged(*written: str) -> dict[str, tuple[str, ...]]:
    classes = [storage_class(str(n), parameters={"extraTags": text}) for n, text in enumerate(written)]
    return {**CONTEXT, **tags_of_requests(classes)}


def making_with(document: dict[str, Any], context: dict[str, tuple[str, ...]]) -> Right:
    """The right to create, as the document decides it."""
    decided = by_documents([document], None, ASKED, context)
    return next(right for right in explained(decided, [document], ASKED, context) if right.action == CREATE)


ML = {"StringEquals": {"aws:RequestTag/team": "ml"}}


@pytest.mark.parametrize(
    ("condition", "written", "decision"),
    [
        (ML, "team=ml,stage=test", Decision.UNKNOWN),
        (ML, "team=web", Decision.DENIED),
        (ML, "stage=test", Decision.DENIED),
        ({"Null": {"aws:RequestTag/team": "false"}}, "stage=test", Decision.DENIED),
        ({"Null": {"aws:RequestTag/CSIVolumeName": "false"}}, "", Decision.UNKNOWN),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}, "team=ml", Decision.DENIED),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "CSIVolumeName"]}}, "team=ml", Decision.UNKNOWN),
    ],
)
def test_tags_of_a_request_are_those_of_the_driver_and_of_the_class(
    condition: dict[str, Any], written: str, decision: Decision
) -> None:
    """Unknown is all that documents promise: an organization may still forbid what they allow."""
    assert making_with(statement(condition), tagged(written)).decision is decision


def test_classes_that_differ_leave_the_answer_open() -> None:
    assert making_with(statement(ML), tagged("team=ml", "team=web")).decision is Decision.UNKNOWN
    assert making_with(statement(ML), tagged("team=web", "team=web")).decision is Decision.DENIED


def test_the_condition_that_decides_is_kept() -> None:
    wants = making_with(statement(ML), tagged("stage=test")).decides
    assert wants and (wants.key, wants.wanted) == ("aws:RequestTag/team", ("ml",))
    deny = {"Effect": "Deny", "Action": "fsx:CreateFileSystem", "Resource": "*"}
    deny |= {"Condition": {"Null": {"aws:RequestTag/cost": "true"}}}
    document = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, deny]}
    denies = making_with(document, tagged("team=ml")).decides
    assert denies and denies.key == "aws:RequestTag/cost"
    assert making_with(document, tagged("cost=7")).decides is None


def test_other_actions_have_no_tags_in_their_requests() -> None:
    found = by_documents([statement(ML)], None, ASKED, tagged("team=ml"))
    decisions = {right.action: right.decision for right in found}
    assert decisions["fsx:DeleteFileSystem"] is Decision.DENIED and decisions[CREATE] is Decision.UNKNOWN
