"""Facts read from the Kubernetes API: each list once, in pages, keeping only what a mount can depend on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from diag.model.unavailable import Unavailable
from diag.registry import fact
from diag.resources.kubernetes import (
    CsiDriver,
    CsiNode,
    Event,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    ServiceAccount,
    StorageClass,
    Workload,
)
from diag.resources.target import KubeContext, Target
from diag.sources.kubernetes.client import Kube, Listed
from diag.sources.kubernetes.sharing import Sharing

T = TypeVar("T")

DRIVER_SELECTOR = "app.kubernetes.io/name=aws-fsx-csi-driver"
"""Label of every object of the driver, from Helm, kustomize and the add-on. Source: aws-fsx-csi-driver chart 1.17.0."""

HELPER_APPS = frozenset({"kube-dns", "eks-pod-identity-agent", "aws-node"})
"""`k8s-app` or `app.kubernetes.io/name` of cluster components that a mount leans on."""


@fact()
def kube_context(kube: Kube) -> KubeContext | Unavailable:
    """The kubeconfig context in use; no call is made."""
    return kube.context()


@fact(permissions=("list persistentvolumes",))
def live_volumes(kube: Kube) -> tuple[PersistentVolume, ...] | Unavailable:
    """Every PersistentVolume of a CSI driver."""
    return _all(kube, "/api/v1/persistentvolumes", PersistentVolume, _only(lambda volume: volume.spec.csi is not None))


@fact(permissions=("list persistentvolumeclaims",))
def live_claims(kube: Kube, target: Target) -> tuple[PersistentVolumeClaim, ...] | Unavailable:
    """Every PersistentVolumeClaim of the namespaces that the run is about."""
    return _namespaced(kube, target, "persistentvolumeclaims", PersistentVolumeClaim)


@fact(permissions=("list storageclasses",))
def live_classes(kube: Kube) -> tuple[StorageClass, ...] | Unavailable:
    """Every StorageClass."""
    return _all(kube, "/apis/storage.k8s.io/v1/storageclasses", StorageClass)


@fact(permissions=("list pods",))
def live_pods(kube: Kube, target: Target) -> tuple[Pod, ...] | Unavailable:
    """Pods that mount a claim, and those of the driver, of DNS and of the identity agent."""
    sharing = Sharing()
    found = _namespaced(kube, target, "pods", Pod, lambda pod: _of_interest(pod, sharing))
    if isinstance(found, Unavailable) or not target.namespaces:
        return found
    driver = _all(kube, "/api/v1/pods", Pod, labelSelector=DRIVER_SELECTOR)
    if isinstance(driver, Unavailable):
        return driver
    return tuple({pod.key: pod for pod in (*found, *driver)}.values())


def _of_interest(pod: Pod, sharing: Sharing) -> Pod | None:
    labels = pod.metadata.labels or {}
    if (
        labels.get("app.kubernetes.io/name") == "aws-fsx-csi-driver"
        or labels.get("k8s-app") in HELPER_APPS
        or labels.get("app.kubernetes.io/name") in HELPER_APPS
        or any("aws-fsx-csi-driver" in container.image for container in pod.spec.containers)
    ):
        return pod
    return sharing.pod(pod) if pod.spec.claim_names else None


@fact(permissions=("list nodes",))
def nodes(kube: Kube) -> tuple[Node, ...] | Unavailable:
    """Every node."""
    return _all(kube, "/api/v1/nodes", Node)


@fact(permissions=("list csinodes",))
def csi_nodes(kube: Kube) -> tuple[CsiNode, ...] | Unavailable:
    """Every CSINode: which drivers registered on which node."""
    return _all(kube, "/apis/storage.k8s.io/v1/csinodes", CsiNode)


@fact(permissions=("list csidrivers",))
def csi_drivers(kube: Kube) -> tuple[CsiDriver, ...] | Unavailable:
    """Every CSIDriver object."""
    return _all(kube, "/apis/storage.k8s.io/v1/csidrivers", CsiDriver)


@fact(permissions=("list daemonsets",))
def daemon_sets(kube: Kube) -> tuple[Workload, ...] | Unavailable:
    """Every DaemonSet of the cluster's components and of the driver."""
    found = _all(kube, "/apis/apps/v1/daemonsets", Workload)
    return found if isinstance(found, Unavailable) else tuple(_of_kind("DaemonSet", item) for item in found)


@fact(permissions=("list deployments",))
def deployments(kube: Kube) -> tuple[Workload, ...] | Unavailable:
    """Deployments of the driver and of CoreDNS."""
    found = _all(kube, "/apis/apps/v1/deployments", Workload, _only(_is_component))
    return found if isinstance(found, Unavailable) else tuple(_of_kind("Deployment", item) for item in found)


def _is_component(workload: Workload) -> bool:
    labels = workload.metadata.labels or {}
    return (
        labels.get("app.kubernetes.io/name") == "aws-fsx-csi-driver"
        or labels.get("k8s-app") in HELPER_APPS
        or any("aws-fsx-csi-driver" in container.image for container in workload.spec.template.spec.containers)
    )


def _of_kind(kind: str, workload: Workload) -> Workload:
    # Items of a typed list carry no kind of their own.
    return Workload(workload.metadata, kind, workload.spec, workload.status)


@fact(permissions=("list serviceaccounts",))
def service_accounts(kube: Kube) -> tuple[ServiceAccount, ...] | Unavailable:
    """Every service account: the controller may run as one of any name, with or without an annotation."""
    return _all(kube, "/api/v1/serviceaccounts", ServiceAccount)


@fact(permissions=("list events",))
def live_warnings(kube: Kube, target: Target) -> tuple[Event, ...] | Unavailable:
    """Every Warning event of a pod, a claim or a component of the driver."""
    kinds = {"Pod", "PersistentVolumeClaim", "PersistentVolume", "DaemonSet", "Deployment"}
    return _namespaced(
        kube,
        target,
        "events",
        Event,
        _only(lambda event: event.involved_object.kind in kinds),
        fieldSelector="type=Warning",
    )


@fact(permissions=("list events",))
def live_claim_events(kube: Kube, target: Target) -> tuple[Event, ...] | Unavailable:
    """Every event of a claim; that a claim waits for its provisioner is told by a Normal event."""
    return _namespaced(kube, target, "events", Event, fieldSelector="involvedObject.kind=PersistentVolumeClaim")


def _all(
    kube: Kube, path: str, shape: type[T], keep: Callable[[T], T | None] | None = None, **parameters: str
) -> tuple[T, ...] | Unavailable:
    listed: Listed[T] | Unavailable = kube.list(path, shape, keep=keep, **parameters)
    return listed if isinstance(listed, Unavailable) else listed.items


def _only(wanted: Callable[[T], bool]) -> Callable[[T], T | None]:
    return lambda item: item if wanted(item) else None


def _namespaced(
    kube: Kube,
    target: Target,
    resource: str,
    shape: type[T],
    keep: Callable[[T], T | None] | None = None,
    **parameters: str,
) -> tuple[T, ...] | Unavailable:
    """A namespaced list over the cluster, or over the target's namespaces alone: a person may see no more."""
    if not target.namespaces:
        return _all(kube, f"/api/v1/{resource}", shape, keep, **parameters)
    items: list[T] = []
    for namespace in target.namespaces:
        found = _all(kube, f"/api/v1/namespaces/{namespace}/{resource}", shape, keep, **parameters)
        if isinstance(found, Unavailable):
            return found
        items.extend(found)
    return tuple(items)
