"""ARNs of roles, and commands that really mend what they promise."""

from __future__ import annotations

import json
import shlex
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from diag.advice.driver import MANAGED_BY
from diag.advice.identity import Grant, allow, annotate, trust_pod_identity, trust_web_identity
from diag.analysis.identity.irsa import (
    RoleArn,
    role_arn_of,
    strangers_allowed,
    what_is_wrong,
)
from diag.analysis.identity.permissions import Decision, Right, by_documents, context_of, questions, weigh
from diag.analysis.identity.policy_language import Request
from diag.analysis.identity.trust_policy import Answer, may_assume, pod_identity, web_identity
from diag.resources.iam import DEFAULT_AUDIENCE, POD_IDENTITY
from tests.checks.given_identity import CLUSTER, ISSUER, PROVIDER_ARN, SUBJECT, account, role, trust, trusts_pods

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
    document = policy_of(trust_web_identity(role(), account(), CLUSTER, DEFAULT_AUDIENCE).commands[0])
    assert may_assume(document, web_identity(PROVIDER_ARN, ISSUER, SUBJECT)).answer is Answer.ALLOWED
    assert strangers_allowed(role(document), account(), CLUSTER) == ""


def test_the_trust_policy_of_the_fix_for_pod_identity_admits_eks_for_this_cluster_alone() -> None:
    document = policy_of(trust_pod_identity(role(), CLUSTER).commands[0])
    for action in POD_IDENTITY:
        asker = pod_identity(action, CLUSTER.arn, "kube-system", "fsx-csi-controller-sa")
        assert may_assume(document, asker).answer is Answer.ALLOWED
        other = pod_identity(action, f"{CLUSTER.arn}-2", "kube-system", "fsx-csi-controller-sa")
        assert may_assume(document, other).answer is Answer.REFUSED


def test_the_trust_policy_of_the_fix_takes_nothing_from_others() -> None:
    theirs = trusts_pods(Condition={"ArnEquals": {"aws:SourceArn": f"{CLUSTER.arn}-2"}})
    document = policy_of(trust_pod_identity(role(trust(theirs)), CLUSTER).commands[0])
    other = pod_identity(POD_IDENTITY[0], f"{CLUSTER.arn}-2", "any", "any")
    assert may_assume(document, other).answer is Answer.ALLOWED


ROLE = RoleArn("aws", "111122223333", "fsx-csi")
KEY = "arn:aws:kms:eu-west-1:111122223333:key/0"
ASKED = questions(ROLE, "eu-west-1", ("data",), (KEY,))
OVERREACH = (
    ("iam:AttachRolePolicy", "arn:aws:iam::111122223333:role/fsx-csi"),
    ("iam:PutRolePolicy", "arn:aws:iam::111122223333:role/administrator"),
    ("iam:PassRole", "arn:aws:iam::111122223333:role/administrator"),
    ("iam:CreateServiceLinkedRole", "arn:aws:iam::111122223333:role/aws-service-role/ec2.amazonaws.com/EC2"),
    ("fsx:CreateFileSystem", "arn:aws:fsx:eu-west-1:999988887777:file-system/fs-0123456789abcdef0"),
    ("fsx:DeleteFileSystem", "arn:aws:fsx:us-east-1:111122223333:file-system/fs-0123456789abcdef0"),
    ("fsx:DeleteBackup", "arn:aws:fsx:eu-west-1:111122223333:backup/backup-0"),
    ("s3:PutBucketPolicy", "arn:aws:s3:::other"),
    ("s3:GetObject", "arn:aws:s3:::data/secret"),
    ("kms:Decrypt", KEY),
    ("kms:CreateGrant", KEY),
    ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/other"),
)  # fmt: skip
"""What nobody lacks: rights over other roles, services, accounts, Regions and buckets, and a key but through FSx."""


@given(st.sets(st.sampled_from(range(len(ASKED))), min_size=1))
def test_the_policy_of_the_fix_newly_allows_exactly_what_was_missing(missing: set[int]) -> None:
    lacking = [ASKED[index] for index in missing]
    rights = [Right(action.use, action.name, arn, Decision.DENIED) for action, arn in lacking]
    document = policy_of(allow("fsx-csi", [Grant(r.action, r.whole_resource, r.service) for r in rights]).commands[0])
    context = context_of("eu-west-1", "arn:aws:iam::111122223333:role/fsx-csi")
    allowed = {
        (right.action, right.resource)
        for right in by_documents([document], None, ASKED, context)
        if right.decision is not Decision.DENIED
    }
    assert allowed == {(action.name, arn) for action, arn in lacking}
    for name, arn in OVERREACH:
        for service in ("ec2.amazonaws.com", "fsx.amazonaws.com"):
            request = Request({"iam:awsservicename": (service,), "kms:viaservice": ()})
            assert weigh([document], name, arn, request)[0] is False, (name, arn)


def test_a_policy_on_every_resource_would_be_noticed() -> None:
    """The fix as it once was: it makes the controller an administrator."""
    document = policy_of(allow("fsx-csi", [Grant("iam:AttachRolePolicy", "*")]).commands[0])
    assert weigh([document], *OVERREACH[0], Request())[0] is True


def test_the_addon_is_given_the_role_as_it_takes_an_annotation_back() -> None:
    plain, owned = account(), account()
    owned = msgspec.structs.replace(owned, metadata=msgspec.structs.replace(owned.metadata, labels={MANAGED_BY: "EKS"}))
    arn = "arn:aws:iam::111122223333:role/fsx"
    assert "annotate serviceaccount" in annotate(plain, arn, "training").commands[0]
    commands = " ".join(annotate(owned, arn, "training").commands)
    assert f"--cluster-name training --addon-name aws-fsx-csi-driver --service-account-role-arn {arn}" in commands
    assert "--cli-input-json file://" in commands and "annotate" not in commands


def test_two_sets_of_grants_are_two_policies() -> None:
    """PutRolePolicy replaces a policy of the same name."""
    fixes = [allow("fsx-csi", [Grant(action, "*")]) for action in ("fsx:TagResource", "fsx:DeleteFileSystem")]
    names = [words[words.index("--policy-name") + 1] for words in (shlex.split(fix.commands[0]) for fix in fixes)]
    assert len(set(names)) == 2 and all(name in fix.undo for name, fix in zip(names, fixes, strict=True))
