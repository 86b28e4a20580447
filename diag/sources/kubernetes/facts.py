"""What is read from the Kubernetes API: each list once, in pages, keeping only what a mount can depend on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from diag.analysis.binding import class_of_volume
from diag.analysis.claims import ClaimCase
from diag.analysis.identity.controller import StaticKeys, has_own_key, key_secret_of
from diag.analysis.network.names import has_node_local_dns
from diag.analysis.pod_creation import REASONS
from diag.decode import decode_json
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.registry import fact
from diag.resources.eks import SourceNat
from diag.resources.kubernetes import (
    FSX_DRIVER,
    Container,
    CsiDriver,
    CsiNode,
    EndpointSlice,
    Event,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    PodOwner,
    Service,
    ServiceAccount,
    StorageClass,
    Workload,
)
from diag.resources.kubernetes.corefile import ServerBlock, blocks_of
from diag.resources.kubernetes.meta import Metadata
from diag.resources.kubernetes.volume import VolumeSpec
from diag.resources.target import KubeContext, Target
from diag.sources.kubernetes.client import Kube
from diag.sources.kubernetes.sharing import Sharing

T = TypeVar("T")
K = TypeVar("K")

DRIVER = "aws-fsx-csi-driver"
"""Name of the driver's image, and `app.kubernetes.io/name` of its objects, from Helm, kustomize and the add-on.

Source: aws-fsx-csi-driver chart 1.17.0.
"""

HELPERS = frozenset({"kube-dns", "eks-pod-identity-agent", "aws-node"})
"""`k8s-app` or `app.kubernetes.io/name` of cluster components that a mount leans on."""

OWNERS = {
    "ReplicaSet": "apps/v1/namespaces/{namespace}/replicasets",
    "StatefulSet": "apps/v1/namespaces/{namespace}/statefulsets",
    "DaemonSet": "apps/v1/namespaces/{namespace}/daemonsets",
    "Job": "batch/v1/namespaces/{namespace}/jobs",
    "CronJob": "batch/v1/namespaces/{namespace}/cronjobs",
    "Deployment": "apps/v1/namespaces/{namespace}/deployments",
}
"""What makes pods, and where it is read."""

MOST_OWNERS = 50
"""So many owners that may make no pods are read."""

AT_ONCE = 10
"""Owners or lists of them that are asked for at the same time."""

MOST_NAMESPACES = 10
"""In so many namespaces owners are looked for that no event names."""

SNAT = "AWS_VPC_K8S_CNI_EXTERNALSNAT", "AWS_VPC_K8S_CNI_RANDOMIZESNAT", "AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS"
"""Source: amazon-vpc-cni-k8s README, CNI configuration variables; pkg/networkutils/network.go for the defaults."""


@fact(layer=Layer.IDENTITY, label="kubeconfig context", names={"cluster": "cluster", "name": "context"})
def kube_context(kube: Kube) -> KubeContext:
    """The kubeconfig context in use; no call is made."""
    return kube.context()


@fact(
    layer=Layer.REQUEST,
    label="PersistentVolume",
    names={"metadata.name": "pv"},
    permissions=("list persistentvolumes",),
)
def live_volumes(kube: Kube) -> tuple[PersistentVolume, ...]:
    """Every PersistentVolume; of one without a CSI driver name and class alone: its claim is not missing one."""

    def of_interest(volume: PersistentVolume) -> PersistentVolume:
        spec = VolumeSpec(storage_class_name=class_of_volume(volume))
        return volume if volume.spec.csi else PersistentVolume(Metadata(volume.name), spec)

    return kube.list("/api/v1/persistentvolumes", PersistentVolume, keep=of_interest)


@fact(
    layer=Layer.REQUEST,
    label="PersistentVolumeClaim",
    names={"metadata.name": "claim"},
    permissions=("list persistentvolumeclaims",),
)
def live_claims(kube: Kube, target: Target) -> tuple[PersistentVolumeClaim, ...]:
    """Every PersistentVolumeClaim of the namespaces that the run is about."""
    return list_in_scope(kube, target, "persistentvolumeclaims", PersistentVolumeClaim)


@fact(layer=Layer.REQUEST, label="StorageClass", names={"metadata.name": "class"}, permissions=("list storageclasses",))
def live_classes(kube: Kube) -> tuple[StorageClass, ...]:
    """Every StorageClass."""
    return kube.list("/apis/storage.k8s.io/v1/storageclasses", StorageClass)


@fact(layer=Layer.REQUEST, label="Pod", names={"metadata.name": "pod"}, permissions=("list pods",))
def live_pods(kube: Kube, target: Target) -> tuple[Pod, ...]:
    """Pods of the namespaces that the run is about: those that mount a claim, and cluster components."""
    sharing = Sharing()

    def of_interest(pod: Pod) -> Pod | None:
        is_component = _is_component(pod.metadata.labels, pod.spec.containers)
        ours = pod.spec.claim_names or FSX_DRIVER in pod.spec.inline_drivers
        return sharing.pod(pod, is_component=is_component) if is_component or ours else None

    return list_in_scope(kube, target, "pods", Pod, of_interest)


@fact(layer=Layer.DRIVER, label="Pod", names={"metadata.name": "pod"}, permissions=("list pods",))
def live_driver_pods(kube: Kube, target: Target) -> tuple[Pod, ...]:
    """The driver's pods for a run that is about some namespaces alone; none otherwise, since `live_pods` has them.

    A fact of its own, so that a person who may not list pods of the whole cluster still gets an answer about his own.
    """
    if not target.namespaces:
        return ()
    return kube.list("/api/v1/pods", Pod, labelSelector=f"app.kubernetes.io/name={DRIVER}")


@fact(layer=Layer.CLIENT, label="Node", names={"metadata.name": "host"}, permissions=("list nodes",))
def nodes(kube: Kube) -> tuple[Node, ...]:
    """Every node."""
    return kube.list("/api/v1/nodes", Node)


@fact(layer=Layer.DRIVER, label="CSINode", names={"metadata.name": "host"}, permissions=("list csinodes",))
def csi_nodes(kube: Kube) -> tuple[CsiNode, ...]:
    """Every CSINode: which drivers registered on which node."""
    return kube.list("/apis/storage.k8s.io/v1/csinodes", CsiNode)


@fact(layer=Layer.DRIVER, label="CSIDriver", names={"metadata.name": ""}, permissions=("list csidrivers",))
def csi_drivers(kube: Kube) -> tuple[CsiDriver, ...]:
    """Every CSIDriver object."""
    return kube.list("/apis/storage.k8s.io/v1/csidrivers", CsiDriver)


@fact(layer=Layer.DRIVER, label="DaemonSet", names={"metadata.name": "workload"}, permissions=("list daemonsets",))
def daemon_sets(kube: Kube) -> tuple[Workload, ...]:
    """Every DaemonSet of the cluster's components and of the driver."""
    return tuple(_of_kind("DaemonSet", item) for item in kube.list("/apis/apps/v1/daemonsets", Workload))


