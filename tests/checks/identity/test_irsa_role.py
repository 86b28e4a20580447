"""What irsa-role says of a controller's annotation, role, provider and trust policy."""

from __future__ import annotations

from typing import Any

import pytest

from checks.identity.irsa_role import controller_may_take_its_role as irsa_role
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.table import Table
from tests.checks import given
from tests.checks.given_identity import (
    ISSUER,
    PROVIDER_ARN,
    ROLE_ARN,
    STS,
    SUBJECT,
    absent,
    account,
    association,
    keyed_controller,
    pending_claim,
    provider,
    rights,
    role,
    roles,
    statement,
    trust,
    world,
)

NOTHING_PROVISIONED: dict[str, Any] = {"storage_classes": (given.storage_class(provisioner="ebs.csi.aws.com"),)}


def only(**facts: Any) -> Finding:
    (finding,) = given.findings(irsa_role, **world(**facts))
    return finding


def test_a_sound_chain_passes_and_rules_every_link_out() -> None:
    finding = only()
    assert finding.verdict is Verdict.PASS
    assert set(finding.rules_out) == set(irsa_role.speaks_for)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:policy/fsx-csi",
        "arn:aws:iam::11112222333:role/fsx-csi",
        "fsx-csi",
        "",
        f'"{ROLE_ARN}"',
        f"{ROLE_ARN} ",
        "arn:aws:iam::111122223333:role/${ROLE_NAME}",
        "arn:aws-cn:iam::111122223333:role/fsx-csi",
    ],
)
def test_an_annotation_that_is_no_role_arn_of_this_partition_fails(arn: str) -> None:
    finding = only(role_arn=arn)
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "irsa-role-arn-malformed")
    assert finding.fix
    assert any("annotate serviceaccount fsx-csi-controller-sa" in command for command in finding.fix.commands)


@pytest.mark.parametrize("arn", [ROLE_ARN, "arn:aws:iam::111122223333:role/eks/irsa/fsx_csi+=,.@-1"])
def test_a_role_arn_may_have_a_path_and_the_marks_that_iam_allows(arn: str) -> None:
    assert only(role_arn=arn, controller_roles=roles(role(arn=arn))).verdict is Verdict.PASS


def test_a_role_that_iam_does_not_know_fails() -> None:
    finding = only(controller_roles=roles(missing={ROLE_ARN: absent("iam:GetRole")}))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "irsa-role-missing")


def test_a_role_of_the_same_name_under_another_path_is_not_the_one_that_is_named() -> None:
    named = "arn:aws:iam::111122223333:role/eks/fsx-csi"
    finding = only(role_arn=named, controller_roles=given.Table({named: role()}))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "irsa-role-missing")


def test_a_role_that_may_not_be_read_is_unknown_and_names_the_permission() -> None:
    finding = only(controller_roles=roles(missing={ROLE_ARN: given.denied("iam:GetRole")}))
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.unavailable[0].permission == "iam:GetRole"


def test_a_role_of_another_account_cannot_be_looked_up_here() -> None:
    finding = only(role_arn="arn:aws:iam::999988887777:role/fsx-csi")
    assert finding.verdict is Verdict.UNKNOWN
    assert "999988887777" in finding.message


def test_an_issuer_without_a_provider_fails() -> None:
    finding = only(oidc_provider=absent("iam:GetOpenIDConnectProvider"))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "oidc-provider-missing")


def test_a_provider_that_may_not_be_read_is_unknown() -> None:
    assert only(oidc_provider=given.denied("iam:GetOpenIDConnectProvider")).verdict is Verdict.UNKNOWN


def test_a_cluster_that_may_not_be_read_is_unknown() -> None:
    finding = only(eks_cluster=given.denied("eks:DescribeCluster"))
    assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "eks:DescribeCluster")


@pytest.mark.parametrize("client_ids", [("somebody-else",), ()])
def test_a_provider_that_does_not_list_the_audience_fails(client_ids: tuple[str, ...]) -> None:
    finding = only(oidc_provider=provider(client_ids))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "irsa-trust-policy")


