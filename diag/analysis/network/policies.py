"""What NetworkPolicies leave open of the ways that the driver's pods need out.

Everything is judged that is surely closed; what only opens a part of AWS's addresses counts as open. Source: Kubernetes
documentation, Network Policies.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping

import msgspec

from diag.resources.kubernetes import NetworkPolicy, Workload
from diag.resources.kubernetes.namespace import IpBlock, PolicyPeer, PolicyPort
from diag.resources.kubernetes.other_policy import Limit, OtherPolicy, cilium_labels
from diag.resources.kubernetes.pod import ENFORCING_MODE

_NOT_PUBLIC = tuple(
    ipaddress.IPv4Network(cidr)
    for cidr in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24"),
        *("192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
    )
)
"""Ranges in which AWS has no public address. Source: IANA special-purpose address registry."""

ENFORCERS = {"calico-node": "Calico", "cilium": "Cilium"}
"""DaemonSets that carry NetworkPolicies out, by name. Source: the charts of both."""


class Way(msgspec.Struct, frozen=True):
    """One way out that pods need."""

    whom: str
    protocol: str
    ports: tuple[int, ...]
    """The port that is asked, and the one behind a Service; networks differ in which of them a policy must allow."""
    port_names: tuple[str, ...] = ()
    """How a policy may call the port."""
    addresses: tuple[str, ...] = ()
    """Where that is; none for AWS's services."""
    namespace: str = ""
    """The namespace of the pods that answer; empty where none do."""
    labels: Mapping[str, str] = {}
    """The labels of these pods."""
    is_public: bool = False
    """It is reached at public addresses alone."""
    ranges: tuple[str, ...] = ()
    """Networks in which it has addresses that are not known one by one."""


def private_range(address: str) -> str:
    """The range without public addresses that holds an address; empty for a public one, and for what is none."""
    try:
        known = ipaddress.IPv4Address(address)
    except ValueError:
        return ""
    return next((str(network) for network in _NOT_PUBLIC if known in network), "")


def enforcer_of(daemon_sets: Iterable[Workload]) -> str:
    """Who carries NetworkPolicies out in this cluster; empty when nothing shows that anybody does."""
    for one in daemon_sets:
        if one.metadata.name in ENFORCERS:
            return ENFORCERS[one.metadata.name]
        for container in one.spec.template.spec.containers:
            if ("enable-network-policy", "true") in container.flags:
                return "the network policy agent of the VPC CNI"
    return ""


def denies_by_default(daemon_sets: Iterable[Workload]) -> bool:
    """Whether pods may send nothing until a policy lets them. Source: amazon-vpc-cni-k8s README, strict mode."""
    return any(
        variable.name == ENFORCING_MODE and variable.value == "strict"
        for one in daemon_sets
        for container in one.spec.template.spec.containers
        for variable in container.env or ()
    )


def limiting(
    policies: Iterable[NetworkPolicy], workload: Workload, *, ingress: bool = False
) -> tuple[NetworkPolicy, ...]:
    """The policies that limit what the workload's pods send, or are sent; none for pods on the host's network."""
    template = workload.spec.template
    if template.spec.host_network:
        return ()
    return tuple(
        policy
        for policy in policies
        if policy.metadata.namespace == workload.metadata.namespace
        and policy.limits(ingress=ingress)
        and policy.spec.pod_selector.takes(template.metadata.labels or {})
    )


def may_limit(
    policies: Iterable[OtherPolicy],
    workload: Workload,
    labels_of: Mapping[str, Mapping[str, str]],
    *,
    ingress: bool = False,
) -> tuple[OtherPolicy, ...]:
    """The policies of other kinds that limit the workload's pods, or could: what is not understood counts."""
    if workload.spec.template.spec.host_network:
        return ()
    namespace, labels = workload.metadata.namespace, workload.spec.template.metadata.labels or {}
    return tuple(
        policy
        for policy in policies
        if policy.limit(ingress=ingress) is not Limit.NONE
        and policy.namespace in ("", namespace)
        and _could_take(policy, namespace, labels, labels_of.get(namespace))
    )