@fact(layer=Layer.DRIVER, label="Deployment", names={"metadata.name": "workload"}, permissions=("list deployments",))
def deployments(kube: Kube) -> tuple[Workload, ...]:
    """Deployments of the driver and of CoreDNS."""

    def component(item: Workload) -> Workload | None:
        found = _is_component(item.metadata.labels, item.spec.template.spec.containers)
        return _of_kind("Deployment", item) if found else None

    return kube.list("/apis/apps/v1/deployments", Workload, keep=component)


@fact(
    layer=Layer.IDENTITY, label="ServiceAccount", names={"metadata.name": "sa"}, permissions=("list serviceaccounts",)
)
def service_accounts(kube: Kube) -> tuple[ServiceAccount, ...]:
    """Every service account: the controller may run as one of any name, with or without an annotation."""
    return kube.list("/api/v1/serviceaccounts", ServiceAccount)


@fact(layer=Layer.MOUNT, label="event", names={"metadata.name": ""}, permissions=("list events",))
def live_warnings(kube: Kube, target: Target) -> tuple[Event, ...]:
    """Every Warning event of a pod, its owner, a claim or a component of the driver."""
    kinds = {"Pod", "PersistentVolumeClaim", "PersistentVolume", *OWNERS}

    def of_interest(event: Event) -> Event | None:
        return event if event.involved_object.kind in kinds else None

    return list_in_scope(kube, target, "events", Event, of_interest, fieldSelector="type=Warning")


@fact(
    layer=Layer.REQUEST,
    label="owner of pods",
    names={"metadata.name": "workload"},
    permissions=(
        *("get cronjobs", "get daemonsets", "get deployments", "get jobs", "get replicasets", "get statefulsets"),
    ),
)
def refused_owners(kube: Kube, live_warnings: tuple[Event, ...]) -> tuple[PodOwner, ...]:
    """Every owner whose newest event says that a pod or a claim could not be made; no call where there is none."""
    about = ((e.involved_object, e.reason) for e in live_warnings if e.involved_object.kind in OWNERS)
    refused = dict.fromkeys((o.kind, o.namespace, o.name) for o, reason in about if reason in REASONS)

    def read(key: tuple[str, str, str]) -> tuple[PodOwner, ...]:
        kind, namespace, name = key
        try:
            owner = kube.get(f"/apis/{OWNERS[kind].format(namespace=namespace)}/{name}", PodOwner)
        except Unreadable as missing:
            if missing.unavailable.reason is not Reason.ABSENT:
                raise
            return ()
        return (PodOwner(owner.metadata, kind, owner.spec, owner.status),)

    return _side_by_side(read, list(refused)[:MOST_OWNERS])


