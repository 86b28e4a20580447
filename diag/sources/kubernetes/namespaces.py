"""What is read of namespaces: their labels, quotas and limits, and the NetworkPolicies of the driver's."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.registry import fact
from diag.resources.kubernetes import LimitRange, Namespace, NetworkPolicy, ResourceQuota, Workload
from diag.resources.kubernetes.other_policy import KINDS, OtherPolicy, PolicyKind, RawPolicy, policies_of
from diag.resources.target import Target
from diag.sources.kubernetes.client import Kube
from diag.sources.kubernetes.facts import list_in_scope


@fact(layer=Layer.REQUEST, label="Namespace", names={"metadata.name": "ns"}, permissions=("list namespaces",))
def namespaces(kube: Kube) -> tuple[Namespace, ...]:
    """Every namespace, with its labels and whether it is being deleted."""
    return kube.list("/api/v1/namespaces", Namespace)


@fact(layer=Layer.REQUEST, label="ResourceQuota", names={"metadata.name": ""}, permissions=("list resourcequotas",))
def resource_quotas(kube: Kube, target: Target) -> tuple[ResourceQuota, ...]:
    """Every ResourceQuota of the namespaces that the run is about."""
    return list_in_scope(kube, target, "resourcequotas", ResourceQuota)


@fact(layer=Layer.REQUEST, label="LimitRange", names={"metadata.name": ""}, permissions=("list limitranges",))
def limit_ranges(kube: Kube, target: Target) -> tuple[LimitRange, ...]:
    """Every LimitRange of the namespaces that the run is about."""
    return list_in_scope(kube, target, "limitranges", LimitRange)


@fact(layer=Layer.NETWORK, label="NetworkPolicy", names={"metadata.name": ""}, permissions=("list networkpolicies",))
def driver_policies(
    kube: Kube, controller: Workload | Unavailable, node_plugin: Workload | Unavailable
) -> tuple[NetworkPolicy, ...] | Unavailable:
    """The NetworkPolicies of the namespaces in which the driver's pods run; nothing is asked where there is none."""
    found = [half for half in (controller, node_plugin) if isinstance(half, Workload)]
    unseen = next((half for half in (controller, node_plugin) if not isinstance(half, Workload)), None)
    if not found and unseen is not None and unseen.reason is not Reason.ABSENT:
        return unseen
    places = dict.fromkeys(half.metadata.namespace for half in found)
    paths = (f"/apis/networking.k8s.io/v1/namespaces/{place}/networkpolicies" for place in places)
    return tuple(policy for path in paths for policy in kube.list(path, NetworkPolicy))


@fact(layer=Layer.NETWORK, label="NetworkPolicy", names={"metadata.name": ""}, permissions=("list networkpolicies",))
def dns_policies(kube: Kube) -> tuple[NetworkPolicy, ...]:
    """The NetworkPolicies of the namespace in which CoreDNS runs."""
    return kube.list("/apis/networking.k8s.io/v1/namespaces/kube-system/networkpolicies", NetworkPolicy)


@fact(layer=Layer.NETWORK, label="API group")
def api_groups(kube: Kube) -> dict[str, tuple[str, ...]]:
    """The API groups of the cluster, with the versions of each: every user may ask for them."""
    return kube.groups()


@fact(
    layer=Layer.NETWORK,
    label="network policy of another kind",
    names={"name": "", "namespace": "ns"},
    permissions=tuple(f"list {kind.resource}" for kind in KINDS),
)
def other_policies(kube: Kube, api_groups: dict[str, tuple[str, ...]]) -> tuple[OtherPolicy, ...]:
    """The policies of other kinds than NetworkPolicy; nothing is asked of a group that the cluster does not have."""
    return tuple(
        policy
        for kind in KINDS
        for raw in _policies(kube, kind, api_groups.get(kind.group, ()))
        for policy in policies_of(raw, kind)
    )


def _policies(kube: Kube, kind: PolicyKind, versions: Iterable[str]) -> tuple[RawPolicy, ...]:
    """Those of the first version that has the kind: an older kind of a group need not be in the preferred one."""
    for version in versions:
        try:
            return kube.list(f"/apis/{kind.group}/{version}/{kind.plural}", RawPolicy)
        except Unreadable as missing:
            if missing.unavailable.reason is Reason.ABSENT:
                continue
            if missing.unavailable.reason is not Reason.DENIED:
                raise
            what = f"list {kind.resource}"
            named = msgspec.structs.replace(missing.unavailable, what=what, permission=what)
            raise Unreadable(named) from missing
    return ()