def _could_take(
    policy: OtherPolicy, namespace: str, labels: Mapping[str, str], of_namespace: Mapping[str, str] | None
) -> bool:
    if policy.expressions:
        pods, namespaces = policy.expressions
        calico = {**labels, "projectcalico.org/namespace": namespace, "projectcalico.org/orchestrator": "k8s"}
        return _calico(pods, calico) and (of_namespace is None or _calico(namespaces, of_namespace))
    if of_namespace is not None and not policy.namespaces.takes(of_namespace):
        return False
    known = cilium_labels(labels, namespace) if policy.kind.startswith("Cilium") else labels
    needs = (need for need in policy.pods.requirements if ".cilium." not in need.key)
    return all(need.holds(known) for need in needs)


_TERM = re.compile(
    r"""\s*(?P<not>!)?\s*(?:all\(\)|has\(\s*(?P<has>[\w./-]+)\s*\)
    |(?P<key>[\w./-]+)\s*(?P<how>==|!=|in|not\s+in)\s*(?P<values>"[^"]*"|'[^']*'|\{[^}]*\}))\s*""",
    re.VERBOSE,
)


def _calico(expression: str, labels: Mapping[str, str]) -> bool:
    """Whether a selector of Calico takes the labels; yes for one that is not a plain `&&` of terms.

    Source: docs.tigera.io, Calico network policy, selectors.
    """
    terms = [_TERM.fullmatch(part) for part in expression.split("&&") if part.strip()]
    found = [term for term in terms if term is not None]
    return len(found) < len(terms) or all(_term(term, labels) for term in found)


def _term(term: re.Match[str], labels: Mapping[str, str]) -> bool:
    values = re.findall(r"[\"']([^\"']*)[\"']", term["values"] or "")
    if term["key"]:
        inside = labels.get(term["key"]) in values
        holds = inside if term["how"] in ("==", "in") else not inside
    else:
        holds = term["has"] is None or term["has"] in labels
    return holds is not bool(term["not"])


def lets(policy: NetworkPolicy, way: Way, labels_of: Mapping[str, Mapping[str, str]], *, ingress: bool = False) -> bool:
    """Whether one of the policy's rules lets packets go that way; `labels_of` are those of namespaces by name."""
    return any(
        any(_is_port(port, way) for port in ports or (PolicyPort(way.protocol),))
        and (not peers or any(_is_peer(peer, way, policy.metadata.namespace, labels_of) for peer in peers))
        for peers, ports in policy.rules(ingress=ingress)
    )


def _is_port(port: PolicyPort, way: Way) -> bool:
    if port.protocol != way.protocol:
        return False
    if port.port is None:
        return True
    if isinstance(port.port, str):
        return port.port in way.port_names
    last = port.end_port if port.end_port is not None else port.port
    return any(port.port <= number <= last for number in way.ports)


def _is_peer(peer: PolicyPeer, way: Way, own: str, labels_of: Mapping[str, Mapping[str, str]]) -> bool:
    if peer.ip_block is not None:
        return _holds(peer.ip_block, way)
    if not way.namespace:
        return False
    if peer.namespace_selector is None:
        in_place = peer.pod_selector is not None and way.namespace == own
    else:
        in_place = peer.namespace_selector.takes(labels_of.get(way.namespace, {}))
    return in_place and (peer.pod_selector is None or peer.pod_selector.takes(way.labels))


def _holds(block: IpBlock, way: Way) -> bool:
    try:
        network = ipaddress.IPv4Network(block.cidr, strict=False)
        besides = [ipaddress.IPv4Network(cidr, strict=False) for cidr in block.besides or ()]
    except ValueError:
        return False
    if any(network.subnet_of(other) for other in besides):
        return False
    if any(_overlaps(network, besides, one) for one in way.ranges):
        return True
    if way.addresses or way.ranges:
        known = [ipaddress.IPv4Address(address) for address in way.addresses]
        return any(one in network and not any(one in other for other in besides) for one in known)
    return not (way.is_public and any(network.subnet_of(inside) for inside in _NOT_PUBLIC))


def _overlaps(network: ipaddress.IPv4Network, besides: Iterable[ipaddress.IPv4Network], cidr: str) -> bool:
    """Whether a block takes in some of a range, after what is left out of it."""
    known = ipaddress.IPv4Network(cidr, strict=False)
    return network.overlaps(known) and not any(known.subnet_of(one) or network.subnet_of(one) for one in besides)
