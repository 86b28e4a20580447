"""Policies of other kinds than NetworkPolicy that may drop a pod's packets: Cilium's, Calico's, AWS's, the admin's."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from diag.resources.kubernetes.meta import KubernetesObject, LabelSelector, Metadata


class PolicyKind(msgspec.Struct, frozen=True):
    """One kind of policy, where it is read."""

    group: str
    plural: str
    kind: str

    @property
    def resource(self) -> str:
        """`ciliumnetworkpolicies.cilium.io`: plural names alone are those of several groups."""
        return f"{self.plural}.{self.group}"


KINDS = (
    PolicyKind("cilium.io", "ciliumnetworkpolicies", "CiliumNetworkPolicy"),
    PolicyKind("cilium.io", "ciliumclusterwidenetworkpolicies", "CiliumClusterwideNetworkPolicy"),
    PolicyKind("crd.projectcalico.org", "networkpolicies", "Calico NetworkPolicy"),
    PolicyKind("crd.projectcalico.org", "globalnetworkpolicies", "GlobalNetworkPolicy"),
    PolicyKind("policy.networking.k8s.io", "adminnetworkpolicies", "AdminNetworkPolicy"),
    PolicyKind("policy.networking.k8s.io", "baselineadminnetworkpolicies", "BaselineAdminNetworkPolicy"),
    PolicyKind("policy.networking.k8s.io", "clusternetworkpolicies", "ClusterNetworkPolicy"),
    PolicyKind("networking.k8s.aws", "clusternetworkpolicies", "ClusterNetworkPolicy"),
    PolicyKind("networking.k8s.aws", "applicationnetworkpolicies", "ApplicationNetworkPolicy"),
)
"""Source: docs.cilium.io, network policy; docs.tigera.io, Calico resources; network-policy-api.sigs.k8s.io; EKS user
guide, cni-network-policy; each as of November 2026."""


class Limit(enum.Enum):
    """What a policy does to the packets of one direction."""

    NONE = "none"
    SOME = "some"
    """It lets some through, or drops some: its rules are not judged."""
    ALL = "all"
    """It limits the pods, and not one of its rules lets anything through."""


class OtherPolicy(msgspec.Struct, frozen=True):
    """One policy: which pods it is about, and what it does to their packets."""

    kind: str
    name: str
    namespace: str = ""
    """Empty where it is about pods of every namespace."""
    pods: LabelSelector = LabelSelector()
    namespaces: LabelSelector = LabelSelector()
    expressions: tuple[str, ...] = ()
    """Selectors in Calico's own language, of pods and then of namespaces."""
    egress: Limit = Limit.NONE
    ingress: Limit = Limit.NONE

    def limit(self, *, ingress: bool) -> Limit:
        """What it does to the packets of one direction."""
        return self.ingress if ingress else self.egress

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"


Rule = dict[str, Any]


class _Pods(KubernetesObject, frozen=True):
    namespace_selector: LabelSelector = LabelSelector()
    pod_selector: LabelSelector = LabelSelector()


class _Subject(KubernetesObject, frozen=True):
    namespaces: LabelSelector | None = None
    pods: _Pods | None = None


class _DefaultDeny(KubernetesObject, frozen=True):
    egress: bool | None = None
    ingress: bool | None = None


class _Spec(KubernetesObject, frozen=True):
    """The fields of all kinds that say which pods, and in which direction."""

    endpoint_selector: LabelSelector | None = None
    node_selector: LabelSelector | None = None
    pod_selector: LabelSelector | None = None
    subject: _Subject | None = None
    selector: str | None = None
    namespace_selector: str | None = None
    types: tuple[str, ...] | None = None
    policy_types: tuple[str, ...] | None = None
    enable_default_deny: _DefaultDeny = _DefaultDeny()
    egress: tuple[Rule, ...] | None = None
    ingress: tuple[Rule, ...] | None = None
    egress_deny: tuple[Rule, ...] | None = None
    ingress_deny: tuple[Rule, ...] | None = None


class RawPolicy(KubernetesObject, frozen=True):
    """A policy as the API server has it."""

    metadata: Metadata
    spec: _Spec | None = None
    specs: tuple[_Spec, ...] | None = None


def policies_of(raw: RawPolicy, kind: PolicyKind) -> Iterator[OtherPolicy]:
    """What it says of pods, one for each of its parts; policies of nodes are left out."""
    for spec in (*(raw.specs or ()), *((raw.spec,) if raw.spec else ())):
        if spec.node_selector is not None and spec.endpoint_selector is None:
            continue
        subject = spec.subject or _Subject()
        pods = subject.pods or _Pods(subject.namespaces or LabelSelector())
        own = spec.endpoint_selector or spec.pod_selector
        yield OtherPolicy(
            kind.kind,
            raw.metadata.name,
            raw.metadata.namespace,
            pods.pod_selector if own is None else own,
            pods.namespace_selector,
            (spec.selector or "", spec.namespace_selector or "") if kind.group.startswith("crd.") else (),
            _limit(spec, kind, "Egress", spec.egress, spec.egress_deny, spec.enable_default_deny.egress),
            _limit(spec, kind, "Ingress", spec.ingress, spec.ingress_deny, spec.enable_default_deny.ingress),
        )


def _limit(
    spec: _Spec,
    kind: PolicyKind,
    direction: str,
    rules: tuple[Rule, ...] | None,
    denying: tuple[Rule, ...] | None,
    default_deny: bool | None,
) -> Limit:
    """By the rules of each engine: Cilium limits what it has a section for, Calico and NetworkPolicy what they name.

    An admin's policy drops only what a rule with the action Deny takes, and its first rule that fits decides.
    """
    actions = [str(rule.get("action", "")).lower() for rule in rules or ()]
    if kind.group == "cilium.io":
        if rules is None or default_deny is False:
            return Limit.SOME if denying else Limit.NONE
        return Limit.SOME if any(rules) else Limit.ALL
    if spec.subject is not None:
        if actions[:1] == ["deny"] and _takes_every_network((rules or ())[0]):
            return Limit.ALL
        return Limit.SOME if "deny" in actions else Limit.NONE
    types = spec.types if spec.types is not None else spec.policy_types
    if direction not in types if types else rules is None:
        return Limit.NONE
    return Limit.ALL if all(action == "deny" for action in actions) else Limit.SOME


def _takes_every_network(rule: Rule) -> bool:
    """Whether an admin's rule is about every IPv4 address and port. Source: network-policy-api, AdminNetworkPolicy."""
    peers = rule.get("to") or ()
    networks = [peer.get("networks") or () for peer in peers if isinstance(peer, dict)]
    return not rule.get("ports") and any("0.0.0.0/0" in given for given in networks)


def cilium_labels(labels: Mapping[str, str], namespace: str) -> dict[str, str]:
    """A pod's labels as Cilium's selectors may write them. Source: docs.cilium.io, label sources."""
    own = {**labels, "io.kubernetes.pod.namespace": namespace}
    return {f"{source}{key}": value for key, value in own.items() for source in ("", "k8s:", "any:", "k8s.", "any.")}
