"""LNet's tcp NID is the node's own address in the VPC."""

from __future__ import annotations

import msgspec
import pytest

from checks.lnet.node_lnet_interface import node_lnet_has_own_address
from diag.model.verdict import Verdict
from diag.resources.ec2 import Instance
from diag.resources.table import Table
from tests.checks import given
from tests.checks.given_node_checks import ADDRESS, only, truth


@pytest.mark.parametrize(
    ("nids", "verdict"),
    [
        (("10.0.1.4@tcp",), Verdict.PASS),
        (("10.0.1.9@tcp", "10.0.1.4@tcp", "10.0.1.4@efa"), Verdict.PASS),
        (("10.0.1.9@tcp",), Verdict.WARN),
        (("172.17.0.1@tcp",), Verdict.FAIL),
    ],
)
def test_the_nid_is_an_address_of_the_node(nids: tuple[str, ...], verdict: Verdict) -> None:
    node = given.node("node-a")
    instance = msgspec.convert(
        {
            "InstanceId": node.instance_id,
            "PrivateIpAddress": ADDRESS,
            "NetworkInterfaces": [{"PrivateIpAddress": ADDRESS}, {"PrivateIpAddress": "10.0.1.9", "DeviceIndex": 1}],
        },
        Instance,
    )
    found = only(node_lnet_has_own_address, truth(nids=nids), instances=Table({node.instance_id: instance}))
    assert found.verdict is verdict
    assert found.cause == ("" if verdict is Verdict.PASS else "lnet-wrong-interface")
