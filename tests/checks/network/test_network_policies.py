"""The NetworkPolicies of the driver's namespace leave its pods their ways out."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.network.network_policies import policies_leave_the_driver_its_ways
from diag import Verdict
from diag.model.finding import Finding
from diag.resources.ec2 import VpcEndpoint
from diag.resources.kubernetes import NetworkPolicy, Pod, Service, Workload
from tests.checks import given
from tests.checks.given_driver_objects import PENDING

Rule = dict[str, Any]
DNS = {"ports": [{"protocol": "UDP", "port": 53}]}
HTTPS = {"ports": [{"protocol": "TCP", "port": 443}]}
SERVICE = {"metadata": {"name": "kube-dns"}, "spec": {"clusterIP": "172.20.0.10", "ports": []}}
CORE_DNS = {
    "metadata": {"name": "coredns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
    "spec": {"template": {"metadata": {"labels": {"k8s-app": "kube-dns"}}}},
}


def policy(*egress: Rule, select: Rule | None = None, **spec: Any) -> NetworkPolicy:
    raw = {"podSelector": select or {}, "policyTypes": ["Egress"], "egress": list(egress), **spec}
    metadata = {"name": "team", "namespace": given.NAMESPACE}
    return msgspec.convert({"metadata": metadata, "spec": raw}, NetworkPolicy)


def vpc_cni(enforces: str = "true", mode: str = "standard") -> Workload:
    containers = [
        given.container(
            "aws-node", "amazon-k8s-cni:v1.21.1", env=[{"name": "NETWORK_POLICY_ENFORCING_MODE", "value": mode}]
        ),
        given.container("agent", "aws-network-policy-agent:v1.2.7", args=[f"--enable-network-policy={enforces}"]),
    ]
    raw = {"metadata": {"name": "aws-node"}, "spec": {"template": {"spec": {"containers": containers}}}}
    return msgspec.convert(raw, Workload)


def found(
    *policies: NetworkPolicy, cni: Workload | None = None, env: tuple[str, ...] = (), **facts: Any
) -> dict[str, Finding]:
    """By the name of the workload."""
    pods: tuple[Pod, ...] = (given.pod(), given.plugin_pod(), given.plugin_pod(workload=given.controller(env=env)))
    usual = {
        "driver_policies": policies,
        "deployments": (given.controller(), msgspec.convert(CORE_DNS, Workload)),
        "daemon_sets": (given.node_plugin(), cni or vpc_cni()),
        "dns_service": msgspec.convert(SERVICE, Service),
        "pods": pods,
        "vpc_endpoints": (),
    }
    judged = given.findings(policies_leave_the_driver_its_ways, **(usual | facts))
    return {finding.subject.name: finding for finding in judged}


def controllers(*policies: NetworkPolicy, **facts: Any) -> Finding:
    return found(*policies, **facts)["fsx-csi-controller"]


def test_without_a_policy_all_is_open() -> None:
    assert {finding.verdict for finding in found().values()} == {Verdict.PASS}


def test_nothing_leaves_and_claims_wait() -> None:
    told = found(policy(), claims=(PENDING,))
    assert [finding.verdict for finding in told.values()] == [Verdict.FAIL, Verdict.FAIL]
    assert {finding.cause for finding in told.values()} == {"network-policy-blocks-driver"}
    assert "the cluster's DNS (UDP 53), FSx (TCP 443)" in told["fsx-csi-controller"].message
    assert told["fsx-csi-controller"].concerns == (PENDING.subject,)
    assert "FSx" not in told["fsx-csi-node"].message, "the node plugin calls no API of AWS for a mount"


def test_without_a_waiting_claim_or_an_enforcer_it_only_warns() -> None:
    assert controllers(policy()).verdict is Verdict.WARN
    assert controllers(policy(), claims=(PENDING,), cni=vpc_cni("false")).verdict is Verdict.WARN


@pytest.mark.parametrize("name", ["cilium", "calico-node"])
def test_others_enforce_too(name: str) -> None:
    other = msgspec.convert({"metadata": {"name": name}}, Workload)
    assert controllers(policy(), claims=(PENDING,), cni=other).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "rules",
    [
        ({},),
        (DNS, HTTPS),
        ({"ports": [{"protocol": "UDP"}, {"protocol": "TCP", "port": 1, "endPort": 65535}]},),
        ({"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}]},),
        ({"to": [{"namespaceSelector": {}}], **DNS}, {"to": [{"ipBlock": {"cidr": "52.0.0.0/8"}}], **HTTPS}),
        ({"to": [{"podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}]}, HTTPS),
        ({"to": [{"ipBlock": {"cidr": "172.20.0.10/32"}}], "ports": [{"protocol": "UDP", "port": "dns"}]}, HTTPS),
    ],
)
def test_rules_that_leave_every_way(rules: tuple[Rule, ...]) -> None:
    assert controllers(policy(*rules), claims=(PENDING,)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("rule", "still_closed"),
    [
        ({"ports": [{"protocol": "TCP", "port": 53}]}, "UDP 53"),
        ({"to": [{"namespaceSelector": {"matchLabels": {"team": "dns"}}}], **DNS}, "UDP 53"),
        ({"to": [{"podSelector": {"matchLabels": {"app": "coredns"}}}], **DNS}, "UDP 53"),
        ({"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": HTTPS["ports"]}, "TCP 443"),
        ({"to": [{"namespaceSelector": {}}]}, "TCP 443"),
        ({"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["0.0.0.0/0"]}}]}, "TCP 443"),
    ],
)
def test_rules_that_leave_one_closed(rule: Rule, still_closed: str) -> None:
    other = HTTPS if still_closed == "UDP 53" else DNS
    told = controllers(policy(rule, other), claims=(PENDING,))
    assert (told.verdict, still_closed in told.message) == (Verdict.FAIL, True)


def test_policies_add_up_and_others_do_not_count() -> None:
    assert controllers(policy(), policy(DNS), policy(HTTPS), claims=(PENDING,)).verdict is Verdict.PASS
    others = policy(select={"matchLabels": {"app": "fsx-csi-node"}})
    assert controllers(others, claims=(PENDING,)).verdict is Verdict.PASS
    inbound = policy(policyTypes=["Ingress"])
    assert controllers(inbound, claims=(PENDING,)).verdict is Verdict.PASS


def test_an_endpoint_of_the_vpc_is_private() -> None:
    inside = policy(DNS, {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], **HTTPS})
    endpoint = VpcEndpoint("vpce-0", "com.amazonaws.ap-northeast-2.fsx", private_dns_enabled=True)
    assert controllers(inside, claims=(PENDING,), vpc_endpoints=(endpoint,)).verdict is Verdict.PASS
    unread = given.denied("ec2:DescribeVpcEndpoints")
    assert controllers(inside, claims=(PENDING,), vpc_endpoints=unread).verdict is Verdict.PASS


def test_pod_identity_needs_its_agent() -> None:
    env = ("AWS_CONTAINER_CREDENTIALS_FULL_URI",)
    told = controllers(policy(DNS, HTTPS), claims=(PENDING,), env=env)
    assert (told.verdict, "the Pod Identity agent (TCP 80)" in told.message) == (Verdict.FAIL, True)


def test_strict_mode_without_a_policy_is_closed() -> None:
    told = controllers(claims=(PENDING,), cni=vpc_cni(mode="strict"))
    assert (told.verdict, "strict mode" in told.message) == (Verdict.FAIL, True)


def test_the_fix_adds_a_policy_for_these_very_pods() -> None:
    fix = controllers(policy(DNS), claims=(PENDING,)).fix
    assert fix is not None
    save, make, apply = fix.commands
    assert "get networkpolicy team -o yaml" in save
    assert '"name":"fsx-csi-controller-egress"' in make
    assert '"egress":[{"ports":[{"protocol":"TCP","port":443}]}]' in make
    assert apply.endswith("kubectl apply -f networkpolicy-egress.yaml")


def test_what_does_not_ask_or_was_not_seen() -> None:
    assert controllers(policy(), storage_classes=()).verdict is Verdict.SKIP
    by_address = given.volume(attributes={"dnsname": "10.0.1.67", "mountname": "abcdebev"})
    assert found(policy(), persistent_volumes=(by_address,))["fsx-csi-node"].verdict is Verdict.SKIP
    assert "fsx.csi.aws.com" in found(policy(), daemon_sets=given.denied("list daemonsets"))
    by_label = policy({"to": [{"namespaceSelector": {"matchLabels": {"team": "dns"}}}], **DNS}, HTTPS)
    assert controllers(by_label, namespaces=given.denied("list namespaces")).verdict is Verdict.UNKNOWN
    (finding,) = found(driver_policies=given.denied("list networkpolicies")).values()
    assert finding.verdict is Verdict.UNKNOWN
