"""The file system's own network interfaces."""

from __future__ import annotations

from typing import Any

from checks.network.network_interfaces import interfaces_are_in_use
from diag import Table, Verdict
from diag.model.finding import Finding
from tests.checks import given, given_network
from tests.checks.given_network import ENI, ENI_2
from tests.checks.given_routes_and_acls import judge


def of_enis(*items: Any, **facts: Any) -> Finding:
    systems = given.table(given.file_system(network_interface_ids=(ENI, ENI_2)))
    return judge(
        interfaces_are_in_use, file_systems=systems, **({"network_interfaces": given_network.enis(*items)} | facts)
    )


def test_enis_in_use_pass() -> None:
    assert of_enis(given_network.eni(), given_network.eni(ENI_2)).verdict is Verdict.PASS


def test_an_eni_that_is_detached_fails() -> None:
    found = of_enis(given_network.eni(), given_network.eni(ENI_2, status="available"))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "eni-not-in-use")
    assert ENI_2 in found.message


def test_an_eni_that_ec2_no_longer_has_fails_and_one_that_was_not_read_does_not() -> None:
    from diag import Reason, Unavailable

    gone = Table({ENI: given_network.eni()}, {ENI_2: Unavailable(ENI_2, Reason.ABSENT, "EC2 has no such object")})
    assert of_enis(network_interfaces=gone).cause == "eni-not-in-use"
    garbled = Table({ENI: given_network.eni()}, {ENI_2: Unavailable(ENI_2, Reason.GARBLED)})
    assert of_enis(network_interfaces=garbled).verdict is Verdict.UNKNOWN
    assert of_enis(network_interfaces=given.denied("ec2:DescribeNetworkInterfaces")).verdict is Verdict.UNKNOWN
    none = given.table(given.file_system(network_interface_ids=()))
    assert judge(interfaces_are_in_use, file_systems=none).verdict is Verdict.UNKNOWN
