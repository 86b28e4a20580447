"""What pod-identity says of association, trust policy and agent."""

from __future__ import annotations

from typing import Any

import pytest

from checks.identity.pod_identity import pod_identity_gives_the_role as pod_identity
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.eks import ComputeConfig
from diag.resources.kubernetes import Metadata, Workload, WorkloadStatus
from tests.checks import given
from tests.checks.given_identity import (
    CLUSTER,
    ROLE_ARN,
    absent,
    association,
    controller_pod,
    role,
    roles,
    trust,
    trusts_pods,
    world,
)


def agent(ready: int = 1, wanted: int = 1) -> Workload:
    status = WorkloadStatus(desired_number_scheduled=wanted, number_ready=ready)
    return Workload(Metadata("eks-pod-identity-agent", "kube-system"), "DaemonSet", status=status)


def found(**facts: Any) -> tuple[Finding, ...]:
    usual: dict[str, Any] = {
        "pod_identity_associations": (association(),),
        "controller_roles": roles(role(trust(trusts_pods()))),
        "daemon_sets": (given.node_plugin(), agent()),
    }
    return given.findings(pod_identity, **world(role_arn=None, **(usual | facts)))


def verdicts(**facts: Any) -> list[tuple[Verdict, str]]:
    return [(finding.verdict, finding.cause) for finding in found(**facts)]


def test_role_and_agent_in_order_pass_and_rule_both_causes_out() -> None:
    passed = found()
    assert [finding.verdict for finding in passed] == [Verdict.PASS, Verdict.PASS]
    assert {cause for finding in passed for cause in finding.rules_out} == set(pod_identity.speaks_for)


