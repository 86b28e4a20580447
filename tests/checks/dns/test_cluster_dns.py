"""CoreDNS, which answers the node plugin."""

from __future__ import annotations

import pytest

from checks.dns.cluster_dns import core_dns_is_up
from diag import Verdict
from diag.resources.kubernetes import Workload
from tests.checks import given
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
