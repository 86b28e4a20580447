"""Whom the name of a volume is asked of: the node plugin's resolver, CoreDNS, the VPC's DHCP options."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Reason, Table, Unavailable, Unreadable, check, fail, ok, skip, warn
from diag.advice.steps import advise
from diag.analysis.attributes import is_address
from diag.analysis.file_systems import file_system_of
from diag.analysis.network.name_servers import CACHE, dead_end, hops_of, servers_of_ones_own
from diag.analysis.network.names import NameStanding, asks_cluster_dns, services_of
from diag.analysis.network.paths import Clients
from diag.resources.ec2 import DhcpOptions, Vpc
from diag.resources.eks import EksCluster
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume, Workload
from diag.resources.kubernetes.corefile import ServerBlock

UPSTREAMS = (
    "Have the ConfigMap node-local-dns of kube-system forward names outside the cluster to the node's resolver:"
    " `forward . /etc/resolv.conf` in the block that takes them."
)


@check("dns-servers", layer=Layer.DNS, each="volumes", speaks_for="custom-dns-servers")
def names_are_asked_of_the_vpc(
    volume: PersistentVolume,
    file_systems: Table[FileSystem],
    vpcs: Table[Vpc],
    dhcp_options: tuple[DhcpOptions, ...],
    corefile: tuple[ServerBlock, ...] | Unavailable,
    node_local_corefile: tuple[ServerBlock, ...] | Unavailable,
    eks_cluster: EksCluster | Unavailable,
    node_plugin: Workload | Unavailable,
    name_standings: dict[str, NameStanding],
    clients: dict[str, Clients] | Unavailable,
    daemon_sets: tuple[Workload, ...] | Unavailable,
) -> Iterator[Draft]:
    """The way from the node plugin's resolver ends at the VPC's own resolver, which alone knows the file system's name.

    mount.lustre asks the resolver of the node plugin's pod: CoreDNS, which forwards to the node's resolver, which is
    what the VPC's DHCP options say. NodeLocal DNSCache answers before CoreDNS and sends names outside the cluster to an
    upstream of its own. Servers of one's own on that way must forward the name; whether they do shows.

    pass: everything on the way is Amazon's, or servers of one's own are on it and the name resolves all the same
    warn: custom DNS servers are on the way, and nothing shows whether the name resolves there
    fail: servers of one's own are on the way, and the name does not resolve
    unknown: DHCP options, CoreDNS's configuration or that of NodeLocal DNSCache could not be read
    skip: mounted by address, FSx has no such file system, the nodes are in another VPC, there is no CoreDNS, or it
        forwards the name to nobody
    source: FSx for Lustre user guide, mount-troubleshooting (AmazonProvidedDNS); aws-fsx-csi-driver chart 1.17.0
    """
    known = file_system_of(volume, file_systems)
    if is_address(volume.dns_name or "") or isinstance(known, Unavailable):
        yield skip(volume, "no name of a file system is asked for this volume")
        return
    if not isinstance(clients, Unavailable) and any(g.vpc_id != known.vpc_id for g in clients[known.id].groups):
        yield skip(volume, f"the nodes are not in {known.vpc_id} (see dns-vpc)")
        return
    asked = asks_cluster_dns(node_plugin, services_of(eks_cluster))
    if isinstance(corefile, Unavailable) and corefile.reason is Reason.ABSENT and asked:
        yield skip(volume, "the cluster's DNS has no ConfigMap kube-system/coredns: it is of another kind, not read")
        return
    vpc = vpcs[known.vpc_id]
    hops = hops_of(corefile, node_local_corefile, daemon_sets)
    if asked and (hop := dead_end(known.dns_name, hops, services_of(eks_cluster))):
        yield skip(volume, f"{hop} forwards the name to nobody (see cluster-dns-config)")
        return
    own, text, unread = servers_of_ones_own(
        known.dns_name, vpc, dhcp_options, hops, services_of(eks_cluster), node_plugin
    )
    standing = name_standings[volume.name]
    if not own:
        if unread is not None:
            raise Unreadable(unread)
        yield ok(volume, f"names are asked of the resolver of {vpc.vpc_id}", *text, concerns=(known,))
        return
    message = f"{'; '.join(own)}, not the resolver of {vpc.vpc_id}"
    if standing.resolves:
        yield ok(volume, f"{message}; {known.dns_name} resolves all the same", *text, concerns=(known,))
    elif standing.resolves is False:
        fix = advise(UPSTREAMS, by="whoever runs the cluster's DNS") if own[0].startswith(CACHE) else None
        yield fail(volume, f"{message}, and {known.dns_name} does not resolve", *text, fix=fix, concerns=(known,))
    else:
        yield warn(volume, f"{message}; they must forward {known.dns_name} to it", *text, concerns=(known,))
