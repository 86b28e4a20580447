"""Free addresses where a file system is to be made."""

from __future__ import annotations

from typing import Any

import pytest

from checks.network.subnet_addresses import subnet_has_addresses
from diag import Table, Verdict
from diag.resources.ec2 import Subnet
from tests.checks import given
from tests.checks.given_file_system import judge
from tests.checks.given_network import SERVERS, SG_FSX


def demanded(free: int | None, *, waits: bool = True, subnet: str = SERVERS) -> dict[str, Any]:
    name = "data"
    claims = (given.claim(name, ""),) if waits else (given.claim(name, "pvc-1"),)
    made = given.volume("pvc-1", claim=name)
    provisioned = {"pv.kubernetes.io/provisioned-by": "fsx.csi.aws.com"}
    made = given.replace(made, metadata=given.replace(made.metadata, annotations=provisioned))
    known = Subnet(SERVERS, cidr_block="10.0.1.0/28", available_ip_address_count=free)
    return {
        "storage_classes": (given.storage_class(parameters={"subnetId": subnet, "securityGroupIds": SG_FSX}),),
        "claims": claims,
        "persistent_volumes": () if waits else (made,),
        "class_subnets": Table({SERVERS: known}),
    }


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (demanded(3), Verdict.PASS),
        (demanded(0), Verdict.FAIL),
        (demanded(0, waits=False), Verdict.WARN),
        (demanded(None), Verdict.SKIP),
        (demanded(0, subnet="subnet-gone"), Verdict.SKIP),
        (demanded(0) | {"class_subnets": given.denied("ec2:DescribeSubnets")}, Verdict.UNKNOWN),
    ],
)
def test_a_subnet_without_addresses_fails_who_waits_for_a_file_system(facts: dict[str, Any], verdict: Verdict) -> None:
    found = judge(subnet_has_addresses, **facts)
    assert found.verdict is verdict, found.message
    assert verdict not in (Verdict.FAIL, Verdict.WARN) or found.cause == "subnet-out-of-addresses"
