"""Whom a name is asked of on its way to the VPC's resolver: CoreDNS, NodeLocal DNSCache, dnsConfig, DHCP options."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from diag.analysis.file_systems import file_system_of
from diag.analysis.network.names import asks_cluster_dns, has_node_local_dns, is_service, own_name_servers
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable, Unreadable, value_or
from diag.registry import fact
from diag.resources.ec2 import AMAZON_PROVIDED, DhcpOptions, Vpc
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume, Workload
from diag.resources.kubernetes.corefile import ServerBlock, imports_for, upstreams_for
from diag.resources.table import Table

LINK_LOCAL_RESOLVERS = ("169.254.169.253", "fd00:ec2::253")
"""The VPC's own resolver under its fixed addresses. Source: Amazon VPC user guide, Amazon DNS server."""

NODE_RESOLVER = "/etc/resolv.conf"

UPSTREAM, CLUSTER = "__PILLAR__UPSTREAM__SERVERS__", "__PILLAR__CLUSTER__DNS__"
"""What NodeLocal DNSCache replaces at its start: by the node's resolver, unless a ConfigMap kube-dns names others, and
by the Service kube-dns-upstream. Source: Kubernetes documentation, NodeLocal DNSCache; kubernetes/dns node-cache."""

DEFAULT_OPTIONS = "default"


CACHE = "NodeLocal DNSCache"
Hop = tuple[str, tuple[ServerBlock, ...] | Unavailable]
"""Who is asked, and what its Corefile says."""


def hops_of(
    corefile: tuple[ServerBlock, ...] | Unavailable,
    node_local_corefile: tuple[ServerBlock, ...] | Unavailable,
    daemon_sets: tuple[Workload, ...] | Unavailable,
) -> tuple[Hop, ...]:
    """What a pod's question goes through inside the cluster, in order."""
    cache = ((CACHE, node_local_corefile),) if has_node_local_dns(value_or(daemon_sets, ())) else ()
    return (*cache, ("CoreDNS", corefile))


def dead_end(name: str, hops: Sequence[Hop], services: str) -> str:
    """The hop that forwards a name to nobody; empty where each hands it on, or that is not known."""
    for hop, blocks in hops:
        upstreams = () if isinstance(blocks, Unavailable) else upstreams_for(name, blocks)
        if upstreams and all(server == CLUSTER or is_service(server, services) for server in upstreams):
            continue
        silent = not isinstance(blocks, Unavailable) and not upstreams and not imports_for(name, blocks)
        return hop if silent else ""
    return ""


def servers_of_ones_own(
    name: str,
    vpc: Vpc,
    dhcp_options: tuple[DhcpOptions, ...],
    hops: Sequence[Hop],
    services: str,
    workload: Workload | Unavailable,
) -> tuple[list[str], list[str], Unavailable | None]:
    """Hops that are not the VPC's resolver, what was read, and what was not and may hide one."""
    own, message = [], []
    title = "the pods" if isinstance(workload, Unavailable) else workload.metadata.name
    unread: Unavailable | None = None
    upstreams: tuple[str, ...] = (NODE_RESOLVER,)
    for hop, blocks in hops if asks_cluster_dns(workload, services) else ():
        if isinstance(blocks, Unavailable):
            unread = blocks
            break
        upstreams = tuple(NODE_RESOLVER if one == UPSTREAM else one for one in upstreams_for(name, blocks))
        message.append(f"{hop} forwards it to {', '.join(upstreams) or 'nobody'}")
        if upstreams and all(server == CLUSTER or is_service(server, services) for server in upstreams):
            continue
        if strange := [server for server in upstreams if server != NODE_RESOLVER and not _is_amazons(server, vpc)]:
            own.append(f"{hop} forwards to {', '.join(strange)}")
        elif imports_for(name, blocks):
            unread = Unavailable("files that the Corefile imports", Reason.NOT_ASKED, "one may forward the name")
        break
    if servers := tuple(one for one in own_name_servers(workload) if not is_service(one, services)):
        upstreams = servers
        message.append(f"its own dnsConfig: {', '.join(servers)}")
        if strange := [server for server in servers if not _is_amazons(server, vpc)]:
            own.append(f"the dnsConfig of {title} names {', '.join(strange)}")
    if NODE_RESOLVER in upstreams:
        servers = _name_servers(vpc, dhcp_options)
        message.append(f"ec2:DescribeDhcpOptions {vpc.dhcp_options_id}: {', '.join(servers) or 'no name server'}")
        if strange := [server for server in servers if not _is_amazons(server, vpc)]:
            own.append(f"the DHCP options of {vpc.vpc_id} name {', '.join(strange)}")
        elif not servers:
            own.append(f"the DHCP options of {vpc.vpc_id} name no DNS server")
    return own, message, unread


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


MANY_DOTS = 5
"""`ndots` of a pod that asks the cluster's DNS; a node's resolver has 1. Source: pkg/kubelet/network/dns."""


def names_tried_first(
    name: str, node_plugin: Workload | Unavailable, vpc: Vpc, dhcp_options: tuple[DhcpOptions, ...]
) -> tuple[str, ...]:
    """What a resolver asks for before the name itself: the name in each domain that it searches, cluster's left out.

    It does so for names with fewer dots than `ndots`, and takes the first answer. A pod searches the cluster's domains
    and then those of its node. Source: resolv.conf(5); Kubernetes documentation, Pod's DNS Config.
    """
    spec = None if isinstance(node_plugin, Unavailable) else node_plugin.spec.template.spec
    config = spec.dns_config if spec else None
    own = (config.searches or ()) if config else ()
    is_pods = (
        spec is None
        or spec.dns_policy == "ClusterFirstWithHostNet"
        or (spec.dns_policy == "ClusterFirst" and not spec.host_network)
    )
    ndots = MANY_DOTS if is_pods else 1
    for option in (config.options or ()) if config else ():
        if option.name == "ndots" and (option.value or "").isdecimal():
            ndots = int(option.value or "1")
    if name.endswith(".") or name.count(".") >= ndots:
        return ()
    nodes = () if spec is not None and spec.dns_policy == "None" else _domains(vpc, dhcp_options)
    return tuple(f"{name}.{domain.strip('.')}" for domain in dict.fromkeys((*nodes, *own)))


def _domains(vpc: Vpc, dhcp_options: tuple[DhcpOptions, ...]) -> tuple[str, ...]:
    """The domains that the VPC's DHCP options have its instances search; EC2's own holds no private zone."""
    return next((one.domains for one in dhcp_options if one.dhcp_options_id == vpc.dhcp_options_id), ())


@fact(layer=Layer.DNS)
def searched_names(
    volumes: tuple[PersistentVolume, ...],
    names_in_doubt: tuple[str, ...],
    file_systems: Table[FileSystem],
    node_plugin: Workload | Unavailable,
    vpcs: Table[Vpc],
    dhcp_options: tuple[DhcpOptions, ...],
) -> dict[str, tuple[str, ...]]:
    """What the node plugin's resolver asks for before the name of a volume, by the volume's name."""
    found = {}
    for volume in volumes:
        known, name = file_system_of(volume, file_systems), volume.dns_name or ""
        vpc = Unavailable("", Reason.ABSENT) if isinstance(known, Unavailable) else vpcs.get(known.vpc_id)
        if name in names_in_doubt and isinstance(vpc, Vpc):
            found[volume.name] = names_tried_first(name, node_plugin, vpc, dhcp_options)
    return found