@fact(
    layer=Layer.REQUEST,
    label="owner of pods",
    names={"metadata.name": "workload"},
    permissions=("list daemonsets", "list deployments", "list jobs", "list replicasets", "list statefulsets"),
)
def idle_owners(kube: Kube, lustre_claims: tuple[ClaimCase, ...], pods: tuple[Pod, ...]) -> tuple[PodOwner, ...]:
    """Every owner that lacks pods of a Lustre claim that no pod uses: events that say why may have expired.

    Nothing is asked where every claim has its pod, or is only written down in a manifest.
    """
    used = {(pod.metadata.namespace, name) for pod in pods for name in pod.spec.claim_names}
    idle = {case.claim.key for case in lustre_claims if case.claim.metadata.uid} - used
    namespaces = sorted({namespace for namespace, _ in idle})[:MOST_NAMESPACES]

    def read(place: tuple[str, str]) -> tuple[PodOwner, ...]:
        namespace, kind = place

        def lacking(owner: PodOwner) -> PodOwner | None:
            own = PodOwner(owner.metadata, kind, owner.spec, owner.status)
            ours = any((namespace, name) in idle for name in own.claim_names)
            return own if ours and own.lacks_pods("") else None

        return kube.list(f"/apis/{OWNERS[kind].format(namespace=namespace)}", PodOwner, keep=lacking)

    kinds = [kind for kind in OWNERS if kind != "CronJob"]
    return _side_by_side(read, [(namespace, kind) for namespace in namespaces for kind in kinds])


def _side_by_side(read: Callable[[K], tuple[PodOwner, ...]], keys: Sequence[K]) -> tuple[PodOwner, ...]:
    """What is read under each key, in their order; raises Unreadable for the first that could not be read."""
    if not keys:
        return ()
    # Loaded here, as most runs ask for nothing of this.
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(AT_ONCE, "owners")
    try:
        return tuple(owner for found in pool.map(read, keys) for owner in found)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@fact(layer=Layer.MOUNT, label="event", names={"metadata.name": ""}, permissions=("list events",))
def live_claim_events(kube: Kube, target: Target) -> tuple[Event, ...]:
    """Every event of a claim: that a claim waits for its provisioner is a Normal event."""
    return list_in_scope(kube, target, "events", Event, fieldSelector="involvedObject.kind=PersistentVolumeClaim")


class _ConfigMap(msgspec.Struct):
    data: dict[str, str] = {}


@fact(layer=Layer.DNS, label="Corefile", permissions=("get configmaps",))
def corefile(kube: Kube) -> tuple[ServerBlock, ...]:
    """The server blocks of the ConfigMap `kube-system/coredns`, absent where EKS Auto Mode runs DNS on the nodes."""
    found = kube.get("/api/v1/namespaces/kube-system/configmaps/coredns", _ConfigMap)
    return blocks_of(found.data.get("Corefile", ""))


@fact(layer=Layer.DNS, label="Corefile", permissions=("get configmaps",))
def node_local_corefile(kube: Kube, daemon_sets: tuple[Workload, ...]) -> tuple[ServerBlock, ...]:
    """The server blocks of NodeLocal DNSCache; nothing is asked where it does not run."""
    if not has_node_local_dns(daemon_sets):
        return ()
    found = kube.get("/api/v1/namespaces/kube-system/configmaps/node-local-dns", _ConfigMap)
    return blocks_of(found.data.get("Corefile", ""))


@fact(layer=Layer.DNS, label="EndpointSlice", names={"metadata.name": ""}, permissions=("list endpointslices",))
def dns_endpoints(kube: Kube) -> tuple[EndpointSlice, ...]:
    """The endpoints behind the Service `kube-system/kube-dns`."""
    path = "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices"
    return kube.list(path, EndpointSlice, labelSelector="kubernetes.io/service-name=kube-dns")


@fact(layer=Layer.DNS, label="Service kube-dns", permissions=("get services",))
def dns_service(kube: Kube) -> Service:
    """The Service `kube-system/kube-dns`, whose address the kubelet gives to pods as their resolver."""
    return kube.get("/api/v1/namespaces/kube-system/services/kube-dns", Service)


