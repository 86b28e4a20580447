"""vpc-dns, dns-servers, cluster-dns, dns-vpc: everything that a name passes on its way to the VPC's resolver."""

from __future__ import annotations

from typing import Any

import pytest

from checks.dns.cluster_dns import core_dns_is_up
from checks.dns.dns_servers import names_are_asked_of_the_vpc
from checks.dns.dns_vpc import name_is_used_in_its_vpc
from checks.dns.vpc_dns import vpc_resolves_names
from diag import Table, Verdict
from diag.registry import Check
from tests.checks import given_network
from tests.checks.given_name_resolution_path import COMPANY, core_dns, judge
from tests.checks.given_network import ADDRESS, VPC


@pytest.mark.parametrize("check", [vpc_resolves_names, names_are_asked_of_the_vpc, name_is_used_in_its_vpc])
def test_the_healthy_vpc_passes(check: Check) -> None:
    assert judge(check).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "check", [vpc_resolves_names, names_are_asked_of_the_vpc, name_is_used_in_its_vpc, core_dns_is_up]
)
def test_nothing_of_dns_matters_to_a_volume_mounted_by_address(check: Check) -> None:
    broken: dict[str, Any] = {
        "vpcs": Table({VPC: given_network.vpc(enable_dns_support=False)}),
        "dhcp_options": COMPANY,
        "deployments": (core_dns(available=0),),
        "dns_answers": (),
    }
    assert judge(check, ADDRESS, **broken).verdict is Verdict.SKIP
