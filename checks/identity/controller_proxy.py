"""The controller's proxy leaves alone what no proxy can reach: the API server's Service and the Pod Identity agent."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from diag import Draft, Layer, Unavailable, check, fail, ok, warn
from diag.advice.driver import spare_from_proxy
from diag.analysis.claims import NOT_FOR_MOUNTS, Provisioning, idle
from diag.analysis.driver.cluster_rights import PROVISIONER
from diag.analysis.identity.controller import Giver, injected, plugin_of, takes_by_proxy
from diag.resources.eks import EksCluster
from diag.resources.kubernetes import Container, Pod, Workload
from diag.resources.kubernetes.pod import NO_PROXY

AGENT, SERVER = "pod-identity-agent-missing", "csi-controller-not-running"
AGENT_ADDRESS = "169.254.170.23"
"""Source: EKS user guide, pod-id-how-it-works."""


@check("controller-proxy", layer=Layer.IDENTITY, speaks_for=(AGENT, SERVER))
def proxy_leaves_the_cluster_alone(
    provisioning: Provisioning,
    controller: Workload | Unavailable,
    controller_pods: tuple[Pod, ...],
    eks_cluster: EksCluster | Unavailable,
) -> Iterator[Draft]:
    """The controller's proxy leaves alone what no proxy can reach: the API server's Service and the Pod Identity agent.

    HTTPS_PROXY of the provisioner takes its calls to the API server too, and HTTP_PROXY of the driver those to the Pod
    Identity agent of its node, unless NO_PROXY names the address, a range around it or "*". A proxy knows no way to
    either: the controller gets no lease, or no credentials, and claims wait.

    pass: there is no proxy, or NO_PROXY spares both
    warn: a proxy takes one of them, and no claim waits
    fail: the same, and a claim waits
    unknown: pods or claims could not be read
    skip: nothing is provisioned dynamically, or no pod of the controller exists
    source: golang.org/x/net http/httpproxy; EKS user guide, pod-identities, considerations
    """
    if isinstance(controller, Unavailable) or not provisioning.in_use or not controller_pods:
        yield idle(controller, provisioning, "no pod of the controller exists")
        return
    subject = controller.subject
    say = fail if provisioning.pending else warn
    troubles = list(dict.fromkeys(trouble for pod in controller_pods for trouble in _of_pod(pod, eks_cluster)))
    for cause, what, container, address in troubles:
        exceptions = _exceptions(controller_pods, container)
        message = f"the proxy of container {container} takes its calls to {what} ({address}) too; {NOT_FOR_MOUNTS}"
        fix = spare_from_proxy(controller, container, ",".join(filter(None, (exceptions, address))))
        evidence = f"NO_PROXY is {exceptions!r}"
        yield say(subject, message, evidence, cause=cause, fix=fix, concerns=provisioning.pending)
    if not troubles:
        yield ok(subject, "no proxy takes what is inside the cluster", rules_out=())


def _of_pod(pod: Pod, cluster: EksCluster | Unavailable) -> Iterator[tuple[str, str, str, str]]:
    plugin = plugin_of(pod.spec)
    if injected(pod) is Giver.POD_IDENTITY and takes_by_proxy(plugin, f"http://{AGENT_ADDRESS}"):
        yield AGENT, "the Pod Identity agent", plugin.name, AGENT_ADDRESS
    server = _server(cluster)
    for container in pod.spec.containers:
        called = f"{container.name} {container.image}"
        if server and PROVISIONER in called and takes_by_proxy(container, f"https://{server}"):
            yield SERVER, "the API server", container.name, server


def _server(cluster: EksCluster | Unavailable) -> str:
    """The address of the Service `kubernetes`, the first of its range; empty where the range is not known.

    Source: Kubernetes pkg/controlplane/services.go ServiceIPRange.
    """
    given = "" if isinstance(cluster, Unavailable) else cluster.kubernetes_network_config.service_ipv4_cidr
    try:
        return str(ipaddress.IPv4Network(given)[1])
    except (ValueError, IndexError):
        return ""


def _exceptions(pods: tuple[Pod, ...], name: str) -> str:
    containers: Iterator[Container] = (one for pod in pods for one in pod.spec.containers if one.name == name)
    given = (variable.value for one in containers for variable in one.env or () if variable.name in NO_PROXY)
    return "".join(next(given, "").split())
