"""The cluster's DNS: its Service leads to CoreDNS, and CoreDNS passes the file system's name on."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

from diag import Draft, Kind, Layer, Reason, Subject, Table, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.steps import advise
from diag.analysis.attributes import is_address
from diag.analysis.claims import Provisioning
from diag.analysis.driver.workloads import pods_of
from diag.analysis.network.names import (
    NameStanding,
    asks_cluster_dns,
    claims_by_cluster_dns,
    has_node_local_dns,
    is_cluster_dns,
    is_service,
    own_name_servers,
    services_of,
)
from diag.analysis.volumes import Mount
from diag.model.unavailable import value_or
from diag.resources.ec2 import NetworkInterface
from diag.resources.eks import EksCluster
from diag.resources.kubernetes import EndpointSlice, PersistentVolume, PersistentVolumeClaim, Pod, Service, Workload
from diag.resources.kubernetes.corefile import (
    Kept,
    ServerBlock,
    answer_by_hosts,
    block_for,
    imports_for,
    kept,
    upstreams_for,
)

DNS = 53
TENTH = 10
"""The address of the Service in the range of Services that EKS gives its kubelets. Source: EKS user guide, cluster
creation (serviceIpv4Cidr); awslabs/amazon-eks-ami nodeadm, GetClusterDns."""
CAUSE = "cluster-dns-misconfigured"
BY = "whoever runs the cluster's DNS"
PROXY = "kube-proxy"
START = (
    "See why kube-proxy does not start (kubectl -n kube-system logs daemonset/kube-proxy), and give it the image of the"
    " cluster's version."
)
SERVICE = (
    "Make the Service kube-dns in kube-system as the CoreDNS add-on has it: the tenth address of the range of Services,"
    " the selector k8s-app=kube-dns, port 53 over UDP and TCP to the port that CoreDNS listens on."
)
FORWARD = (
    "have the Corefile pass the file system's name to the VPC's resolver: `forward . /etc/resolv.conf` in the block"
    " that takes the name, `fallthrough` in a `hosts` block of it, and no other plugin that keeps the name"
)


@check("cluster-dns-config", layer=Layer.DNS, speaks_for=CAUSE)
def cluster_dns_leads_on(
    dns_service: Service | Unavailable,
    dns_endpoints: tuple[EndpointSlice, ...] | Unavailable,
    corefile: tuple[ServerBlock, ...] | Unavailable,
    deployments: tuple[Workload, ...],
    pods: tuple[Pod, ...] | Unavailable,
    volumes: tuple[PersistentVolume, ...],
    node_plugin: Workload | Unavailable,
    daemon_sets: tuple[Workload, ...] | Unavailable,
    eks_cluster: EksCluster | Unavailable,
    network_interfaces: Table[NetworkInterface] | Unavailable,
    node_local_corefile: tuple[ServerBlock, ...] | Unavailable,
    name_standings: dict[str, NameStanding] | Unavailable,
    mounts: tuple[Mount, ...] | Unavailable,
    controller: Workload | Unavailable,
    controller_names: tuple[str, ...] | Unavailable,
    provisioning: Provisioning | Unavailable,
) -> Iterator[Draft]:
    """The Service kube-dns leads to CoreDNS at the address that pods are given, and CoreDNS passes the name on.

    The node plugin asks it for file systems, the controller for FSx and STS while a claim waits. They ask the address
    of the Service kube-dns, which leads to ready pods that its selector takes, those of the own node alone where its
    internalTrafficPolicy is Local, port 53, through EndpointSlices that hold their addresses. Then the Corefile says
    what becomes of the name: a server block that takes it, plugins that may answer it, refuse it or ask for another
    name (`acl`, `rewrite`, `template`, `hosts`, `kubernetes`, `file` and their like), a forward. A `hosts` plugin
    without `fallthrough` answers no name that is not in its list. The Corefile of NodeLocal DNSCache is read alike
    where there is one.

    pass: the Service leads to a ready pod, and the Corefile passes the names on
    warn: it does not, while NodeLocal DNSCache answers on the nodes; the Service has another address than EKS gives
        its kubelets, unless they were told of it; the ConfigMap is gone, which running pods do not notice; or a plugin
        may keep the name, and no pod is up that mounts by it
    fail: there is no Service, it leads to no ready pod, or kube-proxy is ready on no node; CoreDNS does not pass the
        name on or asks itself, or the node plugin's own dnsConfig names another address of the range of Services
    unknown: Deployments could not be listed, the Service, its EndpointSlices or the ConfigMap not be read
    skip: no name is asked of it: volumes by address and no claim that waits, another resolver, or no CoreDNS Deployment
    source: Kubernetes documentation, DNS for Services and Pods; coredns.io/plugins/hosts and forward
    """
    names = dict.fromkeys(v.dns_name for v in volumes if v.dns_name and not is_address(v.dns_name))
    deployment = next(filter(is_cluster_dns, deployments), None)
    subject = Subject(Kind.DEPLOYMENT, "coredns", "kube-system") if deployment is None else deployment.subject
    services = services_of(eks_cluster)
    by_name = [v for v in volumes if v.dns_name in names] if asks_cluster_dns(node_plugin, services) else []
    waiting = claims_by_cluster_dns(provisioning, controller, controller_names, services)
    of_aws = value_or(controller_names, ()) if waiting else ()
    concerned: tuple[PersistentVolume | PersistentVolumeClaim, ...] = (*by_name, *waiting)
    if not concerned or deployment is None:
        yield skip(subject, "no name is asked of it: by address alone, another resolver, or no CoreDNS Deployment")
        return
    cached = has_node_local_dns(value_or(daemon_sets, ()))
    troubles = 0
    blocks, ready = value_or(corefile, ()), _ready(value_or(pods, ()))
    used = {mount.node_name for mount in value_or(mounts, ()) if mount.node_name and mount.volume in by_name}
    led = _of_service(dns_service, ready, blocks, used)
    if not led and isinstance(dns_service, Service) and by_name:
        led = _missed(dns_service, own_name_servers(node_plugin), services)
    enis = {eni.private_ip_address for eni in value_or(network_interfaces, Table())}
    standings = value_or(name_standings, {})
    plugins = () if isinstance(node_plugin, Unavailable) else pods_of(node_plugin, value_or(pods, ()))
    asked = Asked(
        tuple(name for name in names if name) if by_name else (),
        of_aws,
        tuple(pod.status.pod_ip for pod in plugins if pod.status.pod_ip),
        frozenset(enis),
        all(volume.name in standings and standings[volume.name].is_mounted for volume in by_name),
        services,
    )
    cache = asked._replace(services="")
    fate, local = _of_corefile(corefile, asked), _of_corefile(node_local_corefile, cache) if cached else None
    for source, why, is_sure, request in (
        (dns_service, led, not cached, SERVICE),
        (dns_endpoints, "" if led else _of_endpoints(dns_endpoints, ready, blocks), not cached, SERVICE),
        (corefile, fate.why if fate else "", bool(fate and fate.is_sure) and not cached, FORWARD),
        (node_local_corefile, f"of NodeLocal DNSCache: {local.why}" if local else "", local and local.is_sure, FORWARD),
    ):
        if isinstance(source, Unavailable) and source.reason is not Reason.ABSENT:
            troubles += 1
            yield unknown(subject, f"cannot see all of the cluster's DNS: {source}", because=(source,))
        elif why:
            troubles += 1
            say = fail if is_sure else warn
            yield say(subject, why, cause=CAUSE, fix=advise(request, by=BY), concerns=concerned)
    for proxy in (one for one in value_or(daemon_sets, ()) if one.metadata.name == PROXY):
        if proxy.status.desired_number_scheduled and not proxy.status.number_ready:
            troubles += 1
            message = (
                f"{PROXY} is ready on none of {proxy.status.desired_number_scheduled} nodes: no Service is reached"
            )
            yield fail(proxy, message, cause=CAUSE, fix=advise(START, by=BY), concerns=concerned)
    if (moved := _elsewhere(dns_service, eks_cluster)) and not cached:
        troubles += 1
        yield warn(subject, moved, cause=CAUSE, fix=advise(SERVICE, by=BY), concerns=concerned)
    if not troubles:
        yield ok(
            subject, "the Service kube-dns leads to it, and it passes the names on", rules_out=(), concerns=concerned
        )


def _of_service(
    service: Service | Unavailable, ready: Sequence[Pod], blocks: Iterable[ServerBlock], used: Set[str]
) -> str:
    if isinstance(service, Unavailable):
        return "there is no Service kube-system/kube-dns: nobody answers at the address that pods ask"
    ports = [port for port in service.spec.ports or () if port.port == DNS and port.protocol == "UDP"]
    if not ports:
        return "the Service kube-dns has no UDP port 53: it takes no question"
    listening = _listening(blocks)
    target = str(ports[0].target_port or DNS)
    if target.isdigit() and target not in listening:
        return f"the Service kube-dns leads to port {target}, and CoreDNS listens on {', '.join(sorted(listening))}"
    wanted = service.spec.selector or {}
    if ready and wanted and not any(wanted.items() <= (pod.metadata.labels or {}).items() for pod in ready):
        takes = ", ".join(f"{key}={value}" for key, value in wanted.items())
        return f"the Service kube-dns selects {takes}, and no ready pod is so labelled: no address is behind it"
    there = {pod.spec.node_name for pod in ready}
    if service.spec.internal_traffic_policy == "Local" and (without := sorted(used - there)) and there:
        more = f" and {len(without) - 1} more" if len(without) > 1 else ""
        return f"internalTrafficPolicy of the Service kube-dns is Local, and no CoreDNS pod is on {without[0]}{more}"
    return ""


def _missed(service: Service, servers: Sequence[str], services: str) -> str:
    """An address of the range of Services that the node plugin asks, and at which no DNS Service is."""
    wrong = [server for server in servers if is_service(server, services) and server != service.spec.cluster_ip]
    if not wrong or service.spec.cluster_ip in servers:
        return ""
    return f"the node plugin's dnsConfig names {wrong[0]}, and the Service kube-dns is at {service.spec.cluster_ip}"


def _of_endpoints(
    slices: tuple[EndpointSlice, ...] | Unavailable, ready: Sequence[Pod], blocks: Iterable[ServerBlock]
) -> str:
    """Why no question that is sent to the Service arrives at a pod that is ready."""
    if isinstance(slices, Unavailable) or not ready:
        return ""
    listening = _listening(blocks)
    given = set()
    for one in slices:
        numbers = {str(port.port) for port in one.ports or () if port.protocol == "UDP" and port.port}
        for endpoint in one.endpoints or ():
            if endpoint.conditions.ready is not False:
                given |= {(address, number) for address in endpoint.addresses or () for number in numbers}
    if not given:
        return (
            "the Service kube-dns has no endpoint that is ready, though CoreDNS pods are: its EndpointSlices are empty"
        )
    if not any(port in listening for _, port in given):
        ports = ", ".join(sorted({port for _, port in given}))
        return f"the endpoints of kube-dns are of port {ports}, and CoreDNS listens on {', '.join(sorted(listening))}"
    pods_at = {pod.status.pod_ip for pod in ready} - {""}
    # A pod of two families has two slices, and says its first address alone here.
    comparable = {address for address, _ in given if any((":" in address) == (":" in pod) for pod in pods_at)}
    if comparable and pods_at.isdisjoint(comparable):
        named = ", ".join(sorted(comparable)[:3])
        return f"the endpoints of kube-dns are {named}, and no CoreDNS pod is there"
    return ""


def _listening(blocks: Iterable[ServerBlock]) -> set[str]:
    return {str(port) for block in blocks for port in block.ports} or {str(DNS)}


def _ready(pods: Iterable[Pod]) -> list[Pod]:
    """CoreDNS pods that are ready; without any cluster-dns says it."""
    return [pod for pod in pods if is_cluster_dns(pod) and pod.is_ready]


class Asked(NamedTuple):
    """The names that are asked for."""

    names: tuple[str, ...]
    of_aws: tuple[str, ...]
    """Names that any address may answer: an endpoint of one's own."""
    askers: tuple[str, ...]
    """Addresses of the node plugin's pods."""
    enis: frozenset[str]
    """Addresses that are right answers; none where they are not known."""
    resolve: bool
    """Pods that mount by each of them are up. What a VPC's resolver answers says nothing of CoreDNS."""
    services: str
    """The range of Services, in which CoreDNS would ask itself."""


