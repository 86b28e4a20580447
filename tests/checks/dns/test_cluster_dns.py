"""CoreDNS, which answers the node plugin."""

from __future__ import annotations

import pytest

from checks.dns.cluster_dns import core_dns_is_up
from diag import Verdict
from diag.resources.kubernetes import Workload
from tests.checks import given, given_network
from tests.checks.given_driver_objects import PENDING
from tests.checks.given_name_resolution_path import core_dns, judge, plugin


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


def test_a_cache_on_the_nodes_answers_names_outside_the_cluster_without_coredns() -> None:
    plain = given.node_plugin()
    meta = given.replace(plain.metadata, name="node-local-dns", labels={"k8s-app": "node-local-dns"})
    facts = {"daemon_sets": (plain, given.replace(plain, metadata=meta))}
    found = judge(core_dns_is_up, deployments=(core_dns(available=0),), **facts)
    assert found.verdict is Verdict.WARN and "NodeLocal DNSCache asks its own upstream" in found.message


def cache(ready: int) -> dict[str, object]:
    plain = given.node_plugin()
    meta = given.replace(plain.metadata, name="node-local-dns", labels={"k8s-app": "node-local-dns"})
    status = given.replace(plain.status, desired_number_scheduled=3, number_ready=ready)
    return {"daemon_sets": (plain, given.replace(plain, metadata=meta, status=status))}


@pytest.mark.parametrize(("ready", "verdict"), [(0, Verdict.FAIL), (2, Verdict.WARN)])
def test_a_cache_that_is_not_ready_answers_nobody_on_its_node(ready: int, verdict: Verdict) -> None:
    given_here = {"deployments": (core_dns(),), "pods": (given.pod(phase="Pending"),), **given_network.network()}
    first, *_ = given.findings(core_dns_is_up, **given_here, **cache(ready))
    assert (first.verdict, first.cause, first.subject.name) == (verdict, "coredns-unhealthy", "node-local-dns")
    assert f"{ready} of 3 nodes" in first.message
    assert len(given.findings(core_dns_is_up, **given_here, **cache(3))) == 1
    up = given.findings(core_dns_is_up, **given_here | {"pods": (given.pod(),)}, **cache(ready))
    assert (len(up) == 1) == bool(ready), "a node that has just joined"


def test_the_controller_asks_it_for_the_names_of_aws() -> None:
    by_address = given.volume(attributes={"dnsname": "10.0.1.5", "mountname": "abcdebev"})
    down = {"deployments": (core_dns(available=0), given.controller()), "persistent_volumes": (by_address,)}
    (found,) = given.findings(core_dns_is_up, claims=(PENDING,), **down)
    assert (found.verdict, found.cause, found.concerns) == (Verdict.FAIL, "coredns-unhealthy", (PENDING.subject,))
    (found,) = given.findings(core_dns_is_up, **down)
    assert found.verdict is Verdict.SKIP


def test_a_node_plugin_that_names_the_clusters_dns_itself_asks_it() -> None:
    down = {"deployments": (core_dns(available=0),)}
    own = plugin(dnsPolicy="None", dnsConfig={"nameservers": ["172.20.0.10"]})
    cluster = given.eks_cluster()
    network = given.replace(cluster.kubernetes_network_config, service_ipv4_cidr="172.20.0.0/16")
    named = given.replace(cluster, kubernetes_network_config=network)
    assert judge(core_dns_is_up, **down, **own, eks_cluster=named).verdict is Verdict.FAIL
    other = given.replace(network, service_ipv4_cidr="10.100.0.0/16")
    elsewhere = given.replace(cluster, kubernetes_network_config=other)
    assert judge(core_dns_is_up, **down, **own, eks_cluster=elsewhere).verdict is Verdict.SKIP
