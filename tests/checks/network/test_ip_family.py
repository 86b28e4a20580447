"""The cluster's IP family."""

from __future__ import annotations

from typing import Any

from checks.network.ip_family import cluster_is_ipv4
from diag import Verdict
from diag.model.finding import Finding
from tests.checks import given
from tests.checks.given_file_system import judge


def family(name: str, **facts: Any) -> Finding:
    cluster = given.eks_cluster(kubernetesNetworkConfig={"ipFamily": name})
    return judge(cluster_is_ipv4, eks_cluster=cluster, **facts)


def test_an_ipv6_cluster_fails_unless_it_is_seen_to_work() -> None:
    assert family("ipv4").verdict is Verdict.PASS
    waiting = family("ipv6", pods=(given.pod(phase="Pending"), given.plugin_pod()))
    assert (waiting.verdict, waiting.cause) == (Verdict.FAIL, "ipv6-cluster")
    assert family("ipv6").verdict is Verdict.WARN
    assert family("ipv6", pods=given.denied("list pods")).verdict is Verdict.FAIL
    assert judge(cluster_is_ipv4, eks_cluster=given.denied("eks:DescribeCluster")).verdict is Verdict.UNKNOWN
    failed = family("ipv6", pods=(given.pod(phase="Failed"), given.plugin_pod()))
    assert failed.verdict is Verdict.FAIL, "a pod that failed before any container started shows no mount"
