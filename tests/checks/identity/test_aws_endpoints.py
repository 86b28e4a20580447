"""From the controller's subnets there is a way to the endpoints of FSx and of its credentials."""

from __future__ import annotations

from typing import Any

import pytest

from checks.identity.aws_endpoints import controller_reaches_aws as aws_endpoints
from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.resources.ec2 import Route, VpcEndpoint
from diag.resources.table import Table
from tests.checks import given
from tests.checks.given_controller_region import BARE, CLOSED, region
from tests.checks.given_identity import (
    INSTANCE,
    VPC,
    controller_pod,
    instance,
    route_table,
    world,
)

NOTHING_PROVISIONED = {"storage_classes": (given.storage_class(provisioner="ebs.csi.aws.com"),)}


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


@pytest.mark.parametrize(("public", "verdict"), [("", Verdict.WARN), ("203.0.113.7", Verdict.PASS)])
def test_an_internet_gateway_is_a_way_for_nodes_with_a_public_address_alone(public: str, verdict: Verdict) -> None:
    table = route_table()
    gateway = Route("0.0.0.0/0", gateway_id="igw-0123456789abcdef0", state="active")
    node = given.replace(instance(), public_ip_address=public)
    facts = {"route_tables": (given.replace(table, routes=(*table.routes, gateway)),)}
    assert reach(**facts, controller_instances=Table({INSTANCE: node})).verdict is verdict


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
