"""Whom the name of a volume is asked of: the node plugin's resolver, CoreDNS, the VPC's DHCP options."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from diag import Draft, Layer, Reason, Table, Unavailable, Unreadable, check, fail, ok, skip, warn
from diag.advice.steps import advise
from diag.analysis.attributes import is_address
from diag.analysis.file_systems import file_system_of
from diag.analysis.network.names import NameStanding, asks_cluster_dns, has_node_local_dns, own_name_servers
from diag.analysis.network.paths import Clients
from diag.model.unavailable import value_or
from diag.resources.ec2 import AMAZON_PROVIDED, DhcpOptions, Vpc
from diag.resources.eks import EksCluster
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume, Workload
from diag.resources.kubernetes.corefile import ServerBlock, imports_for, upstreams_for

LINK_LOCAL_RESOLVERS = ("169.254.169.253", "fd00:ec2::253")
"""The VPC's own resolver under its fixed addresses. Source: Amazon VPC user guide, Amazon DNS server."""

NODE_RESOLVER = "/etc/resolv.conf"

UPSTREAM, CLUSTER = "__PILLAR__UPSTREAM__SERVERS__", "__PILLAR__CLUSTER__DNS__"
"""What NodeLocal DNSCache replaces at its start: by the node's resolver, unless a ConfigMap kube-dns names others, and
by the Service kube-dns-upstream. Source: Kubernetes documentation, NodeLocal DNSCache; kubernetes/dns node-cache."""

CACHE = "NodeLocal DNSCache"
UPSTREAMS = (
    "have the ConfigMap node-local-dns of kube-system forward names outside the cluster to the node's resolver:"
    " `forward . /etc/resolv.conf` in the block that takes them"
)

DEFAULT_OPTIONS = "default"


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
    skip: mounted by address, FSx has no such file system, the nodes are in another VPC, or there is no CoreDNS
    source: FSx for Lustre user guide, mount-troubleshooting (AmazonProvidedDNS); aws-fsx-csi-driver chart 1.17.0
    """
    known = file_system_of(volume, file_systems)
    if is_address(volume.dns_name or "") or isinstance(known, Unavailable):
        yield skip(volume, "no name of a file system is asked for this volume")
        return
    if not isinstance(clients, Unavailable) and any(g.vpc_id != known.vpc_id for g in clients[known.id].groups):
        yield skip(volume, f"the nodes are not in {known.vpc_id} (see dns-vpc)")
        return
    if isinstance(corefile, Unavailable) and corefile.reason is Reason.ABSENT and asks_cluster_dns(node_plugin):
        yield skip(volume, "the cluster's DNS has no ConfigMap kube-system/coredns: it is of another kind, not read")
        return
    vpc = vpcs[known.vpc_id]
    hops = [("CoreDNS", corefile)]
    if has_node_local_dns(value_or(daemon_sets, ())):
        hops.insert(0, (CACHE, node_local_corefile))
    services = "" if isinstance(eks_cluster, Unavailable) else eks_cluster.kubernetes_network_config.service_ipv4_cidr
    own, text, unread = _servers_of_ones_own(known, vpc, dhcp_options, hops, services, node_plugin)
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


def _servers_of_ones_own(
    known: FileSystem,
    vpc: Vpc,
    dhcp_options: tuple[DhcpOptions, ...],
    hops: Sequence[tuple[str, tuple[ServerBlock, ...] | Unavailable]],
    services: str,
    node_plugin: Workload | Unavailable,
) -> tuple[list[str], list[str], Unavailable | None]:
    """Hops that are not the VPC's resolver, what was read, and what was not and may hide one."""
    own, message = [], []
    unread: Unavailable | None = None
    upstreams: tuple[str, ...] = (NODE_RESOLVER,)
    for hop, blocks in hops if asks_cluster_dns(node_plugin) else ():
        if isinstance(blocks, Unavailable):
            unread = blocks
            break
        upstreams = tuple(NODE_RESOLVER if one == UPSTREAM else one for one in upstreams_for(known.dns_name, blocks))
        message.append(f"{hop} forwards it to {', '.join(upstreams) or 'nobody'}")
        if upstreams and all(_is_in_cluster(server, services) for server in upstreams):
            continue
        if strange := [server for server in upstreams if server != NODE_RESOLVER and not _is_amazons(server, vpc)]:
            own.append(f"{hop} forwards to {', '.join(strange)}")
        elif imports_for(known.dns_name, blocks):
            unread = Unavailable("files that the Corefile imports", Reason.NOT_ASKED, "one may forward the name")
        elif not upstreams:
            own.append(f"{hop} forwards the name to nobody")
        break
    if servers := own_name_servers(node_plugin):
        upstreams = servers
        message.append(f"dnsConfig of the node plugin: {', '.join(servers)}")
        if strange := [server for server in servers if not _is_amazons(server, vpc)]:
            own.append(f"the dnsConfig of the node plugin names {', '.join(strange)}")
    if NODE_RESOLVER in upstreams:
        servers = _name_servers(vpc, dhcp_options)
        message.append(f"ec2:DescribeDhcpOptions {vpc.dhcp_options_id}: {', '.join(servers) or 'no name server'}")
        if strange := [server for server in servers if not _is_amazons(server, vpc)]:
            own.append(f"the DHCP options of {vpc.vpc_id} name {', '.join(strange)}")
        elif not servers:
            own.append(f"the DHCP options of {vpc.vpc_id} name no DNS server")
    return own, message, unread


def _is_in_cluster(server: str, services: str) -> bool:
    """Whether NodeLocal DNSCache sends a question on to CoreDNS by it."""
    try:
        return server == CLUSTER or ipaddress.ip_address(server) in ipaddress.ip_network(services)
    except ValueError:
        return False


def _name_servers(vpc: Vpc, dhcp_options: tuple[DhcpOptions, ...]) -> tuple[str, ...]:
    """The DNS servers of a VPC's DHCP options; `default` is EC2's word for its own set (API reference, Vpc)."""
    if vpc.dhcp_options_id == DEFAULT_OPTIONS:
        return (AMAZON_PROVIDED,)
    found = next((options for options in dhcp_options if options.dhcp_options_id == vpc.dhcp_options_id), None)
    if found is None:
        what = f"DHCP options {vpc.dhcp_options_id or '(none named)'} of {vpc.vpc_id}"
        raise Unreadable(Unavailable(what, Reason.ABSENT, "EC2 lists no such set"))
    return found.name_servers


def _is_amazons(server: str, vpc: Vpc) -> bool:
    plain = server.removeprefix("dns://")
    address = plain.partition("]")[0].lstrip("[") if plain.count(":") > 1 else plain.partition(":")[0]
    try:
        second = str(ipaddress.ip_network(vpc.cidr_block, strict=False).network_address + 2)
    except ValueError:
        second = ""
    return address in (AMAZON_PROVIDED, *LINK_LOCAL_RESOLVERS, second)