class _NoMetadata(msgspec.Struct):
    """Nothing of a Secret is kept: kubectl apply writes the whole of it into an annotation."""


@fact(layer=Layer.IDENTITY, label="static AWS keys", permissions=("get secrets",))
def static_keys(kube: Kube, controller: Workload) -> StaticKeys:
    """Whether the secret that the controller may take an access key from exists: its metadata alone is asked for."""
    namespace = controller.metadata.namespace
    reference = key_secret_of(controller)
    if reference is None or not reference.name:
        own = has_own_key(controller)
        return StaticKeys(own, f"deployment {namespace}/{controller.metadata.name}" if own else "")
    try:
        kube.metadata(f"/api/v1/namespaces/{namespace}/secrets/{reference.name}", _NoMetadata)
    except Unreadable as missing:
        if missing.unavailable.reason is Reason.ABSENT:
            return StaticKeys(False)
        raise
    return StaticKeys(True, f"secret {namespace}/{reference.name}", reference.optional)


class _Variable(msgspec.Struct):
    name: str = ""
    value: msgspec.Raw = msgspec.Raw(b'""')
    """Left undecoded: an environment may hold secrets, and only three settings are ever looked at."""


class _Container(msgspec.Struct):
    name: str = ""
    env: list[_Variable] | None = None


class _PodSpec(msgspec.Struct):
    containers: list[_Container] = []


class _Template(msgspec.Struct):
    spec: _PodSpec = msgspec.field(default_factory=_PodSpec)


class _Spec(msgspec.Struct):
    template: _Template = msgspec.field(default_factory=_Template)


class _DaemonSet(msgspec.Struct):
    spec: _Spec = msgspec.field(default_factory=_Spec)


@fact(layer=Layer.NETWORK, label="source NAT of the VPC CNI", permissions=("list daemonsets",))
def source_nat(kube: Kube) -> SourceNat | Unavailable:
    """The source-NAT settings of the VPC CNI, its defaults where the DaemonSet sets none."""
    path = "/apis/apps/v1/namespaces/kube-system/daemonsets"
    for daemon_set in kube.list(path, _DaemonSet, fieldSelector="metadata.name=aws-node"):
        for container in daemon_set.spec.template.spec.containers:
            if container.name == "aws-node":
                return _settings(container.env or [])
    return Unavailable("DaemonSet kube-system/aws-node", Reason.ABSENT, "the cluster does not run the VPC CNI itself")


def _settings(variables: list[_Variable]) -> SourceNat:
    raw = {variable.name: variable.value for variable in variables}

    def text(name: str, usual: str) -> str:
        try:
            return decode_json(raw[name], str) if name in raw else usual
        except msgspec.DecodeError:
            return usual

    external, randomize, exclude = SNAT
    is_external = text(external, "false").strip().lower() in ("1", "t", "true")
    excluded = tuple(filter(None, map(str.strip, text(exclude, "").split(","))))
    return SourceNat(is_external, text(randomize, "prng").strip().lower() or "prng", excluded)


def _is_component(labels: Mapping[str, str] | None, containers: Iterable[Container]) -> bool:
    """Whether it is the driver's, of DNS, of the identity agent or of the network."""
    labels = labels or {}
    return (
        labels.get("app.kubernetes.io/name") in (DRIVER, *HELPERS)
        or labels.get("k8s-app") in HELPERS
        or any(DRIVER in container.image for container in containers)
    )


def _of_kind(kind: str, workload: Workload) -> Workload:
    # Items of a typed list carry no kind of their own.
    return Workload(workload.metadata, kind, workload.spec, workload.status)


def list_in_scope(
    kube: Kube,
    target: Target,
    resource: str,
    shape: type[T],
    keep: Callable[[T], T | None] | None = None,
    **parameters: str,
) -> tuple[T, ...]:
    """A namespaced list over the cluster, or over the target's namespaces alone: a person may see no more."""
    if target.namespaces:
        paths = [f"/api/v1/namespaces/{namespace}/{resource}" for namespace in target.namespaces]
        return tuple(item for path in paths for item in kube.list(path, shape, keep=keep, **parameters))
    try:
        return kube.list(f"/api/v1/{resource}", shape, keep=keep, **parameters)
    except Unreadable as missing:
        if missing.unavailable.reason is not Reason.DENIED or not missing.unavailable.permission:
            raise
        remedy = f"{missing.unavailable.remedy}, or name a namespace that you may see with -n"
        raise Unreadable(msgspec.structs.replace(missing.unavailable, remedy=remedy)) from missing
