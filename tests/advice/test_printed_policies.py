"""Every IAM policy that is printed allows what is missing and no more: each is judged by our own evaluator.

The policies of checks are held to the same in tests/analysis/identity/test_irsa.py.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator

import pytest

from diag.advice.identity import create_role
from diag.analysis.identity.irsa import RoleArn, strangers_allowed
from diag.analysis.identity.permissions import questions, weigh
from diag.analysis.identity.policy_language import Document, Request
from diag.analysis.identity.trust_policy import Answer, may_assume, pod_identity, web_identity
from diag.knowledge.controller_actions import Use
from diag.registry import permissions_of
from diag.reports.permissions import iam_policy
from diag.resources.iam import DEFAULT_AUDIENCE, POD_IDENTITY, statements_of
from tests.checks.given import REGISTRY
from tests.checks.given_identity import CLUSTER, account, role
from tests.runbooks.commands import EXAMPLES, Command, all_commands

DOCUMENTS = ("--policy-document", "--assume-role-policy-document", "--policy")
WRITERS = ("echo", "jq")
ACCOUNT, REGION = EXAMPLES["account"], EXAMPLES["region"]
ARN = f"arn:aws:iam::{ACCOUNT}:role"
OVERREACH = (
    ("iam:AttachRolePolicy", f"{ARN}/the-role"),
    ("iam:PutRolePolicy", f"{ARN}/administrator"),
    ("iam:PassRole", f"{ARN}/administrator"),
    ("iam:CreateServiceLinkedRole", f"{ARN}/aws-service-role/ec2.amazonaws.com/EC2"),
    ("sts:AssumeRole", f"{ARN}/administrator"),
    ("fsx:CreateBackup", f"arn:aws:fsx:{REGION}:{ACCOUNT}:file-system/fs-0123456789abcdef0"),
    ("fsx:DeleteBackup", f"arn:aws:fsx:{REGION}:{ACCOUNT}:backup/backup-0"),
    ("fsx:DeleteFileSystem", f"arn:aws:fsx:eu-west-1:{ACCOUNT}:file-system/fs-0123456789abcdef0"),
    ("fsx:DeleteFileSystem", f"arn:aws:fsx:{REGION}:999988887777:file-system/fs-0123456789abcdef0"),
    ("s3:GetObject", "arn:aws:s3:::of-others/secret"),
    ("s3:DeleteObject", f"arn:aws:s3:::{EXAMPLES['bucket']}/data"),
    ("kms:Decrypt", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0"),
)  # fmt: skip
"""What no cause is about."""
MANAGED = {"AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodeMinimalPolicy"}
"""Managed policies that are attached: nothing smaller lets a node pull, or ask for a pod's role."""


def documents_of(command: Command) -> Iterator[Document]:
    """The policies that a command sends or writes, and the statements that it adds to one."""
    for option, value in zip(command.argv, command.argv[1:], strict=False):
        if (option in DOCUMENTS or command.argv[0] in WRITERS) and value.startswith("{") and '"Effect"' in value:
            found = json.loads(value)
            yield found if "Statement" in found else {"Version": "2012-10-17", "Statement": [found]}


PRINTED = {
    json.dumps(document): command
    for command in all_commands()
    if command.line and command.argv[:1] in (("aws",), *((one,) for one in WRITERS))
    for document in documents_of(command)
}
LIMITS = [text for text, command in PRINTED.items() if command.runbook == "iam-denied-by-boundary"]
RIGHTS = [text for text in PRINTED if "Principal" not in text and text not in LIMITS]
OF_A_RESOURCE = [text for text in PRINTED if "Principal" in text]
TRUST, OF_A_BUCKET, OF_A_KEY, OF_A_REPOSITORY, OF_AN_ENDPOINT = (
    [text for text in OF_A_RESOURCE if re.search(rf'"Action": \[?"{action}', text)]
    for action in ("sts:AssumeRole(?!.*Resource)", "s3:", "kms:", "ecr:", "(?:fsx:|sts:.*Resource)")
)


def reach_of(document: Document) -> list[tuple[str, str]]:
    """What a policy allows of what nobody lacks, whatever a request's conditions are."""
    return [(name, arn) for name, arn in OVERREACH if weigh([document], name, arn, Request())[0] is not False]


def test_runbooks_print_policies_of_both_kinds() -> None:
    kinds = (LIMITS, RIGHTS, TRUST, OF_A_BUCKET, OF_A_KEY, OF_A_REPOSITORY, OF_AN_ENDPOINT)
    assert all(kinds) and sum(map(len, kinds)) == len(PRINTED)


@pytest.mark.parametrize("text", RIGHTS, ids=[PRINTED[text].runbook for text in RIGHTS])
def test_a_policy_of_a_runbook_allows_nothing_beside_its_matter(text: str) -> None:
    assert reach_of(json.loads(text)) == []


