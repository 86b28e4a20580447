"""What a resolver asks for before the name of a file system."""

from __future__ import annotations

from typing import Any

import pytest

from checks.dns.search_domain import no_searched_domain_answers
from diag import Table, Verdict
from diag.model.finding import Finding
from diag.resources.kubernetes.corefile import blocks_of
from diag.resources.route53 import HostedZone, RecordSet, ZoneRecords
from tests.checks import given
from tests.checks.given_name_resolution_path import NOT_TOLD, ZONE, judge, plugin, record
from tests.checks.given_network import ADDRESS, NAME, VPC, dhcp

CORP, LAB = "corp.example.com", "lab.example.com"


def zone(*records: RecordSet, name: str = CORP) -> dict[str, Any]:
    zones = (HostedZone(ZONE, f"{name}.", vpc_id=VPC),)
    return {"private_zones": zones, "searched_records": Table({ZONE: ZoneRecords(records)})}


def found(*records: RecordSet, **facts: Any) -> Finding:
    return judge(no_searched_domain_answers, **{**NOT_TOLD, **SEARCHED, **zone(*records), **facts})


SEARCHED: dict[str, Any] = {"dhcp_options": dhcp("AmazonProvidedDNS", domain=CORP)}
COREFILE = f""".:53 {{
    template IN A {CORP} {{
        answer "a 60 IN A 10.9.9.9"
    }}
    forward . /etc/resolv.conf
}}
"""
WILD = record(f"*.{CORP}", "10.9.9.9")


def test_a_wildcard_of_the_domain_that_is_searched_answers_first() -> None:
    judged = found(WILD)
    assert (judged.verdict, judged.cause) == (Verdict.FAIL, "dns-wrong-address")
    assert f"asks for {NAME}.{CORP} first" in judged.message and "10.9.9.9" in judged.message
    assert judged.fix is not None and "ndots" in " ".join(step.line for step in judged.fix.steps)


@pytest.mark.parametrize(
    "facts",
    [
        plugin(dnsConfig={"options": [{"name": "ndots", "value": "1"}]}),
        plugin(dnsPolicy="Default"),
        plugin(hostNetwork=True),
        plugin(dnsPolicy="None", dnsConfig={"nameservers": ["169.254.169.253"]}),
        {"dhcp_options": dhcp("AmazonProvidedDNS")},
        zone(record(f"*.apps.{CORP}", "10.9.9.9")),
        zone(record(f"*.{CORP}", ADDRESS)),
        zone(record(f"*.{CORP}", "text", type="TXT")),
        zone(WILD, name="other.example.com"),
    ],
)  # fmt: skip
def test_a_name_that_is_not_searched_or_not_answered_passes(facts: dict[str, Any]) -> None:
    assert found(**{**zone(WILD), **facts}).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "facts",
    [
        plugin(dnsConfig={"searches": [LAB]}) | zone(record(f"*.{LAB}", "10.9.9.9"), name=LAB),
        plugin(dnsPolicy="Default", dnsConfig={"options": [{"name": "ndots", "value": "5"}]}),
        zone(record(f"*.{CORP}", "proxy.example.com", type="CNAME")),
        {"private_zones": (), "corefile": blocks_of(COREFILE)},
    ],
)  # fmt: skip
def test_the_pods_own_list_and_plugins_of_coredns_count_alike(facts: dict[str, Any]) -> None:
    assert found(**{**zone(WILD), **facts}).verdict is Verdict.FAIL


def test_a_pod_that_mounts_by_the_name_is_up() -> None:
    assert judge(no_searched_domain_answers, **{**SEARCHED, **zone(WILD)}).verdict is Verdict.SKIP


@pytest.mark.parametrize("fact", ["private_zones", "searched_records"])
def test_who_may_not_read_the_zones_does_not_know(fact: str) -> None:
    assert found(**{fact: given.denied("route53:ListHostedZonesByVPC")}).verdict is Verdict.UNKNOWN