@pytest.mark.parametrize(
    "statement",
    [
        trusts_pods(Action="sts:AssumeRole"),
        trusts_pods(Action="sts:TagSession"),
        trusts_pods(Principal={"Service": "ec2.amazonaws.com"}),
        trusts_pods(Condition={"StringEquals": {"aws:SourceAccount": "999988887777"}}),
        trusts_pods(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:eks:*:111122223333:cluster/another"}}),
        trusts_pods(Condition={"StringEquals": {"aws:RequestTag/kubernetes-namespace": "fsx"}}),
    ],
)
def test_a_role_that_does_not_trust_eks_for_both_actions_fails(statement: dict[str, Any]) -> None:
    trusted = verdicts(controller_roles=roles(role(trust(statement))))
    assert trusted[0] == (Verdict.FAIL, "pod-identity-trust")


@pytest.mark.parametrize(
    "statement",
    [
        trusts_pods(Action="sts:*"),
        trusts_pods(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:eks:*:111122223333:cluster/train*"}}),
        trusts_pods(Condition={"StringEquals": {"aws:RequestTag/eks-cluster-name": "training"}}),
    ],
)
def test_other_ways_to_trust_it_are_as_good(statement: dict[str, Any]) -> None:
    assert verdicts(controller_roles=roles(role(trust(statement))))[0] == (Verdict.PASS, "")


TARGET = "arn:aws:iam::111122223333:role/target"
BY_BASE = {"Effect": "Allow", "Principal": {"AWS": ROLE_ARN}, "Action": ["sts:AssumeRole", "sts:TagSession"]}


def with_target(statement: dict[str, Any], **fields: Any) -> dict[str, Any]:
    target = role(trust(statement), TARGET)
    own = association(target_role_arn=TARGET, **fields)
    return {
        "pod_identity_associations": (own,),
        "controller_roles": roles(role(trust(trusts_pods())), target),
    }


@pytest.mark.parametrize(
    ("statement", "fields", "verdict"),
    [
        (BY_BASE, {}, Verdict.PASS),
        ({**BY_BASE, "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}, {}, Verdict.PASS),
        ({**BY_BASE, "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}, {"external_id": "x"}, Verdict.PASS),
        ({**BY_BASE, "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}, {}, Verdict.FAIL),
        ({**BY_BASE, "Principal": {"AWS": "arn:aws:iam::111122223333:role/other"}}, {}, Verdict.FAIL),
        (trusts_pods(), {}, Verdict.FAIL),
        ({**BY_BASE, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, {}, Verdict.UNKNOWN),
        # The session hands its tags on, unless they are switched off.
        ({**BY_BASE, "Action": "sts:AssumeRole"}, {}, Verdict.FAIL),
        ({**BY_BASE, "Action": "sts:AssumeRole"}, {"disable_session_tags": True}, Verdict.PASS),
    ],
)
def test_a_target_role_must_trust_the_role_of_the_association(
    statement: dict[str, Any], fields: dict[str, Any], verdict: Verdict
) -> None:
    assert found(**with_target(statement, **fields))[0].verdict is verdict


def test_a_target_role_that_is_gone_or_of_another_account() -> None:
    gone = with_target(BY_BASE) | {"controller_roles": roles(role(trust(trusts_pods())), missing={TARGET: absent("x")})}
    assert verdicts(**gone)[0] == (Verdict.FAIL, "irsa-role-missing")
    hidden = roles(role(trust(trusts_pods())), missing={TARGET: given.denied("iam:GetRole")})
    assert verdicts(**gone | {"controller_roles": hidden})[0][0] is Verdict.UNKNOWN


def test_switched_off_session_tags_are_in_no_request() -> None:
    by_tag = trusts_pods(Condition={"StringEquals": {"aws:RequestTag/kubernetes-namespace": "kube-system"}})
    facts = {"controller_roles": roles(role(trust(by_tag)))}
    assert verdicts(**facts)[0] == (Verdict.PASS, "")
    off = {"pod_identity_associations": (association(disable_session_tags=True),)}
    assert verdicts(**facts, **off)[0] == (Verdict.FAIL, "pod-identity-trust")


def test_a_condition_that_only_aws_can_decide_is_unknown() -> None:
    by_organization = trusts_pods(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}})
    assert verdicts(controller_roles=roles(role(trust(by_organization))))[0][0] is Verdict.UNKNOWN


def test_an_association_with_a_role_that_is_gone_fails() -> None:
    gone = roles(missing={ROLE_ARN: absent("iam:GetRole")})
    assert verdicts(controller_roles=gone)[0] == (Verdict.FAIL, "irsa-role-missing")


def test_the_role_that_is_gone_is_made_again_for_pods_of_this_cluster_alone() -> None:
    first = found(controller_roles=roles(missing={ROLE_ARN: absent("role")}))[0]
    assert first.fix is not None
    create, give = first.fix.commands[:2]
    assert create.startswith("aws iam create-role") and "pods.eks.amazonaws.com" in create and "aws:SourceArn" in create
    assert "put-role-policy" in give and "fsx:CreateFileSystem" in give and '"*:*"' not in give
    elsewhere = ROLE_ARN.replace("role/", "role/teams/")
    of_a_path = (given.replace(association(), role_arn=elsewhere),)
    gone = roles(missing={elsewhere: absent("role")})
    assert found(pod_identity_associations=of_a_path, controller_roles=gone)[0].fix is None


def test_a_role_that_may_not_be_read_is_unknown() -> None:
    hidden = roles(missing={ROLE_ARN: given.denied("iam:GetRole")})
    (finding,) = found(controller_roles=hidden)
    assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "iam:GetRole")


@pytest.mark.parametrize(
    ("daemon_sets", "verdict"),
    [
        ((given.node_plugin(),), Verdict.FAIL),
        ((agent(ready=0, wanted=3),), Verdict.FAIL),
        ((agent(ready=2, wanted=3),), Verdict.WARN),
        ((agent(ready=3, wanted=3),), Verdict.PASS),
    ],
)
def test_the_agent(daemon_sets: tuple[Workload, ...], verdict: Verdict) -> None:
    cause = "" if verdict is Verdict.PASS else "pod-identity-agent-missing"
    assert verdicts(daemon_sets=daemon_sets)[1] == (verdict, cause)


def test_auto_mode_has_the_agent_built_in() -> None:
    nodes = (given.node(labels={"eks.amazonaws.com/compute-type": "auto"}),)
    assert verdicts(daemon_sets=(), nodes=nodes)[1] == (Verdict.PASS, "")


def test_without_sight_of_the_nodes_no_agent_may_mean_auto_mode() -> None:
    denied = given.denied("list nodes")
    (_, finding) = found(daemon_sets=(), nodes=denied)
    assert (finding.verdict, finding.unavailable) == (Verdict.UNKNOWN, (denied,))
    assert verdicts(nodes=denied)[1] == (Verdict.PASS, "")


@pytest.mark.parametrize(("auto", "verdict"), [(True, Verdict.UNKNOWN), (False, Verdict.FAIL)])
def test_where_no_pod_of_the_controller_has_a_node_the_cluster_says_whether_it_is_auto_mode(
    auto: bool, verdict: Verdict
) -> None:
    cluster = given.replace(CLUSTER, compute_config=ComputeConfig(auto))
    facts = {"daemon_sets": (), "pods": (given.pod(), controller_pod(node="")), "eks_cluster": cluster}
    assert verdicts(**facts)[1][0] is verdict


def test_what_is_broken_is_a_warning_where_nothing_is_provisioned() -> None:
    nothing = (given.storage_class(provisioner="ebs.csi.aws.com"),)
    assert [v for v, _ in verdicts(storage_classes=nothing, daemon_sets=(), controller_roles=roles(role()))] == [
        Verdict.WARN,
        Verdict.WARN,
    ]


def test_without_association_there_is_nothing_to_judge() -> None:
    assert verdicts(pod_identity_associations=()) == [(Verdict.SKIP, "")]
    (finding,) = given.findings(pod_identity, **world(daemon_sets=()))
    assert finding.verdict is Verdict.SKIP


def test_without_sight_of_associations_nothing_is_known() -> None:
    (finding,) = found(pod_identity_associations=given.denied("eks:ListPodIdentityAssociations"))
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.unavailable[0].permission == "eks:ListPodIdentityAssociations"


def test_a_cluster_without_the_controllers_account_skips() -> None:
    assert verdicts(service_accounts=()) == [(Verdict.SKIP, "")]


def test_no_finding_lies_on_a_mounts_path() -> None:
    for finding in found(daemon_sets=(), controller_roles=roles(role())):
        assert finding.subject.kind.value == "ServiceAccount"
        assert finding.concerns == ()
