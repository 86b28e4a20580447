"""The VPC's own DNS switches."""

from __future__ import annotations

import pytest

from checks.dns.vpc_dns import vpc_resolves_names
from diag import Table, Verdict
from tests.checks import given, given_network
from tests.checks.given_name_resolution_path import judge
from tests.checks.given_network import VPC


@pytest.mark.parametrize(("support", "hostnames"), [(False, True), (True, False), (False, False)])
def test_either_switch_of_the_vpc_breaks_names(support: bool, hostnames: bool) -> None:
    vpc = given_network.vpc(enable_dns_support=support, enable_dns_hostnames=hostnames)
    found = judge(vpc_resolves_names, vpcs=Table({VPC: vpc}))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "vpc-dns-disabled")
    assert found.fix is not None
    assert len(found.fix.commands) == (not support) + (not hostnames)


def test_the_switches_are_unknown_when_they_may_not_be_read() -> None:
    denied = given.denied("ec2:DescribeVpcAttribute")
    assert judge(vpc_resolves_names, vpcs=Table({}, {VPC: denied})).verdict is Verdict.UNKNOWN
    assert judge(vpc_resolves_names, vpcs=denied).verdict is Verdict.UNKNOWN