def _of_corefile(corefile: tuple[ServerBlock, ...] | Unavailable, asked: Asked) -> Kept | None:
    """What keeps one of the names; None when all are passed on."""
    if isinstance(corefile, Unavailable):
        return Kept("there is no ConfigMap kube-system/coredns: a CoreDNS pod that is made now does not start", False)
    for name in (*asked.names, *asked.of_aws):
        block = block_for(name, corefile)
        if block is None:
            return Kept(f"no server block of the Corefile takes {name}: CoreDNS refuses to answer")
        found = kept(name, block, asked.askers)
        is_aws = name in asked.of_aws
        right = found and (bool(found.addresses) if is_aws else asked.enis.intersection(found.addresses))
        if found and not right and (found.is_sure or is_aws or not asked.resolve):
            return found
        answer = answer_by_hosts(name, block)
        asks = upstreams_for(name, corefile)
        if answer is None and asks and all(is_service(one, asked.services) for one in asks):
            return Kept(f"the Corefile forwards {name} to {', '.join(asks)}, an address of a Service: it asks itself")
        if answer == "":
            return Kept(f"a `hosts` block of the Corefile without `fallthrough` answers that there is no {name}")
        if answer is None and not asks and not imports_for(name, corefile):
            return Kept(f"the Corefile forwards {name} to nobody")
        if answer and asked.enis and answer not in asked.enis and not is_aws:
            why = f"a `hosts` block of the Corefile answers {name} with {answer}, which is no ENI of a file system"
            return Kept(why)
    return None


def _elsewhere(service: Service | Unavailable, cluster: EksCluster | Unavailable) -> str:
    """Where the Service is, and where EKS tells its kubelets that it is; empty when that is one, or not known."""
    if isinstance(service, Unavailable) or isinstance(cluster, Unavailable):
        return ""
    try:
        given = ipaddress.IPv4Network(cluster.kubernetes_network_config.service_ipv4_cidr)[TENTH]
    except (ValueError, IndexError):
        return ""
    if service.spec.cluster_ip == str(given):
        return ""
    return f"the Service kube-dns has the address {service.spec.cluster_ip or 'none'}, and EKS gives pods {given}"
