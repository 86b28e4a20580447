"""CoreDNS, which answers the node plugin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from diag import Draft, Fix, Kind, Layer, Subject, Unavailable, check, fail, ok, skip, warn
from diag.advice.steps import caution, change, undo, wait
from diag.analysis.attributes import is_address
from diag.analysis.claims import Provisioning
from diag.analysis.network.names import (
    asks_cluster_dns,
    claims_by_cluster_dns,
    has_node_local_dns,
    is_cluster_dns,
    is_node_local_dns,
    services_of,
)
from diag.analysis.volumes import Mount
from diag.model.unavailable import value_or
from diag.resources.eks import EksCluster
from diag.resources.kubernetes import PersistentVolume, PersistentVolumeClaim, Pod, Workload

UNHEALTHY = "coredns-unhealthy"


@check("cluster-dns", layer=Layer.DNS, speaks_for=UNHEALTHY)
def core_dns_is_up(
    deployments: tuple[Workload, ...],
    volumes: tuple[PersistentVolume, ...],
    pods: tuple[Pod, ...] | Unavailable,
    node_plugin: Workload | Unavailable,
    daemon_sets: tuple[Workload, ...] | Unavailable,
    eks_cluster: EksCluster | Unavailable,
    controller: Workload | Unavailable,
    controller_names: tuple[str, ...] | Unavailable,
    provisioning: Provisioning | Unavailable,
    mounts: tuple[Mount, ...] | Unavailable,
) -> Iterator[Draft]:
    """CoreDNS is up: the node plugin asks it for every name that it mounts, and the controller for those of AWS.

    pass: at least one replica is available; kube-dns sends questions to available ones alone
    warn: as fail, while NodeLocal DNSCache answers on the nodes: it asks its own upstream for names outside the
        cluster; or that cache is ready on some of its nodes alone, and a pod waits for its volume
    fail: no replica is available, or it is scaled to nothing; or NodeLocal DNSCache, which answers in its place, is
        ready on no node
    unknown: Deployments could not be listed
    skip: no volume is mounted by name and no claim waits, the driver's pods ask another resolver, or there is no
        CoreDNS Deployment (EKS Auto Mode runs DNS on the nodes)
    source: aws-fsx-csi-driver chart 1.17.0 (dnsPolicy ClusterFirst); EKS user guide, managing CoreDNS
    """
    services = services_of(eks_cluster)
    by_name = [volume for volume in volumes if not is_address(volume.dns_name or "")]
    named: list[PersistentVolume | PersistentVolumeClaim] = list(
        by_name if asks_cluster_dns(node_plugin, services) else ()
    )
    named += claims_by_cluster_dns(provisioning, controller, controller_names, services)
    sets = value_or(daemon_sets, ())
    if named:
        yield from _of_caches(
            filter(is_node_local_dns, sets), named, waits=any(not m.pod.is_up for m in value_or(mounts, ()))
        )
    deployment = next(filter(is_cluster_dns, deployments), None)
    subject = deployment.subject if deployment else Subject(Kind.DEPLOYMENT, "coredns", "kube-system")
    if not named:
        yield skip(subject, "no name is asked of it: volumes by address alone, or another resolver")
    elif deployment is None:
        yield skip(subject, "the cluster has no CoreDNS Deployment")
    elif available := deployment.status.available_replicas:
        wanted = deployment.spec.replicas if deployment.spec.replicas is not None else deployment.status.replicas
        yield ok(subject, f"{available} of {wanted} replicas are available", concerns=named)
    else:
        text = () if isinstance(pods, Unavailable) else tuple(_troubles(pods))
        scaled = deployment.spec.replicas == 0
        is_cached = has_node_local_dns(sets)
        effect = "NodeLocal DNSCache asks its own upstream" if is_cached else "no name resolves in the driver's pods"
        message = f"CoreDNS is {'scaled to nothing' if scaled else 'down'}: {effect}"
        say = warn if is_cached else fail
        yield say(subject, message, *text, fix=_fix(subject, scaled), concerns=named)


def _of_caches(
    caches: Iterable[Workload], named: Sequence[PersistentVolume | PersistentVolumeClaim], *, waits: bool
) -> Iterator[Draft]:
    """NodeLocal DNSCache answers at the address that pods ask, and nobody where it is not ready."""
    for cache in caches:
        ready, wanted = cache.status.number_ready, cache.status.desired_number_scheduled
        if ready < wanted and (not ready or waits):
            message = f"NodeLocal DNSCache is ready on {ready} of {wanted} nodes; pods of the others are not answered"
            say = warn if ready else fail
            yield say(cache, message, cause=UNHEALTHY, fix=_fix(cache.subject, scaled=False), concerns=named)


def _troubles(pods: tuple[Pod, ...]) -> Iterator[str]:
    for pod in pods:
        if is_cluster_dns(pod):
            for status in pod.status.container_statuses or ():
                if status.state.waiting:
                    yield f"pod {pod.metadata.name} waits: {status.state.waiting.reason}"


def _fix(subject: Subject, scaled: bool) -> Fix:
    names = {"namespace": subject.namespace, "workload": f"{subject.kind.value.lower()}/{subject.name}"}
    ready = wait("kubectl -n {namespace} rollout status {workload} --timeout=5m", names)
    if scaled:
        scale = "kubectl -n {namespace} scale {workload} --replicas={replicas}"
        start = change(scale, {**names, "replicas": "2"}, changes="Bring CoreDNS back.")
        return Fix((start, ready, undo(scale, {**names, "replicas": "0"})))
    restart = "kubectl -n {namespace} rollout restart {workload}"
    return Fix(
        (
            caution("Read why it is down first: kubectl -n {namespace} logs {workload} --tail=50.", names),
            change(restart, names, changes="Replace its pods."),
            ready,
        )
    )
