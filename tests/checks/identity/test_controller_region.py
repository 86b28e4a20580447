"""The controller knows its region, and reaches the instance metadata service if it depends on it."""

from __future__ import annotations

from typing import Any

import pytest

from diag.model.verdict import Verdict
from diag.resources.ec2 import InstanceProfile
from diag.resources.kubernetes import EnvSource
from diag.resources.kubernetes.pod import EnvFrom
from diag.resources.table import Table
from tests.checks import given
from tests.checks.given_controller_region import BARE, CLOSED, region
from tests.checks.given_identity import (
    INSTANCE,
    controller_pod,
    instance,
    keyed_controller,
    pending_claim,
    rights,
)

NODE_MAY = {"role_arn": None, "node_rights": Table({"arn:aws:iam::111122223333:role/node": rights()})}
WAITING = {"claims": (given.claim(), pending_claim())}
REGION_ALONE = {"pods": (controller_pod("AWS_REGION"),)}


def test_a_region_in_the_environment_is_enough() -> None:
    finding = region(**CLOSED)
    assert finding.verdict is Verdict.PASS
    assert set(finding.rules_out) == {"region-undetermined", "imds-unreachable"}


@pytest.mark.parametrize(
    ("value", "waiting", "verdict"),
    [
        (given.REGION, {}, Verdict.PASS),
        ("", {}, Verdict.PASS),
        ("us-west-2", {}, Verdict.WARN),
        ("us-west-2", WAITING, Verdict.FAIL),
    ],
)
def test_a_region_that_is_not_the_cluster_s(value: str, waiting: dict[str, Any], verdict: Verdict) -> None:
    pod = controller_pod("AWS_REGION")
    plugin, *others = pod.spec.containers
    plugin = given.replace(plugin, env=tuple(given.replace(item, value=value) for item in plugin.env or ()))
    pod = given.replace(pod, spec=given.replace(pod.spec, containers=(plugin, *others)))
    assert region(pods=(pod,), **waiting).verdict is verdict


def test_an_empty_region_is_none() -> None:
    pod = controller_pod("AWS_REGION")
    plugin, *others = pod.spec.containers
    plugin = given.replace(plugin, env=tuple(given.replace(item, value="") for item in plugin.env or ()))
    empty = given.replace(pod, spec=given.replace(pod.spec, containers=(plugin, *others)))
    finding = region(pods=(empty,), **CLOSED)
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "region-undetermined")
    taken = given.replace(plugin, env=tuple(given.replace(v, value_from=EnvSource()) for v in plugin.env or ()))
    elsewhere = given.replace(pod, spec=given.replace(pod.spec, containers=(taken, *others)))
    assert region(pods=(elsewhere,), **CLOSED).verdict is Verdict.PASS


def test_variables_that_are_taken_as_a_whole_may_name_one() -> None:
    (pod,) = BARE["pods"]
    plugin, *others = pod.spec.containers
    taken = given.replace(plugin, env_from=(EnvFrom(),))
    pods = (given.replace(pod, spec=given.replace(pod.spec, containers=(taken, *others))),)
    assert region(pods=pods, **CLOSED).verdict is Verdict.UNKNOWN
    assert region(pods=pods).verdict is Verdict.PASS


def test_without_it_the_metadata_service_tells() -> None:
    assert region(**BARE).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "machine", [instance(hops=1), instance(endpoint="disabled"), instance(endpoint="disabled", tokens="optional")]
)
def test_without_either_it_fails(machine: Any) -> None:
    finding = region(**BARE, controller_instances=Table({INSTANCE: machine}))
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "region-undetermined")
    assert finding.fix and f"AWS_REGION={given.REGION}" in finding.fix.commands[0]


@pytest.mark.parametrize("machine", [instance(hops=1, tokens="optional"), instance(hops=2), instance(hops=64)])
def test_a_metadata_service_that_lets_pods_in_is_enough(machine: Any) -> None:
    assert region(**BARE, controller_instances=Table({INSTANCE: machine})).verdict is Verdict.PASS


def test_a_pod_on_the_nodes_own_network_needs_no_second_hop() -> None:
    pods = (controller_pod("", host_network=True),)
    assert region(pods=pods, **CLOSED).verdict is Verdict.PASS


def test_auto_mode_keeps_pods_out() -> None:
    nodes = (given.node(labels={"eks.amazonaws.com/compute-type": "auto"}),)
    assert region(**BARE, nodes=nodes).cause == "region-undetermined"


def test_the_nodes_role_is_of_no_use_when_pods_cannot_fetch_it() -> None:
    finding = region(**REGION_ALONE, **CLOSED, **NODE_MAY, **WAITING)
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "imds-unreachable")
    assert [subject.kind.value for subject in finding.concerns] == ["PersistentVolumeClaim"]


def test_that_is_a_warning_while_no_claim_waits() -> None:
    assert region(**REGION_ALONE, **CLOSED, **NODE_MAY).verdict is Verdict.WARN


@pytest.mark.parametrize(
    "facts",
    [
        {**REGION_ALONE, **NODE_MAY},
        {**CLOSED, **NODE_MAY, "pods": (controller_pod("AWS_REGION", "AWS_WEB_IDENTITY_TOKEN_FILE"),)},
        {**CLOSED, **NODE_MAY, **REGION_ALONE, "deployments": (keyed_controller(optional=False),)},
        {**CLOSED, **REGION_ALONE, "role_arn": None},
    ],
)
def test_the_metadata_service_is_blamed_only_when_nothing_else_gives_credentials(facts: dict[str, Any]) -> None:
    assert region(**facts, **WAITING).verdict is Verdict.PASS


def test_an_instance_that_could_not_be_read_is_unknown() -> None:
    hidden = Table[Any](missing={INSTANCE: given.denied("ec2:DescribeInstances")})
    finding = region(**BARE, controller_instances=hidden)
    assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "ec2:DescribeInstances")


HYBRID = "eks-hybrid:///ap-northeast-2/training/mi-0123456789abcdef0"


@pytest.mark.parametrize(("release", "verdict"), [("v1.7.0", Verdict.PASS), ("v1.6.0", Verdict.FAIL)])
def test_a_hybrid_nodes_provider_id_tells_the_region_from_1_7_on(release: str, verdict: Verdict) -> None:
    made = given.node()
    nodes = (given.replace(made, spec=given.replace(made.spec, provider_id=HYBRID)),)
    pod = controller_pod("")
    plugin, *others = pod.spec.containers
    plugin = given.replace(plugin, image=f"{plugin.image.rpartition(':')[0]}:{release}")
    pods = (given.replace(pod, spec=given.replace(pod.spec, containers=(plugin, *others))),)
    assert region(pods=pods, nodes=nodes).verdict is verdict


def test_a_pod_without_a_node_may_still_learn_its_region() -> None:
    waiting = controller_pod("", node="")
    assert region(pods=(waiting,), **CLOSED).verdict is Verdict.PASS


def test_a_node_of_the_controller_s_without_a_profile_has_no_role_to_act_with() -> None:
    with_role = given.replace(instance(), instance_id="i-2", iam_instance_profile=InstanceProfile("arn"))
    machines = Table({INSTANCE: instance(), "i-2": with_role})
    finding = region(**REGION_ALONE, **NODE_MAY, **WAITING, controller_instances=machines)
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "imds-unreachable")
    assert "has no instance profile" in finding.message
    own = Table({INSTANCE: given.replace(instance(), iam_instance_profile=InstanceProfile("arn"))})
    assert region(**REGION_ALONE, **NODE_MAY, **WAITING, controller_instances=own).verdict is Verdict.PASS
