"""The driver's controller, which provisions and resizes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.driver.csi_controller import csi_controller
from diag import Verdict
from diag.analysis.pod_creation import Refusal
from diag.resources.kubernetes import Condition, ContainerStatus, PodOwner
from diag.resources.table import Table
from tests.checks import given
from tests.checks.given_driver_objects import PENDING
from tests.checks.given_identity import INSTANCE, instance


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({}, Verdict.PASS),
        ({"deployments": (given.controller(ready=1),)}, Verdict.PASS),
        ({"deployments": (given.controller(ready=0),)}, Verdict.WARN),
        ({"deployments": (given.controller(ready=0),), "claims": (PENDING,)}, Verdict.FAIL),
        ({"deployments": ()}, Verdict.SKIP),
        ({"deployments": (), "claims": (PENDING,)}, Verdict.FAIL),
        ({"deployments": given.denied("list deployments")}, Verdict.UNKNOWN),
    ],
)
def test_the_controller_matters_to_claims_that_wait_for_it(facts: dict[str, Any], verdict: Verdict) -> None:
    (found,) = given.findings(csi_controller, **facts)
    assert found.verdict is verdict
    if verdict is Verdict.FAIL:
        assert found.cause == "csi-controller-not-running"
        assert found.concerns == (PENDING.subject,), "no mount depends on the controller"


def test_a_controller_scaled_to_zero_is_scaled_up_again() -> None:
    (found,) = given.findings(csi_controller, deployments=(given.controller(replicas=0, ready=0),), claims=(PENDING,))
    assert found.fix is not None
    assert "scale deployment/fsx-csi-controller --replicas=2" in found.fix.commands[0]


def test_pods_without_room_say_so() -> None:
    controller = given.controller(ready=0)
    unscheduled = Condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available: 3 Insufficient cpu.")
    made = given.plugin_pod("", workload=controller)
    pod = given.replace(made, status=given.replace(made.status, conditions=(unscheduled,), container_statuses=None))
    (found,) = given.findings(csi_controller, deployments=(controller,), claims=(PENDING,), pods=(given.pod(), pod))
    assert "its pods are not scheduled: 0/3 nodes are available: 3 Insufficient cpu." in found.evidence
    assert found.fix is not None
    assert not found.fix.commands


def test_what_its_pods_wait_for_is_the_cause() -> None:
    controller = given.controller(ready=0)
    made = given.plugin_pod("", workload=controller)
    waiting = {"reason": "ImagePullBackOff", "message": "429 Too Many Requests"}
    ended = {"exitCode": 1, "reason": "Error", "message": "exec /csi-provisioner: exec format error"}
    for state, cause in (
        ({"state": {"waiting": waiting}}, "image-pull-rate-limited"),
        ({"lastState": {"terminated": ended}}, "image-wrong-architecture"),
        ({"lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}, "csi-controller-not-running"),
    ):
        status = msgspec.convert({"name": "csi-provisioner", **state}, ContainerStatus)
        pod = given.replace(made, status=given.replace(made.status, container_statuses=(status,)))
        (found,) = given.findings(csi_controller, deployments=(controller,), claims=(PENDING,), pods=(pod,))
        assert found.cause == cause


def test_a_driver_that_ends_without_a_region_says_why() -> None:
    controller = given.controller(ready=0)
    made = given.plugin_pod(workload=controller)
    ended = {"name": "fsx-plugin", "lastState": {"terminated": {"exitCode": 2, "reason": "Error"}}}
    status = msgspec.convert(ended, ContainerStatus)
    pod = given.replace(made, status=given.replace(made.status, container_statuses=(status,)))
    facts: dict[str, Any] = {"deployments": (controller,), "claims": (PENDING,), "pods": (pod,)}
    for hops, cause in ((1, "region-undetermined"), (2, "csi-controller-not-running")):
        machines = Table({INSTANCE: instance(hops=hops)})
        (found,) = given.findings(csi_controller, controller_instances=machines, **facts)
        assert found.cause == cause
    (unseen,) = given.findings(csi_controller, controller_instances=given.denied("ec2:DescribeInstances"), **facts)
    assert unseen.cause == "csi-controller-not-running"


def test_what_the_api_server_refuses_is_the_cause() -> None:
    controller = given.controller(ready=0)
    owner = {"kind": "ReplicaSet", "metadata": {"name": "c-1", "namespace": given.NAMESPACE, "ownerReferences": [
        {"kind": "Deployment", "name": controller.metadata.name, "uid": "u"}]}}  # fmt: skip
    refusal = Refusal(msgspec.convert(owner, PodOwner), 'pods "c-1-" is forbidden: exceeded quota: team')
    facts: dict[str, Any] = {"deployments": (controller,), "claims": (PENDING,)}
    (found,) = given.findings(csi_controller, pod_refusals=(refusal,), **facts)
    assert found.cause == "resource-quota-exceeded"
    (unseen,) = given.findings(csi_controller, pod_refusals=given.denied("list events"), **facts)
    assert unseen.cause == "csi-controller-not-running"
