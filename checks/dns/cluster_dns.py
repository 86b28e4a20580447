"""CoreDNS, which answers the node plugin."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Kind, Layer, Subject, Unavailable, check, fail, ok, skip, warn
from diag.advice.steps import caution, change, undo, wait
from diag.analysis.attributes import is_address
from diag.analysis.network.names import asks_cluster_dns, has_node_local_dns, is_cluster_dns
from diag.model.unavailable import value_or
from diag.resources.kubernetes import PersistentVolume, Pod, Workload


@check("cluster-dns", layer=Layer.DNS, speaks_for="coredns-unhealthy")
def core_dns_is_up(
    deployments: tuple[Workload, ...],
    volumes: tuple[PersistentVolume, ...],
    pods: tuple[Pod, ...] | Unavailable,
    node_plugin: Workload | Unavailable,
    daemon_sets: tuple[Workload, ...] | Unavailable,
) -> Iterator[Draft]:
    """CoreDNS is up: the node plugin asks it for every name that it mounts.

    pass: at least one replica is available; kube-dns sends questions to available ones alone
    warn: as fail, while NodeLocal DNSCache answers on the nodes: it asks its own upstream for names outside the cluster
    fail: no replica is available, or it is scaled to nothing
    unknown: Deployments could not be listed
    skip: every volume is mounted by address, the node plugin asks another resolver, or there is no CoreDNS Deployment
        (EKS Auto Mode runs DNS on the nodes)
    source: aws-fsx-csi-driver chart 1.17.0 (dnsPolicy ClusterFirst); EKS user guide, managing CoreDNS
    """
    named = [volume for volume in volumes if not is_address(volume.dns_name or "")]
    deployment = next(filter(is_cluster_dns, deployments), None)
    subject = deployment.subject if deployment else Subject(Kind.DEPLOYMENT, "coredns", "kube-system")
    if not named or not asks_cluster_dns(node_plugin):
        yield skip(subject, "no name is asked of it: volumes by address alone, or another resolver")
    elif deployment is None:
        yield skip(subject, "the cluster has no CoreDNS Deployment")
    elif available := deployment.status.available_replicas:
        wanted = deployment.spec.replicas if deployment.spec.replicas is not None else deployment.status.replicas
        yield ok(subject, f"{available} of {wanted} replicas are available", concerns=named)
    else:
        text = () if isinstance(pods, Unavailable) else tuple(_troubles(pods))
        scaled = deployment.spec.replicas == 0
        message = f"CoreDNS is {'scaled to nothing' if scaled else 'down'}: no name resolves in the node plugin"
        if has_node_local_dns(value_or(daemon_sets, ())):
            message = message.replace("no name resolves in the node plugin", "NodeLocal DNSCache asks its own upstream")
            yield warn(subject, message, *text, fix=_fix(subject, scaled), concerns=named)
            return
        yield fail(subject, message, *text, fix=_fix(subject, scaled), concerns=named)


def _troubles(pods: tuple[Pod, ...]) -> Iterator[str]:
    for pod in pods:
        if is_cluster_dns(pod):
            for status in pod.status.container_statuses or ():
                if status.state.waiting:
                    yield f"pod {pod.metadata.name} waits: {status.state.waiting.reason}"


def _fix(subject: Subject, scaled: bool) -> Fix:
    names = {"namespace": subject.namespace, "workload": f"deployment/{subject.name}"}
    ready = wait("kubectl -n {namespace} rollout status {workload} --timeout=5m", names)
    if scaled:
        scale = "kubectl -n {namespace} scale {workload} --replicas={replicas}"
        start = change(scale, {**names, "replicas": "2"}, changes="brings CoreDNS back")
        return Fix((start, ready, undo(scale, {**names, "replicas": "0"})))
    restart = "kubectl -n {namespace} rollout restart {workload}"
    return Fix(
        (
            caution("read why it is down first: kubectl -n {namespace} logs -l k8s-app=kube-dns --tail=50", names),
            change(restart, names, changes="replaces the CoreDNS pods"),
            ready,
        )
    )
