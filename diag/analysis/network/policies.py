"""What NetworkPolicies leave open of the ways that the driver's pods need out.

Everything is judged that is surely closed; what only opens a part of AWS's addresses counts as open. Source: Kubernetes
documentation, Network Policies.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

import msgspec

from diag.resources.kubernetes import NetworkPolicy, Workload
from diag.resources.kubernetes.namespace import IpBlock, PolicyPeer, PolicyPort
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


def limiting(policies: Iterable[NetworkPolicy], workload: Workload) -> tuple[NetworkPolicy, ...]:
    """The policies that limit what the workload's pods send; none for pods on the host's network."""
    template = workload.spec.template
    if template.spec.host_network:
        return ()
    return tuple(
        policy
        for policy in policies
        if policy.metadata.namespace == workload.metadata.namespace
        and policy.limits_egress
        and policy.spec.pod_selector.takes(template.metadata.labels or {})
    )


def lets(policy: NetworkPolicy, way: Way, labels_of: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether one of the policy's rules lets packets go that way; `labels_of` are those of namespaces by name."""
    return any(
        any(_is_port(port, way) for port in rule.ports or (PolicyPort(way.protocol),))
        and (not rule.to or any(_is_peer(peer, way, policy.metadata.namespace, labels_of) for peer in rule.to))
        for rule in policy.spec.egress or ()
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
    if way.addresses:
        known = [ipaddress.IPv4Address(address) for address in way.addresses]
        return any(one in network and not any(one in other for other in besides) for one in known)
    return not (way.is_public and any(network.subnet_of(inside) for inside in _NOT_PUBLIC))
