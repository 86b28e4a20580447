"""Older file systems answer private addresses alone, seen from outside their VPC."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from checks.network.client_address import addresses_are_accepted
from diag.model.finding import Finding
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.resources.ec2 import GroupRef, Instance
from diag.resources.table import Table
from tests.checks.given import file_system, findings, node, table
from tests.checks.given_network import NODES, PEER, SG_NODES, VPC

OLD, FIRST = (
    datetime.datetime(2020, 12, 16, 23, tzinfo=datetime.UTC),
    datetime.datetime(2020, 12, 17, tzinfo=datetime.UTC),
)


def judged(address: str, *, made: datetime.datetime | None = OLD, vpc: str = PEER, **facts: Any) -> Finding:
    instance = Instance(
        node().instance_id,
        vpc_id=vpc,
        subnet_id=NODES,
        private_ip_address=address,
        security_groups=(GroupRef(SG_NODES),),
    )
    world = {"file_systems": table(file_system(creation_time=made)), "instances": Table({node().instance_id: instance})}
    (finding,) = findings(addresses_are_accepted, **(world | facts))
    return finding


@pytest.mark.parametrize("address", ["100.64.1.4", "203.0.113.9", "172.32.0.1", "11.0.0.1", "192.169.0.1"])
def test_an_old_file_system_does_not_answer_other_addresses_of_another_vpc(address: str) -> None:
    finding = judged(address)
    assert (finding.verdict, finding.cause) == (Verdict.FAIL, "non-rfc1918-client")
    assert address in finding.message and "2020-12-16" in finding.message
    assert finding.concerns == (node().subject,)


@pytest.mark.parametrize("address", ["10.255.0.1", "172.16.0.1", "172.31.255.254", "192.168.0.1"])
def test_it_answers_private_ones(address: str) -> None:
    assert judged(address).verdict is Verdict.PASS


def test_it_answers_every_address_of_its_own_vpc() -> None:
    assert judged("100.64.1.4", vpc=VPC).verdict is Verdict.PASS


def test_one_of_the_first_day_answers_all() -> None:
    assert judged("100.64.1.4", made=FIRST).verdict is Verdict.PASS
    denied = Table[Instance](missing={node().instance_id: Unavailable("instance", Reason.DENIED)})
    assert judged("10.0.0.1", made=FIRST, instances=denied).verdict is Verdict.PASS, "nothing more has to be read"


def test_what_decides_and_is_not_known_is_unknown() -> None:
    assert judged("100.64.1.4", made=None).verdict is Verdict.UNKNOWN
    assert judged("10.0.0.1", made=None).verdict is Verdict.PASS
    denied = Table[Instance](missing={node().instance_id: Unavailable("instance", Reason.DENIED, permission="ec2:x")})
    finding = judged("10.0.0.1", instances=denied)
    assert (finding.verdict, finding.unavailable[0].permission) == (Verdict.UNKNOWN, "ec2:x")
