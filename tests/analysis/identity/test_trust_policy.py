"""Trust policies: who may take a role."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.analysis.identity.trust_policy import Answer, may_assume, pod_identity, subject_claim, web_identity

ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
PROVIDER = f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"
CLUSTER = "arn:aws:eks:eu-west-1:111122223333:cluster/training"
NAME = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


def allow(**fields: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        **fields,
    }


def asked(*statements: dict[str, Any], namespace: str = "kube-system", account: str = "fsx") -> Answer:
    asker = web_identity(PROVIDER, ISSUER, subject_claim(namespace, account))
    return may_assume({"Statement": list(statements)}, asker).answer


def sub(value: object, operator: str = "StringEquals") -> dict[str, Any]:
    return {"Condition": {operator: {f"{ISSUER}:sub": value}}}


@given(NAME, NAME, NAME, NAME)
def test_a_pinned_subject_admits_that_account_and_no_other(ns: str, name: str, other_ns: str, other: str) -> None:
    policy = allow(**sub(subject_claim(ns, name)))
    assert asked(policy, namespace=ns, account=name) is Answer.ALLOWED
    same = (ns, name) == (other_ns, other)
    assert (asked(policy, namespace=other_ns, account=other) is Answer.ALLOWED) is same


@given(NAME, NAME, NAME)
def test_a_pattern_of_one_namespace_admits_no_other(ns: str, other_ns: str, name: str) -> None:
    policy = allow(**sub(subject_claim(ns, "*"), "StringLike"))
    assert asked(policy, namespace=ns, account=name) is Answer.ALLOWED
    assert (asked(policy, namespace=other_ns, account=name) is Answer.ALLOWED) is (ns == other_ns)


@given(st.lists(st.sampled_from([True, False]), max_size=4), st.lists(st.sampled_from([True, False]), max_size=3))
def test_one_allow_is_enough_and_one_deny_is_final(allows: list[bool], denies: list[bool]) -> None:
    mine, foreign = sub(subject_claim("kube-system", "fsx")), sub(subject_claim("kube-system", "somebody"))
    statements = [allow(**(mine if hit else foreign)) for hit in allows]
    statements += [allow(Effect="Deny", **(mine if hit else foreign)) for hit in denies]
    wanted = Answer.ALLOWED if any(allows) and not any(denies) else Answer.REFUSED
    assert asked(*statements) is wanted


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"Federated": ["arn:aws:iam::1:saml-provider/x", PROVIDER]}])
def test_principals_that_cover_the_provider(principal: object) -> None:
    assert asked(allow(Principal=principal)) is Answer.ALLOWED


@pytest.mark.parametrize("principal", [{"Service": "eks.amazonaws.com"}, {"Federated": f"{PROVIDER}0"}, {}])
def test_principals_that_do_not(principal: object) -> None:
    assert asked(allow(Principal=principal)) is Answer.REFUSED


def test_a_deny_for_all_but_the_provider_spares_it() -> None:
    spared = {"Effect": "Deny", "NotPrincipal": {"Federated": PROVIDER}, "Action": "*"}
    assert asked(allow(), spared) is Answer.ALLOWED
    assert asked(allow(), {**spared, "NotPrincipal": {"Federated": "another"}}) is Answer.REFUSED


def test_what_hangs_on_an_unknown_key_is_undecided_unless_another_part_refuses() -> None:
    unknown = {"aws:SourceVpc": "vpc-1"}
    assert asked(allow(Condition={"StringEquals": unknown})) is Answer.UNDECIDED
    both = {"StringEquals": {**unknown, f"{ISSUER}:sub": "system:serviceaccount:a:b"}}
    assert asked(allow(Condition=both)) is Answer.REFUSED
    assert asked(allow(), allow(Effect="Deny", Condition={"StringEquals": unknown})) is Answer.UNDECIDED


def test_a_condition_of_another_issuer_never_holds() -> None:
    other = ISSUER.replace("0123", "FFFF")
    assert asked(allow(Condition={"StringEquals": {f"{other}:sub": subject_claim("kube-system", "fsx")}})) is (
        Answer.REFUSED
    )


def test_the_reasons_are_those_of_the_statement_that_came_nearest() -> None:
    asker = web_identity(PROVIDER, ISSUER, subject_claim("kube-system", "fsx"))
    statements = [allow(Principal={"Service": "ec2.amazonaws.com"}), allow(**sub("system:serviceaccount:a:b"))]
    (reason,) = may_assume({"Statement": statements}, asker).reasons
    assert "system:serviceaccount:a:b" in reason
    assert "ec2" not in reason


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({"DateLessThan": {"aws:CurrentTime": "2024-07-01T00:00:00Z"}}, Answer.REFUSED),
        ({"DateLessThan": {"aws:CurrentTime": "2099-07-01T00:00:00Z"}}, Answer.ALLOWED),
        ({"DateGreaterThan": {"aws:CurrentTime": "1719792000"}}, Answer.ALLOWED),
        ({"DateGreaterThan": {"aws:CurrentTime": "soon"}}, Answer.UNDECIDED),
        ({"DateNotEquals": {"aws:CurrentTime": "2024-07-01"}}, Answer.ALLOWED),
        ({"DateLessThan": {"aws:TokenIssueTime": "2099-07-01T00:00:00Z"}}, Answer.UNDECIDED),
        ({"StringLike": {"sts:RoleSessionName": "deploy-*"}}, Answer.REFUSED),
        ({"StringLike": {"sts:RoleSessionName": "1*"}}, Answer.ALLOWED),
        ({"StringEquals": {"sts:SourceIdentity": "alice"}}, Answer.REFUSED),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, Answer.UNDECIDED),
    ],
)
def test_the_time_and_the_session_of_a_token_decide(condition: dict[str, Any], answer: Answer) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    asker = web_identity(PROVIDER, ISSUER, subject_claim("kube-system", "fsx"), at="2026-11-24T12:00:00Z")
    assert may_assume({"Statement": statement}, asker).answer is answer


def test_an_empty_policy_refuses() -> None:
    assert asked() is Answer.REFUSED


@pytest.mark.parametrize(
    ("statement", "action", "answer"),
    [
        ({}, "sts:AssumeRole", Answer.ALLOWED),
        ({}, "sts:TagSession", Answer.ALLOWED),
        ({"Action": "sts:AssumeRole"}, "sts:TagSession", Answer.REFUSED),
        ({"Principal": {"Service": "ec2.amazonaws.com"}}, "sts:AssumeRole", Answer.REFUSED),
        ({"Condition": {"ArnEquals": {"aws:SourceArn": CLUSTER}}}, "sts:AssumeRole", Answer.ALLOWED),
        ({"Condition": {"ArnLike": {"aws:SourceArn": f"{CLUSTER}-2"}}}, "sts:AssumeRole", Answer.REFUSED),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}, "sts:AssumeRole", Answer.ALLOWED),
        (
            {"Condition": {"StringEquals": {"aws:RequestTag/kubernetes-namespace": ["kube-system"]}}},
            "sts:AssumeRole",
            Answer.ALLOWED,
        ),
        (
            {"Condition": {"StringEquals": {"aws:RequestTag/kubernetes-service-account": "other"}}},
            "sts:AssumeRole",
            Answer.REFUSED,
        ),
    ],
)
def test_pod_identity(statement: dict[str, Any], action: str, answer: Answer) -> None:
    usual = {
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    asker = pod_identity(action, CLUSTER, "kube-system", "fsx-csi-controller-sa")
    assert may_assume({"Statement": {**usual, **statement}}, asker).answer is answer
