"""A name of a file system asked from another VPC than the file system's."""

from __future__ import annotations

from checks.dns.dns_vpc import name_is_used_in_its_vpc
from diag import Reason, Table, Unavailable, Verdict
from diag.resources.ec2 import Instance
from tests.checks import given
from tests.checks.given_name_resolution_path import NOT_TOLD, judge, peered
from tests.checks.given_network import ADDRESS


def test_a_name_asked_from_a_peered_vpc_fails_and_the_address_mends_it() -> None:
    found = judge(name_is_used_in_its_vpc, **peered(**NOT_TOLD))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "dns-outside-vpc")
    assert found.fix is not None
    assert any(ADDRESS in command for command in found.fix.commands)


def test_from_a_peered_vpc_an_address_or_a_name_that_resolves_is_right() -> None:
    assert judge(name_is_used_in_its_vpc, ADDRESS, **peered(**NOT_TOLD)).verdict is Verdict.SKIP
    assert judge(name_is_used_in_its_vpc, **peered()).verdict is Verdict.PASS


def test_where_the_nodes_are_may_be_unknown() -> None:
    absent = Unavailable("i-0", Reason.ABSENT, "EC2 has no such object")
    missing: Table[Instance] = Table({}, {given.node().instance_id: absent})
    assert judge(name_is_used_in_its_vpc, instances=missing).verdict is Verdict.UNKNOWN
    denied = given.denied("ec2:DescribeInstances")
    assert judge(name_is_used_in_its_vpc, instances=denied).verdict is Verdict.UNKNOWN
