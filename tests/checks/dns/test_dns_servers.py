"""Whom the name of a volume is asked of: the node plugin's resolver, CoreDNS, the VPC's DHCP options."""

from __future__ import annotations

from typing import Any

import pytest

from checks.dns.dns_servers import names_are_asked_of_the_vpc
from diag import Reason, Table, Unavailable, Verdict
from tests.checks import given, given_network
from tests.checks.given_name_resolution_path import COMPANY, NOT_TOLD, judge, peered, plugin
from tests.checks.given_network import COREFILE, VPC, answered, corefile

FAILS: dict[str, Any] = {"dns_answers": answered()}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"dhcp_options": COMPANY}, "10.9.9.9"),
        ({"dhcp_options": given_network.dhcp()}, "no DNS server"),
        ({"corefile": corefile(COREFILE.replace("/etc/resolv.conf", "10.9.9.9"))}, "CoreDNS forwards to 10.9.9.9"),
    ],
)
def test_servers_of_ones_own_fail_only_where_the_name_does_not_resolve(change: dict[str, Any], named: str) -> None:
    failed = judge(names_are_asked_of_the_vpc, **change, **FAILS)
    assert (failed.verdict, failed.cause) == (Verdict.FAIL, "custom-dns-servers")
    assert named in failed.message
    assert judge(names_are_asked_of_the_vpc, **change).verdict is Verdict.PASS, "they forward it"
    assert judge(names_are_asked_of_the_vpc, **change, **NOT_TOLD).verdict is Verdict.WARN


def test_a_pod_that_has_it_mounted_tells_that_the_name_resolved() -> None:
    outside = {"tcp_answers": NOT_TOLD["tcp_answers"], "dhcp_options": COMPANY}
    assert judge(names_are_asked_of_the_vpc, **outside).verdict is Verdict.PASS


def test_a_job_that_mounted_yesterday_tells_nothing_where_todays_waits() -> None:
    outside = {"tcp_answers": NOT_TOLD["tcp_answers"], "dhcp_options": COMPANY}
    old = given.pod("old", phase="Succeeded", created="2026-11-23T12:00:00Z")
    new = given.pod("new", phase="Pending", created="2026-11-24T11:00:00Z")
    pods = {"pods": (old, new, given.plugin_pod())}
    assert judge(names_are_asked_of_the_vpc, **outside, **pods).verdict is Verdict.WARN


def test_an_answer_of_now_outweighs_a_pod_that_mounted_long_ago() -> None:
    assert judge(names_are_asked_of_the_vpc, dhcp_options=COMPANY, **FAILS).verdict is Verdict.FAIL


@pytest.mark.parametrize("server", ["AmazonProvidedDNS", "169.254.169.253", "10.0.0.2", "fd00:ec2::253"])
def test_the_vpcs_own_resolver_has_four_names(server: str) -> None:
    facts = {"dhcp_options": given_network.dhcp(server)} | FAILS
    assert judge(names_are_asked_of_the_vpc, **facts).verdict is Verdict.PASS


def test_a_zone_of_its_own_sends_the_name_past_the_company() -> None:
    text = f"amazonaws.com:53 {{\n forward . 169.254.169.253\n}}\n{COREFILE.replace('/etc/resolv.conf', '10.9.9.9')}"
    facts: dict[str, Any] = {"corefile": corefile(text), "dhcp_options": COMPANY}
    assert judge(names_are_asked_of_the_vpc, **facts, **FAILS).verdict is Verdict.PASS


def test_a_plugin_that_asks_the_node_does_not_depend_on_coredns() -> None:
    company = corefile(COREFILE.replace("/etc/resolv.conf", "10.9.9.9"))
    for spec in ({"dnsPolicy": "Default"}, {"hostNetwork": True}):
        assert judge(names_are_asked_of_the_vpc, corefile=company, **FAILS, **plugin(**spec)).verdict is Verdict.PASS
    assert judge(names_are_asked_of_the_vpc, corefile=company, **FAILS).verdict is Verdict.FAIL


def test_an_unread_corefile_leaves_the_way_unknown_and_a_known_hop_told() -> None:
    denied = given.denied("get configmaps")
    assert judge(names_are_asked_of_the_vpc, corefile=denied).verdict is Verdict.UNKNOWN
    assert judge(names_are_asked_of_the_vpc, corefile=denied, dhcp_options=COMPANY, **FAILS).verdict is Verdict.FAIL
    assert judge(names_are_asked_of_the_vpc, dhcp_options=given.denied("ec2:DescribeDhcpOptions")).verdict is (
        Verdict.UNKNOWN
    )


