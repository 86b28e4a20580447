"""EC2's shapes take what EC2 sends. An address that is none makes the item malformed; it is not a bug of the tool."""

from __future__ import annotations

from typing import Any

import pytest

from diag import Reason, Unreadable
from diag.resources.ec2 import NetworkInterface, Subnet
from diag.sources.aws.session import shaped


@pytest.mark.parametrize(
    ("shape", "raw"),
    [
        (Subnet, {"SubnetId": "subnet-1", "CidrBlock": "10.0.0.0/40"}),
        (Subnet, {"SubnetId": "subnet-1", "CidrBlock": "10.0.0/16"}),
        (Subnet, {"SubnetId": "subnet-1", "CidrBlock": "all of it"}),
        (Subnet, {"SubnetId": "subnet-1", "CidrBlock": None}),
        (NetworkInterface, {"NetworkInterfaceId": "eni-1", "PrivateIpAddress": "10.0.0.256"}),
        (NetworkInterface, {"NetworkInterfaceId": "eni-1", "PrivateIpAddress": "10.0.0.1\n"}),
        (NetworkInterface, {"NetworkInterfaceId": "eni-1", "PrivateIpAddress": 7}),
        (NetworkInterface, "eni-1"),
    ],
)
def test_an_address_that_is_none_is_malformed(shape: Any, raw: Any) -> None:
    with pytest.raises(Unreadable) as raised:
        shaped(raw, shape, "item")
    assert raised.value.unavailable.reason is Reason.GARBLED


@pytest.mark.parametrize(
    ("shape", "raw"),
    [
        (Subnet, {"SubnetId": "subnet-1", "CidrBlock": "10.0.0.0/16"}),
        (Subnet, {"SubnetId": "subnet-1"}),
        (NetworkInterface, {"NetworkInterfaceId": "eni-1", "PrivateIpAddress": "10.0.0.255"}),
    ],
)
def test_what_ec2_sends_is_taken(shape: Any, raw: Any) -> None:
    assert isinstance(shaped(raw, shape, "item"), shape)
