"""What irsa-injected says of pods with and without their role."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.identity.irsa_injected import role_reached_the_pods as irsa_injected
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.kubernetes import EnvVar
from tests.checks import given
from tests.checks.given_identity import association, controller_pod, world

NOTHING_PROVISIONED = (given.storage_class(provisioner="ebs.csi.aws.com"),)


def only(**facts: Any) -> Finding:
    (finding,) = given.findings(irsa_injected, **world(**facts))
    return finding


AGENT = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
BY_ASSOCIATION: dict[str, Any] = {"pod_identity_associations": (association(),)}
FORMER = "arn:aws:iam::111122223333:role/former"


@pytest.mark.parametrize(("variable", "facts"), [("AWS_WEB_IDENTITY_TOKEN_FILE", {}), (AGENT, BY_ASSOCIATION)])
def test_pods_with_the_role_pass(variable: str, facts: dict[str, Any]) -> None:
    pods = (controller_pod(variable), controller_pod(variable, node="node-b"))
    assert only(pods=pods, **facts).verdict is Verdict.PASS


def test_pods_older_than_an_association_beside_the_annotation_go_on_as_the_annotations_role() -> None:
    finding = only(pods=(controller_pod(role_arn=FORMER),), **BY_ASSOCIATION)
    assert (finding.verdict, finding.cause, finding.rules_out) == (Verdict.WARN, "irsa-not-injected", ())
    assert f"still act as {FORMER} of IRSA" in finding.message and finding.fix is not None


def test_pods_older_than_a_changed_annotation_go_on_as_the_former_role() -> None:
    finding = only(pods=(controller_pod(role_arn=FORMER), controller_pod(node="node-b")))
    assert (
        finding.verdict is Verdict.WARN and f"1 of 2 pod(s) of the controller still act as {FORMER}" in finding.message
    )


def test_what_an_agent_gives_is_unknown_without_sight_of_the_associations() -> None:
    hidden = given.denied("eks:ListPodIdentityAssociations")
    finding = only(pods=(controller_pod(AGENT),), pod_identity_associations=hidden)
    assert (finding.verdict, finding.unavailable) == (Verdict.UNKNOWN, (hidden,))
    assert only(pods=(controller_pod(AGENT),)).verdict is Verdict.WARN, "the association is gone"


def refused_claim() -> dict[str, Any]:
    waiting = given.claim(volume="", phase="Pending")
    said = given.event(waiting, "ProvisioningFailed", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    return {"claims": (waiting,), "claim_events": (said,)}


def test_pods_of_the_former_role_fail_where_a_claim_was_refused() -> None:
    pods = (controller_pod(role_arn=FORMER),)
    finding = only(pods=pods, **refused_claim())
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "irsa-not-injected")
    assert [subject.name for subject in finding.concerns] == ["fsx-pvc"]
    assert only(pods=(*pods, controller_pod(node="node-b")), **refused_claim()).verdict is Verdict.WARN
    for since, verdict in ((given.NOW, Verdict.WARN), (given.LONG_AGO, Verdict.FAIL)):
        made = given.claim(volume="", phase="Pending")
        silent = given.replace(made, metadata=given.replace(made.metadata, creation_timestamp=since))
        assert only(pods=pods, claims=(silent,)).verdict is verdict


def test_a_role_that_the_deployment_sets_itself_is_taken_out_of_it() -> None:
    pod = controller_pod(role_arn=FORMER)
    made = given.controller()
    template = given.replace(
        made.spec.template, spec=given.replace(made.spec.template.spec, containers=pod.spec.containers)
    )
    by_hand = given.replace(made, spec=given.replace(made.spec, template=template))
    finding = only(pods=(pod,), deployments=(by_hand,))
    assert "sets AWS_ROLE_ARN itself" in finding.message
    assert (
        finding.fix and "set env deployment/fsx-csi-controller -c fsx-plugin AWS_ROLE_ARN-" in finding.fix.commands[0]
    )


def test_the_template_that_leaves_the_driver_out_is_corrected() -> None:
    skipping = {"eks.amazonaws.com/skip-containers": "fsx-plugin"}
    made, bare = given.controller(), controller_pod("")
    template = given.replace(
        made.spec.template, metadata=given.replace(made.spec.template.metadata, annotations=skipping)
    )
    deployment = given.replace(made, spec=given.replace(made.spec, template=template))
    pod = given.replace(bare, metadata=given.replace(bare.metadata, annotations=skipping))
    finding = only(pods=(pod,), deployments=(deployment,))
    assert finding.fix and "skip-containers" in finding.fix.commands[0] and "patch" in finding.fix.commands[0]


def test_no_other_variables_value_is_kept() -> None:
    raw = [{"name": "AWS_ROLE_ARN", "value": FORMER}, {"name": "PASSWORD", "value": "hunter2"}]
    assert [variable.value for variable in msgspec.convert(raw, list[EnvVar])] == [FORMER, ""]


def test_pods_older_than_the_annotation_fail_and_are_restarted() -> None:
    finding = only(pods=(controller_pod(""), controller_pod("AWS_REGION", node="node-b")))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "irsa-not-injected")
    assert finding.fix
    assert finding.fix.commands[0] == "kubectl -n kube-system rollout restart deployment/fsx-csi-controller"


def test_pods_older_than_the_association_fail() -> None:
    facts: dict[str, Any] = {"role_arn": None, "pod_identity_associations": (association(),)}
    assert only(**facts, pods=(controller_pod(""),)).verdict is Verdict.FAIL


def test_one_pod_without_the_role_is_a_warning_since_the_other_may_lead() -> None:
    finding = only(pods=(controller_pod(""), controller_pod(node="node-b")))
    assert (finding.verdict, finding.cause) == (Verdict.WARN, "irsa-not-injected")


def test_it_is_a_warning_where_nothing_is_provisioned() -> None:
    assert only(pods=(controller_pod(""),), storage_classes=NOTHING_PROVISIONED).verdict is Verdict.WARN


def test_a_pod_that_leaves_the_driver_out_is_told_so() -> None:
    bare = controller_pod("")
    skipping = {"eks.amazonaws.com/skip-containers": "fsx-plugin,csi-provisioner"}
    finding = only(pods=(given.replace(bare, metadata=given.replace(bare.metadata, annotations=skipping)),))
    assert "skip-containers" in finding.message


def test_the_node_plugins_pods_need_no_role() -> None:
    assert only(pods=(given.plugin_pod(), controller_pod())).verdict is Verdict.PASS


def test_without_a_role_or_without_pods_there_is_nothing_to_judge() -> None:
    assert only(role_arn=None).verdict is Verdict.SKIP
    assert only(pods=(given.pod(),)).verdict is Verdict.SKIP


@pytest.mark.parametrize(
    ("fact", "permission"),
    [("pods", "list pods"), ("service_accounts", "list serviceaccounts"), ("deployments", "list deployments")],
)
def test_what_may_not_be_listed_is_unknown(fact: str, permission: str) -> None:
    finding = only(**{fact: given.denied(permission)})
    assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, permission)


def test_without_sight_of_associations_a_pod_without_annotation_is_unknown() -> None:
    hidden = given.denied("eks:ListPodIdentityAssociations")
    assert only(role_arn=None, pod_identity_associations=hidden).verdict is Verdict.UNKNOWN