def test_the_vpcs_dns_servers_are_not_blamed_for_a_name_asked_elsewhere() -> None:
    assert judge(names_are_asked_of_the_vpc, **peered(dhcp_options=COMPANY, **FAILS)).verdict is Verdict.SKIP


def test_the_default_dhcp_options_are_amazons_and_unlisted_ones_are_not_known() -> None:
    default = Table({VPC: given_network.vpc(dhcp_options_id="default")})
    assert judge(names_are_asked_of_the_vpc, vpcs=default, dhcp_options=()).verdict is Verdict.PASS
    assert judge(names_are_asked_of_the_vpc, dhcp_options=()).verdict is Verdict.UNKNOWN


def test_a_cluster_dns_of_another_kind_is_not_judged() -> None:
    absent = Unavailable("ConfigMap kube-system/coredns", Reason.ABSENT)
    assert judge(names_are_asked_of_the_vpc, corefile=absent).verdict is Verdict.SKIP


OWN = COREFILE.replace("forward . /etc/resolv.conf", "forward . 10.9.9.9 {\n except {} \n }")


@pytest.mark.parametrize(("zone", "named"), [("amazonaws.com", "to nobody"), ("corp.example", "forwards to 10.9.9.9")])
def test_a_zone_that_a_forward_leaves_out_is_not_asked_there(zone: str, named: str) -> None:
    text = OWN.replace("{}", zone)
    assert named in judge(names_are_asked_of_the_vpc, corefile=corefile(text), **FAILS).message


def test_a_file_that_the_corefile_imports_leaves_open_who_is_asked() -> None:
    text = COREFILE.replace("forward . /etc/resolv.conf", "import custom/*.override")
    assert judge(names_are_asked_of_the_vpc, corefile=corefile(text), **FAILS).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("upstream", "verdict"),
    [
        ("10.9.9.9", Verdict.FAIL),
        ("/etc/resolv.conf", Verdict.PASS),
        ("__PILLAR__UPSTREAM__SERVERS__", Verdict.PASS),
        ("10.0.0.2", Verdict.PASS),
        ("__PILLAR__CLUSTER__DNS__", Verdict.FAIL),
        ("172.20.7.7", Verdict.FAIL),
    ],
)
def test_a_cache_on_the_nodes_asks_an_upstream_of_its_own_or_coredns(upstream: str, verdict: Verdict) -> None:
    plain = given.node_plugin()
    cache = given.replace(plain, metadata=given.replace(plain.metadata, name="node-local-dns"))
    cluster = given.eks_cluster()
    network = given.replace(cluster.kubernetes_network_config, service_ipv4_cidr="172.20.0.0/16")
    facts: dict[str, Any] = {
        "corefile": corefile(COREFILE.replace("/etc/resolv.conf", "10.9.9.9")),
        "daemon_sets": (plain, cache),
        "node_local_corefile": corefile(COREFILE.replace("/etc/resolv.conf", upstream)),
        "eks_cluster": given.replace(cluster, kubernetes_network_config=network),
    }
    assert judge(names_are_asked_of_the_vpc, **facts, **FAILS).verdict is verdict


def test_a_cache_on_the_nodes_whose_corefile_was_not_read() -> None:
    plain = given.node_plugin()
    cache = given.replace(plain, metadata=given.replace(plain.metadata, name="node-local-dns"))
    facts: dict[str, Any] = {"daemon_sets": (plain, cache), "node_local_corefile": given.denied("get configmaps")}
    assert judge(names_are_asked_of_the_vpc, **facts, **FAILS).verdict is Verdict.UNKNOWN


def test_a_plugin_with_servers_of_its_own_asks_those_alone() -> None:
    public = plugin(dnsPolicy="None", dnsConfig={"nameservers": ["8.8.8.8"]})
    found = judge(names_are_asked_of_the_vpc, **FAILS, **public)
    assert (found.verdict, found.cause) == (Verdict.FAIL, "custom-dns-servers")
    assert "the dnsConfig of fsx-csi-node names 8.8.8.8" in found.message
    amazons = plugin(dnsPolicy="None", dnsConfig={"nameservers": ["169.254.169.253"]})
    assert judge(names_are_asked_of_the_vpc, dhcp_options=COMPANY, **FAILS, **amazons).verdict is Verdict.PASS
