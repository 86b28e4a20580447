"""The KMS key that a StorageClass names."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from checks.file_system.storageclass_key import key_can_be_used
from diag import Reason, Table, Unavailable, Verdict
from diag.analysis.identity.controller import Given, Giver
from diag.analysis.identity.irsa import RoleArn
from diag.analysis.identity.permissions import BY_BOUNDARY, BY_NOBODY, Decision, Right, Rights, questions
from diag.analysis.identity.trust_policy import Answer, may_assume, role_at
from diag.model.finding import Finding
from diag.resources.class_data import Key, Policy
from diag.resources.eks import ClusterIdentity
from tests.checks.given import denied, replace
from tests.checks.given_storage_class import asked, only, without

ACCOUNT, REGION = "111122223333", "eu-west-1"
ROLE, ROOT = f"arn:aws:iam::{ACCOUNT}:role/fsx-csi", f"arn:aws:iam::{ACCOUNT}:root"
ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = Key("1234abcd-12ab-34cd-56ef-1234567890ab", ARN, "Enabled", "CUSTOMER", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT")


def allows(principal: Any = ROOT, action: Any = "kms:*", **fields: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*", **fields}


def policy(*statements: dict[str, Any]) -> Policy:
    return Policy({"Version": "2012-10-17", "Statement": list(statements)})


def judged(key: Any = KEY, document: Any = None, name: str = ARN, **facts: Any) -> Finding:
    table = Table({}, {name: key}) if isinstance(key, Unavailable) else Table({name: key})
    found = policy(allows()) if document is None else document
    policies = Table({}, {name: found}) if isinstance(found, Unavailable) else Table({name: found})
    usual: dict[str, Any] = {
        "class_keys": table,
        "key_policies": policies,
        "controller_role": Given(Giver.WEB_IDENTITY, ROLE),
        "controller_rights": Table({ROLE: rights()}),
        "cluster_identity": ClusterIdentity(region=REGION, account=ACCOUNT),
    }
    parameters = without(deploymentType="PERSISTENT_1", perUnitStorageThroughput="50", kmsKeyId=name)
    return only(key_can_be_used, **asked(parameters, **(usual | facts)))


VIA_FSX = {"StringEquals": {"kms:ViaService": f"fsx.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}}


@pytest.mark.parametrize(
    "statement",
    [
        allows(),
        allows(ACCOUNT),
        allows("*", Condition=VIA_FSX),
        allows([ROLE, "arn:aws:iam::111122223333:role/other"], ["kms:DescribeKey", "kms:CreateGrant"]),
    ],
)
def test_a_key_whose_policy_lets_the_role_or_its_account_use_it_passes(statement: dict[str, Any]) -> None:
    assert judged(document=policy(statement)).verdict is Verdict.PASS


def test_grants_for_services_alone_are_enough() -> None:
    """As the KMS developer guide writes it for key users."""
    grants = allows(ROLE, "kms:CreateGrant", Condition={"Bool": {"kms:GrantIsForAWSResource": True}})
    assert judged(document=policy(allows(ROLE, "kms:DescribeKey"), grants)).verdict is Verdict.PASS


def rights(*denied: str, why: str = BY_NOBODY, unknown: str = "", unread: Unavailable | None = None) -> Rights:
    """What IAM says of the role and the key."""
    decisions = dict.fromkeys(denied, Decision.DENIED) | {unknown: Decision.UNKNOWN}
    asked = questions(RoleArn("aws", ACCOUNT, "fsx-csi"), REGION, (), (ARN,))
    found = (Right(a.use, a.name, arn, decisions.get(a.name, Decision.ALLOWED), why) for a, arn in asked)
    return Rights(tuple(found), unread)


class TestWhereTheKeysPolicyLeavesItToIam:
    def test_a_role_without_the_right_to_the_grant_gets_it(self) -> None:
        found = judged(controller_rights=Table({ROLE: rights("kms:CreateGrant")}))
        assert (found.verdict, found.cause) == (Verdict.FAIL, "iam-missing-permission")
        assert found.fix and "put-role-policy" in found.fix.commands[0] and ARN in found.fix.commands[0]

    def test_a_right_that_comes_later_warns(self) -> None:
        found = judged(controller_rights=Table({ROLE: rights("kms:Decrypt")}))
        assert (found.verdict, found.cause) == (Verdict.WARN, "iam-missing-permission")

    def test_a_boundary_that_refuses_is_the_cause(self) -> None:
        found = judged(controller_rights=Table({ROLE: rights("kms:CreateGrant", why=BY_BOUNDARY)}))
        assert (found.verdict, found.cause) == (Verdict.FAIL, "iam-denied-by-boundary")

    def test_a_policy_that_names_the_role_needs_no_word_of_iam(self) -> None:
        named = policy(allows(ROLE, ["kms:DescribeKey", "kms:CreateGrant"]), allows())
        assert (
            judged(document=named, controller_rights=Table({ROLE: rights("kms:CreateGrant")})).verdict is Verdict.PASS
        )

    def test_what_iam_could_not_be_asked_is_unknown(self) -> None:
        unread = denied("iam:SimulatePrincipalPolicy")
        found = judged(controller_rights=Table({ROLE: rights(unknown="kms:CreateGrant", unread=unread)}))
        assert (found.verdict, found.unavailable) == (Verdict.UNKNOWN, (unread,))

    @pytest.mark.parametrize("table", [Table[Rights](), denied("iam:GetRole")])
    def test_a_role_that_nobody_knows_is_the_matter_of_other_checks(self, table: Any) -> None:
        assert judged(controller_rights=table).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("state", "says", "command"),
    [
        ("Disabled", "is disabled", f"aws kms enable-key --key-id {ARN}"),
        ("PendingDeletion", "waits for its deletion", f"aws kms cancel-key-deletion --key-id {ARN}"),
        ("PendingImport", "is in state PendingImport", ""),
    ],
)
def test_a_key_that_is_not_enabled_fails(state: str, says: str, command: str) -> None:
    found = judged(Key(KEY.key_id, ARN, state))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "kms-key-unusable")
    assert says in found.message
    assert found.fix and (found.fix.commands[:1] == ((command,) if command else ()))


def test_a_key_that_does_not_encrypt_fails() -> None:
    assert "RSA_2048" in judged(Key(KEY.key_id, ARN, "Enabled", "CUSTOMER", "SIGN_VERIFY", "RSA_2048")).message


def test_a_key_that_is_not_there_fails() -> None:
    found = judged(Unavailable(ARN, Reason.ABSENT))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "kms-key-unusable")


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        ((allows("arn:aws:iam::111122223333:role/admin"),), "it trusts arn:aws:iam::111122223333:role/admin"),
        ((allows(ROLE, ["kms:DescribeKey", "kms:Decrypt"]),), "kms:CreateGrant"),
        ((allows(Condition={"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}),), "kms:ViaService"),
        ((), "no Allow statement"),
    ],
)
def test_a_policy_that_leaves_the_role_out_gets_a_statement_for_it(statements: tuple[Any, ...], says: str) -> None:
    found = judged(document=policy(*statements))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "kms-key-unusable")
    assert says in found.message
    assert found.fix and "put-key-policy" in found.fix.commands[-1] and ROLE in found.fix.commands[-1]
    assert all(str(one["Principal"]["AWS"]) in found.fix.commands[-1] for one in statements)


def test_the_statement_that_is_added_lets_the_role_use_the_key_through_fsx_alone() -> None:
    found = judged(document=policy(allows("arn:aws:iam::111122223333:role/admin")))
    assert found.fix is not None
    words = shlex.split(found.fix.commands[-1])
    (*_, added) = json.loads(words[words.index("--policy") + 1])["Statement"]
    for via, answer in (
        (f"fsx.{REGION}.amazonaws.com", Answer.ALLOWED),
        ("s3.eu-west-1.amazonaws.com", Answer.REFUSED),
    ):
        asker = role_at(ROLE, "kms:CreateGrant", {"kms:viaservice": (via,)})
        assert may_assume({"Statement": [added]}, asker).answer is answer


def test_what_says_through_which_service_in_another_partition_is_unknown() -> None:
    """Whether kms:ViaService ends with .cn there is not documented."""
    arn, role = (text.replace("aws:", "aws-cn:").replace(REGION, "cn-north-1") for text in (ARN, ROLE))
    via = allows(role, Condition={"StringEquals": {"kms:ViaService": "fsx.cn-north-1.amazonaws.com.cn"}})
    there = {
        "controller_role": Given(Giver.WEB_IDENTITY, role),
        "cluster_identity": ClusterIdentity(region="cn-north-1", account=ACCOUNT),
    }
    assert judged(replace(KEY, arn=arn), policy(via), arn, **there).verdict is Verdict.UNKNOWN
    assert judged(replace(KEY, arn=arn), policy(allows(role)), arn, **there).verdict is Verdict.PASS
    nobody = {**there, "controller_role": Unavailable("role", Reason.ABSENT)}
    root = "arn:aws-cn:iam::111122223333:root"
    assert judged(replace(KEY, arn=arn), policy(allows(root)), arn, **nobody).verdict is not Verdict.FAIL


def test_a_deny_is_for_its_author() -> None:
    found = judged(document=policy(allows(), allows("*", "kms:CreateGrant", Effect="Deny")))
    assert found.verdict is Verdict.FAIL
    assert found.fix and not any(command.startswith("aws kms put") for command in found.fix.commands)


@pytest.mark.parametrize(
    ("key", "document"),
    [
        (denied("kms:DescribeKey"), None),
        (KEY, denied("kms:GetKeyPolicy")),
        (KEY, Unavailable("policy", Reason.NOT_ASKED, "the key is another account's")),
        (KEY, policy(allows(Condition={"StringEquals": {"aws:PrincipalTag/team": "storage"}}))),
    ],
)
def test_what_cannot_be_seen_is_unknown(key: Any, document: Any) -> None:
    assert judged(key, document).verdict is Verdict.UNKNOWN


def test_aws_own_key_has_no_policy_to_judge() -> None:
    own = Key(KEY.key_id, ARN, "Enabled", "AWS")
    assert judged(own, denied("kms:GetKeyPolicy"), "alias/aws/fsx").verdict is Verdict.PASS


@pytest.mark.parametrize(
    "parameters",
    [
        without(),
        without(kmsKeyId=ARN),
        without(deploymentType="PERSISTENT_1", kmsKeyId=ARN.replace(REGION, "us-west-2")),
        without(deploymentType="PERSISTENT_1", kmsKeyId="${KEY}"),
    ],
)
def test_a_class_that_names_none_of_this_region_for_a_persistent_file_system_is_skipped(
    parameters: dict[str, str],
) -> None:
    tables = dict.fromkeys(("class_keys", "key_policies", "controller_rights"), Table[Any]())
    facts: dict[str, Any] = {**tables, "controller_role": Given(Giver.WEB_IDENTITY, ROLE)}
    assert only(key_can_be_used, **asked(parameters, **facts)).verdict is Verdict.SKIP
