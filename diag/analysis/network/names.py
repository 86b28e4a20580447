"""How the name of a volume resolves where it matters."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from diag.analysis.attributes import is_address
from diag.analysis.claims import Provisioning
from diag.analysis.file_systems import file_system_of
from diag.analysis.identity.controller import Giver, goes_by_proxy, injected
from diag.analysis.network.vantage import is_inside
from diag.analysis.pods import is_mounted_now
from diag.analysis.volumes import Mount
from diag.knowledge.controller_actions import SOME_FILE_SYSTEM
from diag.knowledge.partitions import partition_of
from diag.model.layer import Layer
from diag.model.unavailable import Unavailable, value_or
from diag.registry import fact
from diag.resources.ec2 import Vpc
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume, PersistentVolumeClaim, Pod, Workload
from diag.resources.reachability import DnsAnswer, Resolution, TcpAnswer
from diag.resources.table import Table
from diag.resources.target import Settings


def asks_cluster_dns(workload: Workload | Unavailable, services: str = "") -> bool:
    """Whether the workload's pods ask CoreDNS; yes when it could not be read, as the chart makes it so.

    A pod on the host's network asks the node's resolver unless its policy is ClusterFirstWithHostNet. One whose
    dnsConfig names an address of the range of Services asks the cluster's DNS all the same. Source: Kubernetes
    documentation, DNS for Services and Pods; aws-fsx-csi-driver chart 1.17.0 node-daemonset.yaml.
    """
    if isinstance(workload, Unavailable):
        return True
    if any(is_service(server, services) for server in own_name_servers(workload)):
        return True
    spec = workload.spec.template.spec
    if spec.dns_policy == "ClusterFirst":
        return not spec.host_network
    return spec.dns_policy == "ClusterFirstWithHostNet"


def is_cluster_dns(item: Workload | Pod) -> bool:
    """Whether a workload or pod is CoreDNS, which is labelled as its predecessor was.

    Source: kubernetes/kubernetes cluster/addons/dns/coredns; EKS CoreDNS add-on (k8s-app: kube-dns).
    """
    return item.metadata.label("k8s-app") == "kube-dns"


def has_node_local_dns(daemon_sets: Iterable[Workload]) -> bool:
    """Whether NodeLocal DNSCache answers pods: names outside the cluster it asks of an upstream of its own.

    Source: kubernetes/kubernetes cluster/addons/dns/nodelocaldns (k8s-app: node-local-dns).
    """
    return any(map(is_node_local_dns, daemon_sets))


def is_node_local_dns(daemon_set: Workload) -> bool:
    """Whether it is NodeLocal DNSCache."""
    return "node-local-dns" in (daemon_set.metadata.label("k8s-app"), daemon_set.metadata.name)


def services_of(cluster: EksCluster | Unavailable) -> str:
    """The range of Services; empty where it is not known."""
    return "" if isinstance(cluster, Unavailable) else cluster.kubernetes_network_config.service_ipv4_cidr


def is_service(server: str, services: str) -> bool:
    """Whether a DNS server's address is in the range of Services."""
    try:
        return ipaddress.ip_address(server) in ipaddress.ip_network(services)
    except ValueError:
        return False


def own_name_servers(node_plugin: Workload | Unavailable) -> tuple[str, ...]:
    """The servers that the DaemonSet's own dnsConfig names in place of all others; empty where it leaves them.

    Source: Kubernetes documentation, DNS for Services and Pods, dnsPolicy None.
    """
    if isinstance(node_plugin, Unavailable):
        return ()
    spec = node_plugin.spec.template.spec
    return (spec.dns_config.nameservers or ()) if spec.dns_policy == "None" and spec.dns_config else ()


def api_names(region: str) -> tuple[str, ...]:
    """The names under which the controller asks FSx and STS; none for a region that is not known.

    Source: AWS general reference, service endpoints.
    """
    partition = partition_of(region)
    return tuple(f"{service}.{region}.{partition.dns_suffix}" for service in ("fsx", "sts")) if partition else ()


@fact(layer=Layer.DNS)
def controller_names(
    provisioning: Provisioning,
    controller_pods: tuple[Pod, ...] | Unavailable,
    cluster_identity: ClusterIdentity,
) -> tuple[str, ...]:
    """The names of AWS that the controller asks for, for a claim that waits; none where a proxy asks in its place."""
    pods = value_or(controller_pods, ())
    if not provisioning.pending or goes_by_proxy(pods):
        return ()
    return names_asked_by(pods, cluster_identity.region)