def test_an_audience_of_the_service_accounts_own_has_to_be_in_provider_and_policy() -> None:
    own = account(**{"eks.amazonaws.com/audience": "fsx"})
    policy = trust(statement({"StringEquals": {f"{ISSUER}:aud": "fsx", f"{ISSUER}:sub": SUBJECT}}))
    sound = world(service_accounts=(own,), oidc_provider=provider((STS, "fsx")), controller_roles=roles(role(policy)))
    assert given.verdicts(irsa_role, **sound) == (Verdict.PASS,)
    assert given.verdicts(irsa_role, **{**sound, "controller_roles": roles(role())}) == (Verdict.FAIL,)


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (trust(statement({"StringEquals": {f"{ISSUER}:sub": SUBJECT.replace("kube-system", "fsx")}})), ":sub"),
        (trust(statement({"StringEquals": {f"{ISSUER}:aud": "kubernetes.default.svc"}})), ":aud"),
        (trust(statement({"StringEquals": {f"{ISSUER}:sub": "system:serviceaccount:*:*"}})), "takes * literally"),
        (trust(statement(Principal={"Federated": PROVIDER_ARN[:-1] + "0"})), PROVIDER_ARN),
        (trust(statement(Principal={"Service": "pods.eks.amazonaws.com"})), "pods.eks.amazonaws.com"),
        (trust(statement(Action="sts:AssumeRole")), "sts:AssumeRoleWithWebIdentity"),
    ],
)
def test_a_trust_policy_that_does_not_admit_the_account_fails_and_says_why(policy: dict[str, Any], told: str) -> None:
    finding = only(controller_roles=roles(role(policy)))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "irsa-trust-policy")
    assert told in finding.message
    assert finding.fix and SUBJECT in finding.fix.commands[0]


def test_a_deny_is_for_whoever_wrote_it() -> None:
    finding = only(controller_roles=roles(role(trust(statement(), statement({}, Effect="Deny")))))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "irsa-trust-policy")
    assert finding.fix and not finding.fix.commands
    assert "Deny" in finding.fix.steps[0].by


def test_a_condition_that_only_aws_can_decide_is_unknown() -> None:
    by_network = statement({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
    assert only(controller_roles=roles(role(trust(by_network)))).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:*:*"}},
        {"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:kube-system:*"}},
        {"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:*:fsx-csi-controller-sa"}},
    ],
)
def test_a_trust_policy_that_admits_strangers_warns(condition: dict[str, Any]) -> None:
    assert only(controller_roles=roles(role(trust(statement(condition))))).verdict is Verdict.WARN


@pytest.mark.parametrize(
    "condition",
    [
        {"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:kube-system:fsx-csi-*", f"{ISSUER}:aud": STS}},
        {"StringEquals": {f"{ISSUER}:sub": [SUBJECT, "system:serviceaccount:kube-system:efs-csi-controller-sa"]}},
        {"ForAnyValue:StringEquals": {f"{ISSUER}:aud": [STS]}, "StringEquals": {f"{ISSUER.upper()}:SUB": SUBJECT}},
        {"StringEqualsIfExists": {f"{ISSUER}:sub": SUBJECT}},
    ],
)
def test_other_ways_to_name_the_account_are_as_good(condition: dict[str, Any]) -> None:
    assert only(controller_roles=roles(role(trust(statement(condition))))).verdict is Verdict.PASS


def test_pod_identity_needs_no_annotation() -> None:
    finding = only(role_arn=None, pod_identity_associations=(association(),))
    assert finding.verdict is Verdict.PASS


def test_without_annotation_a_waiting_claim_fails() -> None:
    finding = only(role_arn=None, claims=(given.claim(), pending_claim()))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "irsa-annotation-missing")


NODE_ROLE = "arn:aws:iam::111122223333:role/node"


