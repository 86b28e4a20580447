"""How the name of a volume resolves where it matters."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from diag.analysis.file_systems import file_system_of
from diag.analysis.network.vantage import is_inside
from diag.analysis.volumes import Mount
from diag.knowledge.partitions import partition_of
from diag.model.layer import Layer
from diag.model.unavailable import Unavailable
from diag.registry import fact
from diag.resources.ec2 import Vpc
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume, Pod, Workload
from diag.resources.reachability import DnsAnswer, Resolution, TcpAnswer
from diag.resources.table import Table
from diag.resources.target import Settings


def asks_cluster_dns(node_plugin: Workload | Unavailable) -> bool:
    """Whether the pods of the DaemonSet ask CoreDNS; yes when it could not be read, as the chart makes it so.

    A pod on the host's network asks the node's resolver unless its policy is ClusterFirstWithHostNet. Source:
    Kubernetes documentation, DNS for Services and Pods; aws-fsx-csi-driver chart 1.17.0 node-daemonset.yaml.
    """
    if isinstance(node_plugin, Unavailable):
        return True
    spec = node_plugin.spec.template.spec
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
    name = "node-local-dns"
    return any(name in (one.metadata.label("k8s-app"), one.metadata.name) for one in daemon_sets)


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


class NameStanding(msgspec.Struct, frozen=True):
    """The answers to one volume's name, and whether they say anything about the nodes."""

    answers: tuple[DnsAnswer, ...] = ()
    """One a server asked, the deciding one last; empty when the volume gives no host name."""
    counts: bool = False
    """Asked of the servers given by --dns-server, or from inside the file system's VPC."""
    is_mounted: bool = False
    """A pod that mounts the volume is up, so the name resolved when it was mounted."""

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
    up = set() if isinstance(mounts, Unavailable) else {mount.volume.name for mount in mounts if mount.pod.is_up}
    sent = () if isinstance(tcp_answers, Unavailable) else tcp_answers
    inside: dict[str, bool] = {}
    standings = {}
    for volume in volumes:
        known = file_system_of(volume, file_systems)
        vpc = "" if isinstance(known, Unavailable) else known.vpc_id
        if vpc not in inside:
            inside[vpc] = bool(settings.dns_servers) or is_inside(sent, vpcs, vpc)
        answers = tuple(by_name.get(volume.dns_name or "", ()))
        standings[volume.name] = NameStanding(answers, inside[vpc], volume.name in up)
    return standings
