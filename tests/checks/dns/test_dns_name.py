"""dns-name: the volume's dnsname is the name of its file system, or the address of its primary ENI."""

from __future__ import annotations

from typing import Any

import pytest

from checks.dns.dns_name import dns_name_is_the_file_systems
from diag import Table, Verdict
from diag.model.finding import Finding
from diag.resources.fsx import FileSystem
from tests.checks import given, given_network
from tests.checks.given_network import ADDRESS, ADDRESS_2, ENI, ENI_2, NAME

OTHER = "fs-0b7e1c2d3f4a5b6c7"


def judge(attributes: dict[str, str], *, handle: str = given.FS, **facts: Any) -> Finding:
    volume = given.volume(fs=handle, attributes={"mountname": "abcdebev", **attributes})
    (finding,) = given.findings(
        dns_name_is_the_file_systems, persistent_volumes=(volume,), **(given_network.network() | facts)
    )
    return finding


@pytest.mark.parametrize("name", [NAME, NAME.upper(), f"{NAME}."])
def test_the_name_that_fsx_gives_passes_however_dns_may_spell_it(name: str) -> None:
    found = judge({"dnsname": name})
    assert found.verdict is Verdict.PASS
    assert "dnsname-mismatch" in found.rules_out
    assert "dns-resolution-failure" not in found.rules_out, "a right name may still not resolve"


@pytest.mark.parametrize("attributes", [{}, {"dnsname": ""}, {"dnsName": NAME}, {"dns-name": NAME}])
def test_without_the_exact_key_the_driver_refuses(attributes: dict[str, str]) -> None:
    found = judge(attributes)
    assert (found.verdict, found.cause) == (Verdict.FAIL, "dnsname-missing")
    assert found.fix is not None
    assert any(NAME in command for command in found.fix.commands)


def test_a_misspelt_key_is_told() -> None:
    assert "'dnsName'" in judge({"dnsName": NAME}).message


@pytest.mark.parametrize(
    "name", ["${FSxID}.fsx.ap-northeast-2.amazonaws.com", "$DNS_NAME", "None", "{{ .Values.dns }}"]
)
def test_a_variable_that_was_never_filled_in_fails(name: str) -> None:
    assert judge({"dnsname": name}).cause == "unexpanded-variable"


@pytest.mark.parametrize("word", ["REGION", "region", "aws-region", "ap-northeast"])
def test_a_name_without_a_region_was_never_filled_in(word: str) -> None:
    found = judge({"dnsname": NAME.replace(given.REGION, word)})
    assert (found.verdict, found.cause) == (Verdict.FAIL, "unexpanded-variable")


def test_the_name_of_another_service_fails_and_one_of_your_own_does_not() -> None:
    found = judge({"dnsname": NAME.replace(".fsx.", ".efs.")})
    assert (found.verdict, found.cause) == (Verdict.FAIL, "dnsname-mismatch") and "efs" in found.message
    assert judge({"dnsname": "fs-data.efs.example.com"}).verdict is Verdict.PASS


@pytest.mark.parametrize("name", [f"{NAME}@tcp", f"{NAME} ", f"lustre://{NAME}", f"{NAME}:988", "a..b"])
def test_text_that_no_resolver_can_be_asked_for_fails(name: str) -> None:
    assert judge({"dnsname": name}).cause == "dns-resolution-failure"


def test_the_name_of_another_file_system_fails_though_both_exist() -> None:
    other = given.file_system(OTHER)
    found = judge({"dnsname": other.dns_name}, file_systems=given.table(given.file_system(), other))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "dnsname-mismatch")


def test_the_name_of_another_file_system_fails_without_asking_fsx() -> None:
    denied = given.denied("fsx:DescribeFileSystems")
    found = judge({"dnsname": NAME.replace(given.FS, OTHER)}, file_systems=denied)
    assert found.cause == "dnsname-mismatch"


@pytest.mark.parametrize("known", [True, False])
def test_a_name_of_another_region_fails(known: bool) -> None:
    name = NAME.replace(given.REGION, "us-east-1")
    systems = given.table(given.file_system()) if known else given.denied("fsx:DescribeFileSystems")
    assert judge({"dnsname": name}, file_systems=systems).cause == "region-mismatch"


def test_a_suffix_of_another_partition_fails() -> None:
    found = judge({"dnsname": f"{NAME}.cn"})
    assert (found.verdict, found.cause) == (Verdict.FAIL, "dnsname-mismatch")


def test_in_china_the_longer_suffix_is_the_right_one() -> None:
    region = "cn-north-1"
    name = f"{given.FS}.fsx.{region}.amazonaws.com.cn"
    systems = given.table(given.file_system(region=region, dns_name=name))
    assert judge({"dnsname": name}, file_systems=systems).verdict is Verdict.PASS


def test_a_host_name_of_ones_own_passes_and_refutes_only_that_it_is_missing() -> None:
    found = judge({"dnsname": "scratch.training.internal"})
    assert (found.verdict, found.rules_out) == (Verdict.PASS, ("dnsname-missing",))


def test_a_handle_with_a_suffix_means_the_file_system_in_front_of_it() -> None:
    assert judge({"dnsname": NAME}, handle=f"{given.FS}-models").verdict is Verdict.PASS


def test_a_right_looking_name_stays_unknown_while_fsx_does_not_tell() -> None:
    found = judge({"dnsname": NAME}, file_systems=given.denied("fsx:DescribeFileSystems"))
    assert found.verdict is Verdict.UNKNOWN
    assert "fsx:DescribeFileSystems" in found.message


def two_enis(**fields: Any) -> dict[str, Any]:
    system: FileSystem = given.file_system(network_interface_ids=(ENI, ENI_2), **fields)
    enis = given_network.enis(given_network.eni(), given_network.eni(ENI_2, ADDRESS_2))
    return {"file_systems": given.table(system), "network_interfaces": enis}


def test_the_address_of_the_primary_eni_passes_and_no_dns_fault_can_matter() -> None:
    found = judge({"dnsname": ADDRESS}, **two_enis())
    assert found.verdict is Verdict.PASS
    assert {"dns-resolution-failure", "vpc-dns-disabled", "coredns-unhealthy"} <= set(found.rules_out)


@pytest.mark.parametrize("address", [ADDRESS_2, "10.0.9.9", "fd00::1"])
def test_any_other_address_fails(address: str) -> None:
    found = judge({"dnsname": address}, **two_enis())
    assert (found.verdict, found.cause) == (Verdict.FAIL, "wrong-mgs-address")
    assert found.fix is not None
    assert any(ADDRESS in command for command in found.fix.commands)


@pytest.mark.parametrize(
    "facts",
    [
        {"network_interfaces": given.denied("ec2:DescribeNetworkInterfaces")},
        {"network_interfaces": Table()},
        {"file_systems": given.denied("fsx:DescribeFileSystems")},
        {"file_systems": given.table(given.file_system(network_interface_ids=()))},
    ],
)
def test_an_address_is_unknown_while_the_enis_are(facts: dict[str, Any]) -> None:
    assert judge({"dnsname": ADDRESS}, **facts).verdict is Verdict.UNKNOWN