def test_without_annotation_the_nodes_role_will_do_if_it_may_create() -> None:
    waiting = {"role_arn": None, "claims": (given.claim(), pending_claim())}
    finding = only(**waiting, node_rights=Table({NODE_ROLE: rights()}))
    assert (finding.verdict, finding.rules_out) == (Verdict.PASS, ("irsa-annotation-missing",))
    assert only(**waiting, node_rights=Table({NODE_ROLE: rights("fsx:CreateFileSystem")})).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "hidden",
    [given.denied("iam:GetInstanceProfile"), Table(missing={NODE_ROLE: given.denied("iam:GetInstanceProfile")})],
)
def test_without_annotation_and_without_sight_of_the_nodes_role_is_unknown(hidden: Any) -> None:
    finding = only(role_arn=None, node_rights=hidden)
    assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "iam:GetInstanceProfile")


def test_without_annotation_keys_that_the_driver_cannot_start_without_will_do() -> None:
    waiting = {"role_arn": None, "claims": (given.claim(), pending_claim())}
    assert only(**waiting, deployments=(keyed_controller(optional=False),)).verdict is Verdict.SKIP
    optional = only(**waiting, deployments=(keyed_controller(optional=True),))
    assert optional.verdict is Verdict.FAIL
    assert "aws-secret" in optional.evidence[0]


def test_an_association_comes_before_an_annotation_however_broken() -> None:
    finding = only(role_arn="arn:aws:iam::111122223333:role/", pod_identity_associations=(association(),))
    assert finding.verdict is Verdict.PASS


def test_without_annotation_a_storage_class_alone_warns() -> None:
    finding = only(role_arn=None)
    assert (finding.verdict, finding.cause) == (Verdict.WARN, "irsa-annotation-missing")


def test_without_annotation_a_claim_of_a_static_volume_is_no_request_for_one() -> None:
    waiting = given.claim(volume="fsx-pv", phase="Pending")
    assert only(role_arn=None, claims=(waiting,), **NOTHING_PROVISIONED).verdict is Verdict.SKIP


def test_without_annotation_static_volumes_alone_skip() -> None:
    finding = only(role_arn=None, **NOTHING_PROVISIONED)
    assert finding.verdict is Verdict.SKIP
    assert "mounting one that exists does not" in finding.message


def test_without_annotation_and_without_sight_of_associations_is_unknown() -> None:
    finding = only(role_arn=None, pod_identity_associations=given.denied("eks:ListPodIdentityAssociations"))
    assert finding.unavailable[0].permission == "eks:ListPodIdentityAssociations"
    assert finding.verdict is Verdict.UNKNOWN


def test_a_broken_annotation_is_a_warning_where_nothing_is_provisioned() -> None:
    finding = only(role_arn="arn:aws:iam::111122223333:role/", **NOTHING_PROVISIONED)
    assert (finding.verdict, finding.cause) == (Verdict.WARN, "irsa-role-arn-malformed")


def test_a_broken_annotation_fails_where_a_volume_was_provisioned_once() -> None:
    made = given.volume()
    metadata = given.replace(made.metadata, annotations={"pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com"})
    dynamic = {"persistent_volumes": (given.replace(made, metadata=metadata),), **NOTHING_PROVISIONED}
    assert only(role_arn="arn:aws:iam::111122223333:role/", **dynamic).verdict is Verdict.FAIL


def test_a_service_account_that_does_not_exist_is_told() -> None:
    assert only(service_accounts=()).verdict is Verdict.WARN
    assert only(service_accounts=(), **NOTHING_PROVISIONED).verdict is Verdict.SKIP


def test_service_accounts_that_may_not_be_listed_are_unknown() -> None:
    finding = only(service_accounts=given.denied("list serviceaccounts"))
    assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "list serviceaccounts")


def test_no_finding_lies_on_a_mounts_path() -> None:
    for facts in ({}, {"role_arn": "arn:aws:iam::111122223333:role/"}, {"role_arn": None}):
        finding = only(**facts)
        assert finding.concerns == ()
        assert finding.subject.kind.value == "ServiceAccount"
