"""Domains that a resolver searches before it asks for the name itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from diag import Draft, Fix, Layer, Table, Unavailable, check, fail, ok, skip
from diag.advice.driver import setting, values_of
from diag.analysis.file_systems import file_system_of
from diag.analysis.network.names import asks_cluster_dns, services_of
from diag.model.unavailable import value_or
from diag.resources.ec2 import NetworkInterface
from diag.resources.eks import EksCluster
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume, Workload
from diag.resources.kubernetes.corefile import ServerBlock, block_for, kept
from diag.resources.route53 import HostedZone, ZoneRecords, taker_of

NDOTS = {
    "helm": "--set 'node.dnsConfig.options[0].name=ndots' --set-string 'node.dnsConfig.options[0].value=1'",
    "addon": '{"node":{"dnsConfig":{"options":[{"name":"ndots","value":"1"}]}}}',
    "manifests": (
        "kubectl -n {driver_namespace} patch daemonset {node_plugin} --type=merge -p"
        ' \'{"spec":{"template":{"spec":{"dnsConfig":{"options":[{"name":"ndots","value":"1"}]}}}}}\''
    ),
    "undo": "kubectl -n {driver_namespace} rollout undo daemonset/{node_plugin}",
}
"""A name with a dot is then asked for as it is."""


class Found(NamedTuple):
    """Who answers for the name in a domain that is searched."""

    tried: str
    who: str
    addresses: tuple[str, ...]


@check("search-domain", layer=Layer.DNS, each="volumes", speaks_for="dns-wrong-address")
def no_searched_domain_answers(
    volume: PersistentVolume,
    file_systems: Table[FileSystem],
    searched_names: dict[str, tuple[str, ...]],
    private_zones: tuple[HostedZone, ...],
    searched_records: Table[ZoneRecords],
    network_interfaces: Table[NetworkInterface] | Unavailable,
    node_plugin: Workload | Unavailable,
    corefile: tuple[ServerBlock, ...] | Unavailable,
    eks_cluster: EksCluster | Unavailable,
) -> Iterator[Draft]:
    """No domain that the node plugin's resolver searches first answers in the file system's place.

    The name of a file system has four dots, and a pod's resolver takes names with fewer than five for short ones: it
    asks for the name in each domain of its list first, and takes the first answer. The list holds the domain of the
    VPC's DHCP options. A wildcard in a private zone of that domain, or a `template` of CoreDNS, answers every name.

    pass: no zone and no plugin answers for the name in a domain that is searched, or none is searched
    fail: one does, with an address that is no ENI of the file system, or by another name
    unknown: zones, their records or DHCP options could not be read
    skip: mounted by address, FSx has no such file system, or a pod that mounts by the name is up
    source: resolv.conf(5); Kubernetes documentation, Pod's DNS Config; aws-fsx-csi-driver chart 1.17.0
    """
    known = file_system_of(volume, file_systems)
    if isinstance(known, Unavailable) or volume.name not in searched_names:
        yield skip(volume, "no name is in doubt: by address, of no file system, or a pod mounts by it")
        return
    tried = searched_names[volume.name]
    enis = value_or(network_interfaces, Table[NetworkInterface]())
    right = {enis[id].private_ip_address for id in known.network_interface_ids if id in enis}
    blocks = value_or(corefile, ()) if asks_cluster_dns(node_plugin, services_of(eks_cluster)) else ()
    found = next(_answers(tried, known.vpc_id, private_zones, searched_records, blocks), None)
    if found is None or right.intersection(found.addresses):
        what = f"none of {', '.join(tried)} is answered" if tried else "the name is asked for as it is"
        yield ok(volume, what, rules_out=(), concerns=(known,))
        return
    leads = f"to {', '.join(found.addresses)}, no ENI of {known.id}" if found.addresses else "to another name"
    message = f"the node plugin asks for {found.tried} first, and {found.who} leads that {leads}"
    fix = None
    if isinstance(node_plugin, Workload):
        names = {**values_of(node_plugin), "node_plugin": node_plugin.metadata.name}
        fix = Fix(setting(NDOTS, names))
    yield fail(volume, message, fix=fix, concerns=(known,))


def _answers(
    tried: Iterable[str],
    vpc: str,
    zones: tuple[HostedZone, ...],
    records: Table[ZoneRecords],
    blocks: tuple[ServerBlock, ...],
) -> Iterator[Found]:
    """Who answers for the names that are tried, in their order. Raises Unreadable."""
    for name in tried:
        block = block_for(name, blocks)
        answer = kept(name, block) if block else None
        if answer is not None:
            if answer.is_sure and answer.addresses:
                yield Found(name, "a plugin of the Corefile", answer.addresses)
            continue
        zone = taker_of(name, vpc, zones, ())
        if isinstance(zone, HostedZone) and not zone.owner.owning_service:
            addresses = records[zone.hosted_zone_id].answer_to(name, zone.name)
            if addresses is not None:
                yield Found(name, f"private zone {zone.name} ({zone.hosted_zone_id})", addresses)