@pytest.mark.parametrize("text", TRUST, ids=[PRINTED[text].runbook for text in TRUST])
def test_a_trust_policy_of_a_runbook_admits_nobody_else(text: str) -> None:
    for statement in statements_of(json.loads(text)):
        one = {"Version": "2012-10-17", "Statement": [statement]}
        if "Service" in statement["Principal"]:
            cluster = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{EXAMPLES['cluster']}"
            for arn, wanted in ((cluster, Answer.ALLOWED), (f"{cluster}-2", Answer.REFUSED)):
                asked = (
                    pod_identity(action, arn, "the-driver-namespace", "the-service-account") for action in POD_IDENTITY
                )
                assert {may_assume(one, asker).answer for asker in asked} == {wanted}
        else:
            provider, issuer = EXAMPLES["provider_arn"], EXAMPLES["issuer_host"]
            own = "system:serviceaccount:the-driver-namespace:the-service-account"
            for subject, wanted in ((own, Answer.ALLOWED), (own + "-2", Answer.REFUSED)):
                asker = web_identity(provider, issuer, subject, DEFAULT_AUDIENCE)
                assert may_assume(one, asker).answer is wanted


@pytest.mark.parametrize("text", OF_A_BUCKET, ids=[PRINTED[text].runbook for text in OF_A_BUCKET])
def test_a_bucket_policy_of_a_runbook_lets_in_single_roles_of_one_account(text: str) -> None:
    for statement in json.loads(text)["Statement"]:
        roles = [statement["Principal"]["AWS"]]
        if roles[0].endswith(":root"):
            roles = statement["Condition"]["ArnLike"]["aws:PrincipalArn"]
        own = f"arn:aws:iam::{EXAMPLES['account']}:role/"
        assert all(role.startswith(own) and role.removeprefix(own)[:1] not in ("", "*") for role in roles)
        bucket = f"arn:aws:s3:::{EXAMPLES['bucket']}"
        assert statement["Resource"] == [bucket, f"{bucket}/*"]
        assert all(action.startswith("s3:") and action != "s3:*" for action in statement["Action"])


@pytest.mark.parametrize("text", OF_A_KEY, ids=[PRINTED[text].runbook for text in OF_A_KEY])
def test_a_key_policy_of_a_runbook_lets_one_role_use_the_key(text: str) -> None:
    (statement,) = json.loads(text)["Statement"]
    own, name = statement["Principal"]["AWS"].rpartition(":role/")[::2]
    assert own == f"arn:aws:iam::{ACCOUNT}" and name and "*" not in name
    assert "kms:*" not in statement["Action"] and not any("Put" in action for action in statement["Action"])


@pytest.mark.parametrize("text", OF_A_REPOSITORY, ids=[PRINTED[text].runbook for text in OF_A_REPOSITORY])
def test_a_repository_policy_of_a_runbook_lets_one_account_pull(text: str) -> None:
    (statement,) = json.loads(text)["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert {*statement["Action"]} <= {
        "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability",
    }  # fmt: skip


@pytest.mark.parametrize("text", [*LIMITS, *OF_AN_ENDPOINT])
def test_what_limits_others_rights_is_opened_for_the_driver_s_calls_alone(text: str) -> None:
    """A boundary and an endpoint's policy give nobody a right: what they let through is what the driver calls."""
    (statement,) = json.loads(text)["Statement"]
    names = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
    calls = {f"fsx:{verb}FileSystem" for verb in ("Create", "Update", "Delete")}
    assert {*names} <= {*calls, "fsx:DescribeFileSystems", "fsx:TagResource", "sts:AssumeRoleWithWebIdentity"}
    assert statement.get("Principal") != "*" or statement["Resource"] != "*"


def test_no_managed_policy_is_attached_that_allows_more() -> None:
    attached = {
        word.rpartition("/")[2]
        for command in all_commands()
        if {"attach-role-policy", "--attach-policy-arn"} & set(command.argv)
        for word in command.argv
        if ":policy/" in word
    }
    made = {
        name
        for command in all_commands()
        if "create-policy" in command.argv
        for option, name in itertools.pairwise(command.argv)
        if option == "--policy-name"
    }
    assert attached - made <= MANAGED


def test_a_role_that_is_made_for_the_driver_may_do_what_the_driver_does_and_no_more() -> None:
    fix = create_role(CLUSTER, account(), "fsx-csi", DEFAULT_AUDIENCE)
    trust, rights = (next(documents_of(Command("", 0, step.argv))) for step in fix.steps[:2])
    assert strangers_allowed(role(trust), account(), CLUSTER) == ""
    region = CLUSTER.arn.split(":")[3]
    for action, arn in questions(RoleArn("aws", CLUSTER.account, "fsx-csi"), region, ("data",)):
        request = Request({"iam:awsservicename": (action.service,) if action.service else ()})
        allowed = weigh([rights], action.name, arn, request)[0]
        assert allowed is (action.use not in (Use.LINK, Use.LINK_BY_BUCKET)), (action.name, arn)
    assert not any(arn.startswith(("arn:aws:iam", "arn:aws:s3")) for _, arn in reach_of(rights))


def test_what_the_tool_asks_for_itself_only_reads() -> None:
    policy = json.loads(iam_policy(permissions_of(REGISTRY.facts_of_run(REGISTRY.select((), ())))))
    assert len(policy["Statement"][0]["Action"]) > 20 and reach_of(policy) == []


def test_a_policy_on_everything_would_be_noticed() -> None:
    wide = {"Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}
    assert reach_of(wide) == [pair for pair in OVERREACH if pair[0].startswith("iam:")]
