"""What controller-region and aws-endpoints say of the controller's surroundings."""

from __future__ import annotations

from typing import Any

import pytest

from checks.identity.aws_endpoints import controller_reaches_aws as aws_endpoints
from checks.identity.controller_region import controller_knows_its_region as controller_region
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.ec2 import VpcEndpoint
from diag.resources.table import Table
from tests.checks import given
from tests.checks.given_identity import (
    INSTANCE,
    VPC,
    controller_pod,
    instance,
    keyed_controller,
    pending_claim,
    rights,
    route_table,
    world,
)

CLOSED = {"controller_instances": Table({INSTANCE: instance(hops=1)})}
NODE_MAY = {"role_arn": None, "node_rights": Table({"arn:aws:iam::111122223333:role/node": rights()})}
WAITING = {"claims": (given.claim(), pending_claim())}
NOTHING_PROVISIONED = {"storage_classes": (given.storage_class(provisioner="ebs.csi.aws.com"),)}
BARE = {"pods": (controller_pod(""),)}
REGION_ALONE = {"pods": (controller_pod("AWS_REGION"),)}


def region(**facts: Any) -> Finding:
    (finding,) = given.findings(controller_region, **world(**facts))
    return finding


def test_a_region_in_the_environment_is_enough() -> None:
    finding = region(**CLOSED)
    assert finding.verdict is Verdict.PASS
    assert set(finding.rules_out) == {"region-undetermined", "imds-unreachable"}


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


@pytest.mark.parametrize("facts", [NOTHING_PROVISIONED, {"pods": ()}, {"deployments": ()}])
def test_without_provisioning_or_controller_there_is_nothing_to_judge(facts: dict[str, Any]) -> None:
    assert region(**{**BARE, **CLOSED, **facts}).verdict is Verdict.SKIP
    (finding,) = given.findings(aws_endpoints, **world(**facts, route_tables=(route_table(),)))
    assert finding.verdict in (Verdict.SKIP, Verdict.WARN)


def endpoints(*services: str, **fields: Any) -> tuple[VpcEndpoint, ...]:
    usual: dict[str, Any] = {"vpc_id": VPC, "state": "available", "private_dns_enabled": True}
    return tuple(
        VpcEndpoint(f"vpce-{name}", f"com.amazonaws.{given.REGION}.{name}", **(usual | fields)) for name in services
    )


def reach(**facts: Any) -> Finding:
    (finding,) = given.findings(aws_endpoints, **world(**facts))
    return finding


PRIVATE = {"route_tables": (route_table(),)}


def test_a_default_route_is_a_way_but_proves_nothing() -> None:
    finding = reach()
    assert (finding.verdict, finding.rules_out) == (Verdict.PASS, ())


def test_a_private_cluster_needs_fsx_and_sts() -> None:
    finding = reach(**PRIVATE)
    assert (finding.verdict, finding.cause) == (Verdict.WARN, "aws-endpoint-unreachable")
    assert finding.fix
    services = [command.partition(f"{given.REGION}.")[2].partition(" ")[0] for command in finding.fix.commands]
    assert services == ["fsx", "sts"]


def test_with_both_it_passes() -> None:
    assert reach(**PRIVATE, vpc_endpoints=endpoints("fsx", "sts", "ec2")).verdict is Verdict.PASS


@pytest.mark.parametrize("fields", [{"private_dns_enabled": False}, {"state": "failed"}])
def test_an_endpoint_that_is_not_at_work_does_not_count(fields: dict[str, Any]) -> None:
    assert reach(**PRIVATE, vpc_endpoints=endpoints("fsx", "sts", **fields)).verdict is Verdict.WARN


def test_pod_identity_needs_eks_auth_instead_of_sts() -> None:
    pods = (controller_pod("AWS_REGION", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),)
    assert reach(**PRIVATE, pods=pods, vpc_endpoints=endpoints("fsx", "eks-auth")).verdict is Verdict.PASS
    assert reach(**PRIVATE, pods=pods, vpc_endpoints=endpoints("fsx", "sts")).verdict is Verdict.WARN


def test_a_proxy_is_another_way() -> None:
    pods = (controller_pod("AWS_REGION", "HTTPS_PROXY"),)
    assert reach(**PRIVATE, pods=pods).verdict is Verdict.SKIP


def test_endpoints_that_may_not_be_read_are_unknown() -> None:
    finding = reach(**PRIVATE, vpc_endpoints=given.denied("ec2:DescribeVpcEndpoints"))
    assert finding.unavailable[0].permission == "ec2:DescribeVpcEndpoints"
