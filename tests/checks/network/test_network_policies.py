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
from diag.resources.kubernetes.other_policy import KINDS, OtherPolicy, RawPolicy, policies_of
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
    # Of CoreDNS' two directions the one that something is wrong with.
    ordered = sorted(judged, key=lambda finding: finding.verdict is not Verdict.PASS)
    return {finding.subject.name: finding for finding in ordered}


def controllers(*policies: NetworkPolicy, **facts: Any) -> Finding:
    return found(*policies, **facts)["fsx-csi-controller"]


def test_without_a_policy_all_is_open() -> None:
    assert {finding.verdict for finding in found().values()} == {Verdict.PASS}


def test_nothing_leaves_and_claims_wait() -> None:
    told = found(policy(), claims=(PENDING,))
    assert told.pop("coredns").verdict is Verdict.PASS
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


CLUSTER = given.replace(
    given.eks_cluster(),
    kubernetes_network_config=given.replace(
        given.eks_cluster().kubernetes_network_config, service_ipv4_cidr="172.20.0.0/16"
    ),
)
INSIDE: dict[str, Any] = {"eks_cluster": CLUSTER}


@pytest.mark.parametrize(
    ("block", "is_open"),
    [
        ({"cidr": "0.0.0.0/0"}, True),
        ({"cidr": "172.20.0.1/32"}, True),
        ({"cidr": "10.0.7.0/24"}, True),
        ({"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "172.16.0.0/12"]}, False),
        ({"cidr": "52.0.0.0/8"}, False),
    ],
)
def test_the_controller_needs_the_api_server(block: Rule, is_open: bool) -> None:
    rule = {"to": [{"ipBlock": block}, {"ipBlock": {"cidr": "52.0.0.0/8"}}], **HTTPS}
    told = controllers(policy(DNS, rule), claims=(PENDING,), **INSIDE)
    assert (told.verdict is Verdict.PASS) is is_open
    assert is_open or "way to the API server (TCP 443)" in told.message


def of_core_dns(*policies: NetworkPolicy, **facts: Any) -> Finding:
    return found(dns_policies=policies, **facts)["coredns"]


def dns_policy(**spec: Any) -> NetworkPolicy:
    metadata = {"name": "dns", "namespace": "kube-system"}
    return msgspec.convert({"metadata": metadata, "spec": {"podSelector": {}, **spec}}, NetworkPolicy)


FROM_PLUGIN = [{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": given.NAMESPACE}}}]}]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"policyTypes": ["Ingress"]}, "CoreDNS to questions of the node plugin (UDP 53)"),
        ({"ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]}, "questions"),
        ({"ingress": [{"ports": [{"protocol": "TCP", "port": 53}]}]}, "questions"),
        ({"policyTypes": ["Egress"], "egress": [HTTPS]}, "CoreDNS's way to the VPC's resolver (UDP 53)"),
    ],
)
def test_policies_of_core_dns_that_keep_the_names_from_the_nodes(spec: dict[str, Any], says: str) -> None:
    told = of_core_dns(dns_policy(**spec))
    assert (told.verdict, told.cause) == (Verdict.FAIL, "network-policy-blocks-driver")
    assert says in told.message
    assert told.fix is not None


@pytest.mark.parametrize(
    "spec",
    [
        {"ingress": [{}]},
        {"ingress": FROM_PLUGIN},
        {"policyTypes": ["Ingress"], "podSelector": {"matchLabels": {"app": "other"}}},
        {"policyTypes": ["Egress"], "egress": [DNS]},
    ],
)
def test_policies_of_core_dns_that_let_the_questions_through(spec: dict[str, Any]) -> None:
    assert of_core_dns(dns_policy(**spec)).verdict is Verdict.PASS


def test_policies_of_core_dns_that_were_not_seen() -> None:
    assert found(dns_policies=given.denied("list networkpolicies"))["coredns"].verdict is Verdict.UNKNOWN


def other(kind: str, namespace: str = "", **spec: Any) -> tuple[OtherPolicy, ...]:
    (known,) = (one for one in KINDS if one.kind == kind and (one.group != "networking.k8s.aws" or "Appl" in kind))
    raw = msgspec.convert({"metadata": {"name": "team", "namespace": namespace}, "spec": spec}, RawPolicy)
    return tuple(policies_of(raw, known))


ANY_ENTITY = [{"toEntities": ["cluster"]}]


@pytest.mark.parametrize(
    "policies",
    [
        other("CiliumClusterwideNetworkPolicy", endpointSelector={}, egress=ANY_ENTITY),
        other("CiliumNetworkPolicy", given.NAMESPACE, endpointSelector={}, egressDeny=[{"toEntities": ["world"]}]),
        other("CiliumClusterwideNetworkPolicy", egress=ANY_ENTITY, endpointSelector={
            "matchLabels": {"k8s:io.kubernetes.pod.namespace": given.NAMESPACE}}),
        other("GlobalNetworkPolicy", selector="all()", types=["Egress"], egress=[{"action": "Allow"}]),
        other("GlobalNetworkPolicy", egress=[{"action": "Allow"}],
              selector=f"projectcalico.org/namespace == '{given.NAMESPACE}' && has(app)"),
        other("GlobalNetworkPolicy", selector="app == 'a' || app == 'b'", egress=[{"action": "Allow"}]),
        other("AdminNetworkPolicy", subject={"namespaces": {}}, egress=[{"action": "Deny", "to": []}]),
        other("BaselineAdminNetworkPolicy", subject={"namespaces": {}}, egress=[{"action": "Deny", "to": []}]),
        other("ApplicationNetworkPolicy", given.NAMESPACE, podSelector={}, policyTypes=["Egress"], egress=[{"to": []}]),
    ],
)  # fmt: skip
def test_policies_of_other_kinds_that_may_close_a_way(policies: tuple[OtherPolicy, ...]) -> None:
    told = controllers(other_policies=policies, claims=(PENDING,))
    assert told.verdict is Verdict.UNKNOWN
    assert f"policies of kind {policies[0].kind} are present that this tool does not judge" in told.message
    assert told.evidence == (str(policies[0]),)


@pytest.mark.parametrize(
    "policies",
    [
        other("CiliumClusterwideNetworkPolicy", endpointSelector={"matchLabels": {"app": "web"}}, egress=ANY_ENTITY),
        other("CiliumNetworkPolicy", "web", endpointSelector={}, egress=ANY_ENTITY),
        other("CiliumClusterwideNetworkPolicy", endpointSelector={}, ingress=[{}]),
        other("CiliumClusterwideNetworkPolicy", nodeSelector={}, egress=ANY_ENTITY),
        other("CiliumClusterwideNetworkPolicy", endpointSelector={}, egress=ANY_ENTITY,
              enableDefaultDeny={"egress": False}),
        other("GlobalNetworkPolicy", selector="app == 'web'", types=["Egress"]),
        other("GlobalNetworkPolicy", selector="projectcalico.org/namespace in {'web', 'db'}", types=["Egress"]),
        other("GlobalNetworkPolicy", selector="!has(app)", types=["Egress"]),
        other("GlobalNetworkPolicy", selector="all()", types=["Ingress"]),
        other("AdminNetworkPolicy", subject={"namespaces": {}}, egress=[{"action": "Allow"}, {"action": "Pass"}]),
        other("AdminNetworkPolicy", subject={"namespaces": {"matchLabels": {"team": "web"}}},
              egress=[{"action": "Deny"}]),
    ],
)  # fmt: skip
def test_policies_of_other_kinds_that_leave_the_controller_alone(policies: tuple[OtherPolicy, ...]) -> None:
    assert controllers(other_policies=policies, claims=(PENDING,)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "policies",
    [
        other("CiliumClusterwideNetworkPolicy", endpointSelector={}, egress=[{}]),
        other("CiliumNetworkPolicy", given.NAMESPACE, endpointSelector={}, egress=[]),
        other("GlobalNetworkPolicy", selector="all()", types=["Ingress", "Egress"]),
        other("Calico NetworkPolicy", given.NAMESPACE, selector="", types=["Egress"], egress=[{"action": "Deny"}]),
    ],
)
def test_policies_of_other_kinds_that_let_nothing_through(policies: tuple[OtherPolicy, ...]) -> None:
    told = found(other_policies=policies, claims=(PENDING,))
    for name in ("fsx-csi-controller", "fsx-csi-node"):
        assert (told[name].verdict, told[name].cause) == (Verdict.FAIL, "network-policy-blocks-driver")
        assert str(policies[0]) in told[name].message
    beside = other("CiliumClusterwideNetworkPolicy", endpointSelector={}, egress=ANY_ENTITY)
    assert controllers(other_policies=(*policies, *beside), claims=(PENDING,)).verdict is Verdict.UNKNOWN


def test_policies_of_other_kinds_around_core_dns() -> None:
    into = other(
        "CiliumNetworkPolicy", "kube-system", endpointSelector={"matchLabels": {"k8s-app": "kube-dns"}}, ingress=[{}]
    )
    assert found(other_policies=into)["coredns"].verdict is Verdict.FAIL
    assert found(other_policies=into)["fsx-csi-node"].verdict is Verdict.PASS


def test_policies_of_other_kinds_that_were_not_seen() -> None:
    denied = given.denied("list ciliumnetworkpolicies.cilium.io")
    assert controllers(other_policies=denied).verdict is Verdict.UNKNOWN
    assert controllers(policy(), other_policies=denied, claims=(PENDING,)).verdict is Verdict.FAIL


def test_a_cache_on_the_nodes_does_not_need_core_dns_for_other_names() -> None:
    plain = given.node_plugin()
    cache = given.replace(plain, metadata=given.replace(plain.metadata, name="node-local-dns"))
    closed = dns_policy(policyTypes=["Ingress"])
    assert "coredns" not in found(dns_policies=(closed,), daemon_sets=(plain, vpc_cni(), cache))


NOWHERE = [{"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}]


@pytest.mark.parametrize("kind", ["AdminNetworkPolicy", "BaselineAdminNetworkPolicy"])
def test_an_admins_first_rule_that_denies_every_network_closes_every_way(kind: str) -> None:
    closing = other(kind, subject={"namespaces": {}}, egress=NOWHERE)
    told = controllers(other_policies=closing, claims=(PENDING,))
    assert (told.verdict, told.cause) == (Verdict.FAIL, "network-policy-blocks-driver")
    assert f"{kind} team" in told.message


@pytest.mark.parametrize(
    "egress", [[{"action": "Allow"}, *NOWHERE], [{**NOWHERE[0], "ports": [{"portNumber": {"port": 25}}]}]]
)
def test_an_admins_rule_that_comes_later_or_is_of_ports_is_not_judged(egress: list[Rule]) -> None:
    policies = other("AdminNetworkPolicy", subject={"namespaces": {}}, egress=egress)
    assert controllers(other_policies=policies, claims=(PENDING,)).verdict is Verdict.UNKNOWN


def test_a_baseline_is_not_of_pods_that_a_network_policy_selects() -> None:
    baseline = other("BaselineAdminNetworkPolicy", subject={"namespaces": {}}, egress=NOWHERE)
    assert controllers(policy({}), other_policies=baseline, claims=(PENDING,)).verdict is Verdict.PASS
    admins = other("AdminNetworkPolicy", subject={"namespaces": {}}, egress=NOWHERE)
    assert controllers(policy({}), other_policies=admins, claims=(PENDING,)).verdict is Verdict.FAIL
