"""ARNs of roles, and commands that really mend what they promise."""

from __future__ import annotations

import json
import shlex
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from diag.advice.identity import allow, trust_pod_identity, trust_web_identity
from diag.analysis.identity.irsa import (
    RoleArn,
    role_arn_of,
    strangers_allowed,
    what_is_wrong,
)
from diag.analysis.identity.policy_language import covers_action
from diag.analysis.identity.trust_policy import Answer, may_assume, pod_identity, web_identity
from diag.resources.iam import DEFAULT_AUDIENCE, POD_IDENTITY
from tests.checks.given_identity import CLUSTER, ISSUER, PROVIDER_ARN, SUBJECT, account, role

NAME = st.from_regex(r"[A-Za-z0-9_+=,.@-]{1,64}", fullmatch=True)
PATH = st.lists(st.from_regex(r"[!-.0-~]{1,8}", fullmatch=True), max_size=3).map(
    lambda parts: "".join(f"{p}/" for p in parts)
)
PARTITION = st.sampled_from(["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b"])


@given(PARTITION, st.from_regex(r"[0-9]{12}", fullmatch=True), PATH, NAME)
def test_every_arn_that_iam_makes_is_read(partition: str, number: str, path: str, name: str) -> None:
    assert role_arn_of(f"arn:{partition}:iam::{number}:role/{path}{name}") == RoleArn(partition, number, name)


@given(st.text(max_size=60))
def test_any_other_text_is_refused_with_a_reason(text: str) -> None:
    if role_arn_of(text) is None:
        assert what_is_wrong(text)


@given(st.text("arn:awsiam/role-0123456789 \"'${}", max_size=50))
def test_near_misses_are_read_only_when_they_have_every_part(text: str) -> None:
    if role_arn_of(text) is not None:
        assert text.startswith("arn:aws")
        assert ":role/" in text
        assert not text.endswith("/")


def policy_of(command: str) -> dict[str, Any]:
    words = shlex.split(command)
    document: dict[str, Any] = json.loads(words[words.index("--policy-document") + 1])
    return document


def test_the_trust_policy_of_the_fix_admits_the_account_and_no_stranger() -> None:
    document = policy_of(trust_web_identity(role(), account(), CLUSTER, DEFAULT_AUDIENCE).commands[1])
    assert may_assume(document, web_identity(PROVIDER_ARN, ISSUER, SUBJECT)).answer is Answer.ALLOWED
    assert strangers_allowed(role(document), account(), CLUSTER) == ""


def test_the_trust_policy_of_the_fix_for_pod_identity_admits_eks() -> None:
    document = policy_of(trust_pod_identity(role()).commands[1])
    for action in POD_IDENTITY:
        asker = pod_identity(action, CLUSTER.arn, "kube-system", "fsx-csi-controller-sa")
        assert may_assume(document, asker).answer is Answer.ALLOWED


def test_the_policy_of_the_fix_allows_what_was_missing() -> None:
    document = policy_of(allow("fsx-csi", [("fsx:TagResource", "*")]).commands[0])
    assert covers_action(document["Statement"][0], "fsx:TagResource")
