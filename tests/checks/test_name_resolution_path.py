"""vpc-dns, dns-servers, cluster-dns, dns-vpc: everything that a name passes on its way to the VPC's resolver."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.dns.cluster_dns import core_dns_is_up
from checks.dns.dns_servers import names_are_asked_of_the_vpc
from checks.dns.dns_vpc import name_is_used_in_its_vpc
from checks.dns.vpc_dns import vpc_resolves_names
from diag import Reason, Table, Unavailable, Verdict
from diag.declare.check import Check
from diag.model.finding import Finding
from diag.resources.ec2 import Instance
from diag.resources.kubernetes import Workload
from diag.resources.reachability import Connect
from tests.checks import given, given_network
from tests.checks.given_network import ADDRESS, COREFILE, NAME, PEER, VPC, answered, corefile

# A laptop outside the VPC, and a pod that waits: nothing tells whether the name resolves for the nodes.
NOT_TOLD: dict[str, Any] = {
    "tcp_answers": given_network.connects(Connect.TIMEOUT, source="192.168.178.20"),
    "pods": (given.pod(phase="Pending"), given.plugin_pod()),
}
FAILS: dict[str, Any] = {"dns_answers": answered()}
COMPANY = given_network.dhcp("10.9.9.9", "10.9.9.10")


def judge(check: Check, name: str = NAME, **facts: Any) -> Finding:
    volume = given.volume(attributes={"dnsname": name, "mountname": "abcdebev"})
    (finding,) = given.findings(check, persistent_volumes=(volume,), **(given_network.network() | facts))
    return finding


def core_dns(*, replicas: int = 2, available: int = 2) -> Workload:
    raw = {
        "metadata": {"name": "coredns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "kind": "Deployment",
        "spec": {"replicas": replicas},
        "status": {"replicas": replicas, "availableReplicas": available},
    }
    return msgspec.convert(raw, Workload)


def plugin(**spec: Any) -> dict[str, Any]:
    return {"daemon_sets": (given.node_plugin(**spec),)}


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


@pytest.mark.parametrize(("support", "hostnames"), [(False, True), (True, False), (False, False)])
def test_either_switch_of_the_vpc_breaks_names(support: bool, hostnames: bool) -> None:
    vpc = given_network.vpc(enable_dns_support=support, enable_dns_hostnames=hostnames)
    found = judge(vpc_resolves_names, vpcs=Table({VPC: vpc}))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "vpc-dns-disabled")
    assert found.fix is not None
    assert len(found.fix.commands) == (not support) + (not hostnames)


def test_the_switches_are_unknown_when_they_may_not_be_read() -> None:
    denied = given.denied("ec2:DescribeVpcAttribute")
    assert judge(vpc_resolves_names, vpcs=Table({}, {VPC: denied})).verdict is Verdict.UNKNOWN
    assert judge(vpc_resolves_names, vpcs=denied).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"dhcp_options": COMPANY}, "10.9.9.9"),
        ({"dhcp_options": given_network.dhcp()}, "no DNS server"),
        ({"corefile": corefile(COREFILE.replace("/etc/resolv.conf", "10.9.9.9"))}, "CoreDNS forwards to 10.9.9.9"),
        ({"corefile": corefile(COREFILE.replace("forward .", "#"))}, "to nobody"),
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


def test_an_answer_of_now_outweighs_a_pod_that_mounted_long_ago() -> None:
    assert judge(names_are_asked_of_the_vpc, dhcp_options=COMPANY, **FAILS).verdict is Verdict.FAIL


@pytest.mark.parametrize("server", ["AmazonProvidedDNS", "169.254.169.253", "10.0.0.2"])
def test_the_vpcs_own_resolver_has_three_names(server: str) -> None:
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


def test_coredns_is_up_with_one_replica() -> None:
    for available in (2, 1):
        assert judge(core_dns_is_up, deployments=(core_dns(available=available),)).verdict is Verdict.PASS


@pytest.mark.parametrize("deployment", [core_dns(available=0), core_dns(replicas=0, available=0)])
def test_coredns_without_a_replica_breaks_every_volume_by_name(deployment: Workload) -> None:
    found = judge(core_dns_is_up, deployments=(deployment,))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "coredns-unhealthy")
    assert given.volume().subject in found.concerns


def test_coredns_is_not_blamed_where_nobody_asks_it() -> None:
    down = (core_dns(available=0),)
    assert judge(core_dns_is_up, deployments=down, **plugin(dnsPolicy="Default")).verdict is Verdict.SKIP
    assert judge(core_dns_is_up, deployments=()).verdict is Verdict.SKIP, "EKS Auto Mode has no such Deployment"
    assert judge(core_dns_is_up, deployments=given.denied("list deployments")).verdict is Verdict.UNKNOWN


def peered(**fields: Any) -> dict[str, Any]:
    return {"instances": given_network.instances(given_network.instance(given.node(), vpc_id=PEER)), **fields}


def test_a_name_asked_from_a_peered_vpc_fails_and_the_address_mends_it() -> None:
    found = judge(name_is_used_in_its_vpc, **peered(**NOT_TOLD))
    assert (found.verdict, found.cause) == (Verdict.FAIL, "dns-outside-vpc")
    assert found.fix is not None
    assert ADDRESS in found.fix.note


def test_from_a_peered_vpc_an_address_or_a_name_that_resolves_is_right() -> None:
    assert judge(name_is_used_in_its_vpc, ADDRESS, **peered(**NOT_TOLD)).verdict is Verdict.SKIP
    assert judge(name_is_used_in_its_vpc, **peered()).verdict is Verdict.PASS


def test_the_vpcs_dns_servers_are_not_blamed_for_a_name_asked_elsewhere() -> None:
    assert judge(names_are_asked_of_the_vpc, **peered(dhcp_options=COMPANY, **FAILS)).verdict is Verdict.SKIP


def test_where_the_nodes_are_may_be_unknown() -> None:
    absent = Unavailable("i-0", Reason.ABSENT, "EC2 has no such object")
    missing: Table[Instance] = Table({}, {given.node().instance_id: absent})
    assert judge(name_is_used_in_its_vpc, instances=missing).verdict is Verdict.UNKNOWN
    denied = given.denied("ec2:DescribeInstances")
    assert judge(name_is_used_in_its_vpc, instances=denied).verdict is Verdict.UNKNOWN


def test_the_default_dhcp_options_are_amazons_and_unlisted_ones_are_not_known() -> None:
    default = Table({VPC: given_network.vpc(dhcp_options_id="default")})
    assert judge(names_are_asked_of_the_vpc, vpcs=default, dhcp_options=()).verdict is Verdict.PASS
    assert judge(names_are_asked_of_the_vpc, dhcp_options=()).verdict is Verdict.UNKNOWN


def test_a_cluster_dns_of_another_kind_is_not_judged() -> None:
    absent = Unavailable("ConfigMap kube-system/coredns", Reason.ABSENT)
    assert judge(names_are_asked_of_the_vpc, corefile=absent).verdict is Verdict.SKIP
