"""What is read of namespaces: their labels, quotas and limits, and the NetworkPolicies of the driver's."""

from __future__ import annotations

from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable
from diag.registry import fact
from diag.resources.kubernetes import LimitRange, Namespace, NetworkPolicy, ResourceQuota, Workload
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
