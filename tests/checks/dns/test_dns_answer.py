"""dns-answer: the volume's name resolves to the primary ENI of its file system."""

from __future__ import annotations

from typing import Any

import pytest

from checks.dns.dns_answer import dns_answers_the_file_system
from diag import Verdict
from diag.model.finding import Finding
from diag.resources.reachability import Connect, DnsAnswer, Resolution
from diag.resources.target import Settings
from tests.checks import given, given_network
from tests.checks.given_network import ADDRESS, ADDRESS_2, ENI, ENI_2, NAME, answered

OUTSIDE: dict[str, Any] = {"tcp_answers": given_network.connects(Connect.TIMEOUT, source="192.168.178.20")}
ASKED: dict[str, Any] = OUTSIDE | {"settings": Settings(dns_servers=("10.0.0.2",))}
FAILURES = [Resolution.NO_NAME, Resolution.NO_ADDRESS, Resolution.SERVER_FAILED, Resolution.REFUSED]


def judge(name: str = NAME, *, handle: str = given.FS, **facts: Any) -> Finding:
    volume = given.volume(fs=handle, attributes={"dnsname": name, "mountname": "abcdebev"})
    enis = given_network.enis(given_network.eni(), given_network.eni(ENI_2, ADDRESS_2))
    usual = {
        "file_systems": given.table(given.file_system(network_interface_ids=(ENI, ENI_2))),
        "network_interfaces": enis,
    }
    (finding,) = given.findings(
        dns_answers_the_file_system, persistent_volumes=(volume,), **(given_network.network() | usual | facts)
    )
    return finding


def test_the_address_of_the_primary_eni_passes() -> None:
    found = judge()
    assert found.verdict is Verdict.PASS
    assert {"dns-resolution-failure", "dns-wrong-address"} <= set(found.rules_out)


@pytest.mark.parametrize("outcome", FAILURES)
@pytest.mark.parametrize("vantage", [{}, ASKED], ids=["inside the VPC", "--dns-server"])
def test_a_refusal_where_it_counts_fails(outcome: Resolution, vantage: dict[str, Any]) -> None:
    found = judge(dns_answers=answered(outcome=outcome), **vantage)
    assert (found.verdict, found.cause) == (Verdict.FAIL, "dns-resolution-failure")


@pytest.mark.parametrize("outcome", [Resolution.TIMEOUT, Resolution.UNREACHABLE])
@pytest.mark.parametrize("vantage", [{}, ASKED], ids=["inside the VPC", "--dns-server"])
def test_a_server_that_does_not_answer_is_unknown(outcome: Resolution, vantage: dict[str, Any]) -> None:
    found = judge(dns_answers=answered(outcome=outcome), **vantage)
    assert (found.verdict, found.cause) == (Verdict.UNKNOWN, "")
    assert any("--dns-server" in reason.remedy for reason in found.unavailable)


@pytest.mark.parametrize("outcome", FAILURES)
def test_no_answer_from_outside_the_vpc_says_nothing(outcome: Resolution) -> None:
    found = judge(dns_answers=answered(outcome=outcome), **OUTSIDE)
    assert found.verdict is Verdict.SKIP
    assert "outside" in found.message


def test_not_knowing_where_one_stands_is_standing_outside() -> None:
    found = judge(dns_answers=answered(), vpcs=given.denied("ec2:DescribeVpcs"))
    assert found.verdict is Verdict.SKIP


def test_a_right_answer_from_outside_passes_and_refutes_nothing() -> None:
    found = judge(**OUTSIDE)
    assert (found.verdict, found.rules_out) == (Verdict.PASS, ())


def test_an_address_of_no_eni_of_the_file_system_fails() -> None:
    found = judge(dns_answers=answered(ADDRESS, "10.0.7.7"))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "dns-wrong-address")
    assert "10.0.7.7" in found.message
    assert judge(dns_answers=answered("10.0.7.7"), **OUTSIDE).verdict is Verdict.SKIP


def test_an_eni_of_another_server_alone_is_a_warning() -> None:
    assert judge(dns_answers=answered(ADDRESS_2)).verdict is Verdict.WARN
    assert judge(dns_answers=answered(ADDRESS, ADDRESS_2)).verdict is Verdict.PASS


def test_the_server_that_answered_counts_not_the_silent_one_before_it() -> None:
    silent = DnsAnswer(NAME, "10.0.0.9", Resolution.TIMEOUT)
    found = judge(dns_answers=(silent, *answered(ADDRESS)))
    assert found.verdict is Verdict.PASS
    assert any("10.0.0.9" in line for line in found.evidence)


@pytest.mark.parametrize(
    "name",
    ["", "${DNS}", ADDRESS, f"{NAME}@tcp", NAME.replace(given.REGION, "us-east-1"), f"{NAME}.cn"],
)
def test_a_name_that_is_not_the_file_systems_is_for_dns_name_to_judge(name: str) -> None:
    assert judge(name, dns_answers=answered(name=name)).verdict is Verdict.SKIP


@pytest.mark.parametrize("lifecycle", ["CREATING", "DELETING", "FAILED"])
def test_a_file_system_that_does_not_serve_need_not_have_a_name(lifecycle: str) -> None:
    systems = given.table(given.file_system(lifecycle=lifecycle))
    assert judge(file_systems=systems, dns_answers=answered()).verdict is Verdict.SKIP


def test_a_file_system_that_fsx_does_not_have_need_not_have_a_name() -> None:
    assert judge(file_systems=given.table(), dns_answers=answered()).verdict is Verdict.SKIP


def test_a_host_name_of_ones_own_must_lead_to_the_primary_eni_too() -> None:
    name = "scratch.training.internal"
    assert judge(name, dns_answers=answered(ADDRESS, name=name)).verdict is Verdict.PASS
    assert judge(name, dns_answers=answered("10.0.7.7", name=name)).cause == "dns-wrong-address"
    assert judge(name, dns_answers=answered(name=name)).cause == "dns-resolution-failure"


@pytest.mark.parametrize(
    "facts",
    [
        {"network_interfaces": given.denied("ec2:DescribeNetworkInterfaces")},
        {"file_systems": given.denied("fsx:DescribeFileSystems")},
        {"file_systems": given.table(given.file_system(network_interface_ids=()))},
        {"dns_answers": ()},
    ],
)
def test_whose_address_it_is_stays_unknown_while_that_is_not_read(facts: dict[str, Any]) -> None:
    found = judge(**facts)
    assert found.verdict is Verdict.UNKNOWN


def test_that_it_does_not_resolve_is_told_even_when_fsx_is_denied() -> None:
    denied = given.denied("fsx:DescribeFileSystems")
    assert judge(file_systems=denied, dns_answers=answered(), **ASKED).cause == "dns-resolution-failure"
