"""Namespaces, what they admit, and what their NetworkPolicies let through."""

from __future__ import annotations

import msgspec

from diag.model.subject import Kind, Subject
from diag.resources.kubernetes.meta import KubernetesObject, LabelSelector, Metadata


class NamespaceStatus(KubernetesObject, frozen=True):
    """status of a Namespace."""

    phase: str = ""


class Namespace(KubernetesObject, frozen=True):
    """A Namespace."""

    metadata: Metadata
    status: NamespaceStatus = NamespaceStatus()

    @property
    def subject(self) -> Subject:
        """The namespace as the subject of findings."""
        return Subject(Kind.NAMESPACE, self.metadata.name)


class QuotaSpec(KubernetesObject, frozen=True):
    """spec of a ResourceQuota."""

    hard: dict[str, str] | None = None


class QuotaStatus(KubernetesObject, frozen=True):
    """status of a ResourceQuota."""

    hard: dict[str, str] | None = None
    used: dict[str, str] | None = None


class ResourceQuota(KubernetesObject, frozen=True):
    """A ResourceQuota."""

    metadata: Metadata
    spec: QuotaSpec = QuotaSpec()
    status: QuotaStatus = QuotaStatus()


class LimitRangeItem(KubernetesObject, frozen=True):
    """The limits of one type of object."""

    type: str = ""
    max: dict[str, str] | None = None
    min: dict[str, str] | None = None


class LimitRangeSpec(KubernetesObject, frozen=True):
    """spec of a LimitRange."""

    limits: tuple[LimitRangeItem, ...] | None = None


class LimitRange(KubernetesObject, frozen=True):
    """A LimitRange."""

    metadata: Metadata
    spec: LimitRangeSpec = LimitRangeSpec()


class IpBlock(KubernetesObject, frozen=True):
    """A range of addresses, and what is left out of it."""

    cidr: str = ""
    besides: tuple[str, ...] | None = msgspec.field(default=None, name="except")


class PolicyPeer(KubernetesObject, frozen=True):
    """Whom a rule lets through: addresses, or pods by their labels and those of their namespace."""

    ip_block: IpBlock | None = None
    namespace_selector: LabelSelector | None = None
    pod_selector: LabelSelector | None = None


class PolicyPort(KubernetesObject, frozen=True):
    """Ports of a rule; without a number all of the protocol."""

    protocol: str = "TCP"
    port: int | str | None = None
    end_port: int | None = None


class EgressRule(KubernetesObject, frozen=True):
    """Where packets may go; no peer is every one, and no port every one."""

    to: tuple[PolicyPeer, ...] | None = None
    ports: tuple[PolicyPort, ...] | None = None


class IngressRule(KubernetesObject, frozen=True):
    """Where packets may come from; no peer is every one, and no port every one."""

    from_: tuple[PolicyPeer, ...] | None = msgspec.field(default=None, name="from")
    ports: tuple[PolicyPort, ...] | None = None


class NetworkPolicySpec(KubernetesObject, frozen=True):
    """spec of a NetworkPolicy."""

    pod_selector: LabelSelector = LabelSelector()
    policy_types: tuple[str, ...] | None = None
    egress: tuple[EgressRule, ...] | None = None
    ingress: tuple[IngressRule, ...] | None = None


class NetworkPolicy(KubernetesObject, frozen=True):
    """A NetworkPolicy."""

    metadata: Metadata
    spec: NetworkPolicySpec = NetworkPolicySpec()

    def limits(self, *, ingress: bool) -> bool:
        """Whether the pods that it selects may be sent, or may send, only what some policy lets through."""
        if types := self.spec.policy_types:
            return ("Ingress" if ingress else "Egress") in types
        return ingress or bool(self.spec.egress)

    def rules(self, *, ingress: bool) -> tuple[tuple[tuple[PolicyPeer, ...], tuple[PolicyPort, ...]], ...]:
        """What it lets through in one direction: peers and ports of each rule; none of either is every one."""
        if ingress:
            return tuple((rule.from_ or (), rule.ports or ()) for rule in self.spec.ingress or ())
        return tuple((rule.to or (), rule.ports or ()) for rule in self.spec.egress or ())