def names_asked_by(controller_pods: Iterable[Pod], region: str) -> tuple[str, ...]:
    """The names of AWS's APIs that the controller's pods ask for: that of STS where they show it a token."""
    takes_token = Giver.WEB_IDENTITY in {injected(pod) for pod in controller_pods}
    return tuple(name for name in api_names(region) if takes_token or not name.startswith("sts."))


def to_be_mounted(names: Iterable[str]) -> tuple[str, ...]:
    """The name of a file system that is not made yet, for each name of FSx's API."""
    return tuple(f"{SOME_FILE_SYSTEM}.{name}" for name in names if name.startswith("fsx."))


def claims_by_cluster_dns(
    provisioning: Provisioning | Unavailable,
    controller: Workload | Unavailable,
    controller_names: tuple[str, ...] | Unavailable,
    services: str,
) -> tuple[PersistentVolumeClaim, ...]:
    """The claims for which the controller asks the cluster's DNS for names of AWS."""
    asks = not isinstance(controller, Unavailable) and asks_cluster_dns(controller, services)
    return value_or(provisioning, Provisioning()).pending if asks and value_or(controller_names, ()) else ()


@fact(layer=Layer.DNS)
def naming_vpcs(
    mounted_file_systems: tuple[FileSystem, ...],
    provisioning: Provisioning | Unavailable,
    eks_cluster: EksCluster | Unavailable,
) -> tuple[str, ...]:
    """The VPCs in which names are asked: the file systems', and the cluster's where a claim waits for the driver."""
    ids = {one.vpc_id for one in mounted_file_systems}
    if value_or(provisioning, Provisioning()).pending and isinstance(eks_cluster, EksCluster):
        ids.add(eks_cluster.vpc_id)
    return tuple(sorted(ids - {""}))


@fact(layer=Layer.DNS)
def names_in_doubt(
    volumes: tuple[PersistentVolume, ...],
    mounts: tuple[Mount, ...] | Unavailable,
    controller_names: tuple[str, ...] | Unavailable,
) -> tuple[str, ...]:
    """The names that are waited for: of volumes that no pod shows mounted, and those that the controller asks for."""
    own = _mounts_by_volume(mounts)
    waiting = (v for v in volumes if v.dns_name and not is_address(v.dns_name) and not is_mounted_now(own[v.name]))
    names = [str(volume.dns_name) for volume in waiting]
    return tuple(dict.fromkeys((*names, *value_or(controller_names, ()))))


def _mounts_by_volume(mounts: Iterable[Mount] | Unavailable) -> defaultdict[str, list[Mount]]:
    found: defaultdict[str, list[Mount]] = defaultdict(list)
    for mount in value_or(mounts, ()):
        found[mount.volume.name].append(mount)
    return found


class NameStanding(msgspec.Struct, frozen=True):
    """The answers to one volume's name, and whether they say anything about the nodes."""

    answers: tuple[DnsAnswer, ...] = ()
    """One a server asked, the deciding one last; empty when the volume gives no host name."""
    counts: bool = False
    """Asked of the servers given by --dns-server, or from inside the file system's VPC."""
    is_mounted: bool = False
    """A pod that mounts the volume is up and no younger one waits for it, so that the name resolves, or did lately."""

    @property
    def resolves(self) -> bool | None:
        """Whether the name resolves for the nodes; None when that is unknown.

        An answer of now outweighs a pod that mounted some time ago.
        """
        if self.counts and self.answers:
            return self.answers[-1].outcome is Resolution.ANSWERED
        return True if self.is_mounted else None


@fact(layer=Layer.DNS)
def name_standings(
    volumes: tuple[PersistentVolume, ...],
    dns_answers: tuple[DnsAnswer, ...],
    mounts: tuple[Mount, ...] | Unavailable,
    file_systems: Table[FileSystem] | Unavailable,
    tcp_answers: tuple[TcpAnswer, ...] | Unavailable,
    vpcs: Table[Vpc] | Unavailable,
    settings: Settings,
) -> dict[str, NameStanding]:
    """What is known of every volume's name, by volume."""
    by_name: dict[str, list[DnsAnswer]] = {}
    for answer in dns_answers:
        by_name.setdefault(answer.name, []).append(answer)
    own = _mounts_by_volume(mounts)
    sent = () if isinstance(tcp_answers, Unavailable) else tcp_answers
    inside: dict[str, bool] = {}
    standings = {}
    for volume in volumes:
        known = file_system_of(volume, file_systems)
        vpc = "" if isinstance(known, Unavailable) else known.vpc_id
        if vpc not in inside:
            inside[vpc] = bool(settings.dns_servers) or is_inside(sent, vpcs, vpc)
        answers = tuple(by_name.get(volume.dns_name or "", ()))
        standings[volume.name] = NameStanding(answers, inside[vpc], is_mounted_now(own[volume.name]))
    return standings
