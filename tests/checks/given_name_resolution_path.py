"""vpc-dns, dns-servers, cluster-dns, dns-vpc: everything that a name passes on its way to the VPC's resolver."""

from __future__ import annotations

from typing import Any

import msgspec

from diag.model.finding import Finding
from diag.registry import Check
from diag.resources.kubernetes import Workload
from diag.resources.reachability import Connect
from diag.resources.route53 import RecordSet, RecordValue
from tests.checks import given, given_network
from tests.checks.given_network import NAME, PEER

# A laptop outside the VPC, and a pod that waits: nothing tells whether the name resolves for the nodes.
NOT_TOLD: dict[str, Any] = {
    "tcp_answers": given_network.connects(Connect.TIMEOUT, source="192.168.178.20"),
    "pods": (given.pod(phase="Pending"), given.plugin_pod()),
}
ZONE = "Z0123456789ABCDEFGHIJ"
COMPANY = given_network.dhcp("10.9.9.9", "10.9.9.10")


def judge(check: Check, name: str = NAME, **facts: Any) -> Finding:
    volume = given.volume(attributes={"dnsname": name, "mountname": "abcdebev"})
    (finding,) = given.findings(check, persistent_volumes=(volume,), **(given_network.network() | facts))
    return finding


def record(name: str, *values: str, type: str = "A") -> RecordSet:
    return RecordSet(f"{name}.", type, tuple(RecordValue(value) for value in values))


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


def peered(**fields: Any) -> dict[str, Any]:
    return {"instances": given_network.instances(given_network.instance(given.node(), vpc_id=PEER)), **fields}
