"""The network paths between nodes and file-system ENIs, as security groups see them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from diag.analysis.file_systems import has_no_servers
from diag.analysis.network.references import HOLDS, Reference, reference_between
from diag.analysis.network.security_groups import (
    Peer,
    admits,
    describe_ports,
    peer,
    representatives,
    rules_of,
)
from diag.analysis.nodes.eligibility import linux_nodes
from diag.analysis.nodes.lustre_client import ids_of
from diag.analysis.volumes import Mount
from diag.knowledge.lustre_ports import LUSTRE_PORT, SOURCE_PORTS
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.registry import fact
from diag.resources.ec2 import Instance, NetworkInterface, PrefixList, RouteTable, SecurityGroup, Subnet
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import Node
from diag.resources.table import Table
from diag.resources.transit_gateway import TransitNetwork

PORTS = ((str(LUSTRE_PORT), (LUSTRE_PORT,)), (f"{SOURCE_PORTS[0]}-{SOURCE_PORTS[-1]}", tuple(SOURCE_PORTS)))
"""The two port ranges that AWS documents, as rules write them."""


class ClientGroup(msgspec.Struct, frozen=True):
    """Nodes that a network treats alike: same groups on the primary interface, same subnet."""

    groups: tuple[str, ...]
    subnet_id: str
    vpc_id: str
    nodes: tuple[Node, ...]
    peer: Peer


class Clients(msgspec.Struct, frozen=True):
    """The nodes that mount a file system, and those whose instance is not known."""

    groups: tuple[ClientGroup, ...] = ()
    unread: tuple[Unavailable, ...] = ()


@fact(layer=Layer.NETWORK)
def clients(
    mounts: tuple[Mount, ...],
    mounting_nodes: tuple[Node, ...],
    mounted_file_systems: tuple[FileSystem, ...],
    instances: Table[Instance],
) -> dict[str, Clients]:
    """The nodes that mount each file system, by its id; where none does, the nodes that could."""
    using: dict[str, set[str]] = {}
    for mount in mounts:
        for id in ids_of(mount):
            using.setdefault(id, set()).add(mount.node_name)
    usable = linux_nodes(mounting_nodes)
    position = {node.name: number for number, node in enumerate(usable)}
    alike: dict[tuple[int, ...], Clients] = {}
    found = {}
    for file_system in mounted_file_systems:
        own = tuple(sorted(position[name] for name in using.get(file_system.id, ()) if name in position))
        if own not in alike:
            alike[own] = client_groups([usable[number] for number in own] or usable, instances)
        found[file_system.id] = alike[own]
    return found


def client_groups(nodes: Sequence[Node], instances: Table[Instance]) -> Clients:
    """The nodes sorted by what their instances' groups and subnets are."""
    alike: dict[tuple[tuple[str, ...], str, str], list[tuple[Node, str]]] = {}
    unread: list[Unavailable] = []
    for node in nodes:
        if not node.instance_id:
            unread.append(Unavailable(f"EC2 instance of {node.name}", Reason.ABSENT, "its providerID names none"))
            continue
        instance = instances.get(node.instance_id)
        if isinstance(instance, Unavailable):
            unread.append(instance)
            continue
        key = (tuple(sorted(instance.primary_groups)), instance.subnet_id, instance.vpc_id)
        alike.setdefault(key, []).append((node, instance.private_ip_address or node.internal_ip))
    groups = tuple(
        ClientGroup(*key, tuple(node for node, _ in members), peer(key[0], (address for _, address in members)))
        for key, members in alike.items()
    )
    return Clients(groups, tuple(unread))


def enis_of(file_system: FileSystem, network_interfaces: Table[NetworkInterface]) -> tuple[NetworkInterface, ...]:
    """The ENIs of a file system, whose rules and routes can be judged whether it serves or not.

    Of one that is made, deleted or failed those that are there; none of one that is not Lustre. Raises Unreadable.
    """
    if not file_system.is_lustre:
        return ()
    ids = file_system.network_interface_ids
    if has_no_servers(file_system):
        return tuple(network_interfaces[id] for id in ids if id in network_interfaces)
    if not ids:
        raise Unreadable(Unavailable(f"NetworkInterfaceIds of {file_system.id}", Reason.ABSENT, "FSx names none"))
    return tuple(network_interfaces[id] for id in ids)


class Gap(msgspec.Struct, frozen=True):
    """Ports that the groups of one side do not let through to or from the other."""

    ports: str
    groups: tuple[str, ...]
    """Whose rules lack it."""
    other: tuple[str, ...]
    """Groups at the other end."""
    enis: tuple[NetworkInterface, ...]
    is_egress: bool = False
    ranges: tuple[str, ...] | None = None
    """Subnets at the other end, by which a rule has to name it; None where it may name the groups."""

    def across(self, client: ClientGroup, subnets: Table[Subnet] | Unavailable) -> Gap:
        """The gap with the other end's ranges, where no rule may name its groups: another VPC, or a middlebox."""
        is_there = all(eni.vpc_id == client.vpc_id for eni in self.enis)
        reference = client.peer.reference.outbound if self.is_egress else client.peer.reference
        if is_there and reference.holds:
            return self
        ids = {eni.subnet_id for eni in self.enis} if self.groups == client.groups else {client.subnet_id}
        found = [] if isinstance(subnets, Unavailable) else [subnets.get(id) for id in sorted(ids)]
        ranges = tuple(one.cidr_block for one in found if isinstance(one, Subnet))
        return msgspec.structs.replace(self, ranges=ranges or ("",))


def request_gaps(
    client: ClientGroup,
    enis: Sequence[NetworkInterface],
    groups: Table[SecurityGroup],
    prefix_lists: Table[PrefixList] | Unavailable,
) -> Iterator[Gap]:
    """What keeps the nodes' request to port 988 from an ENI: without that there is no mount.

    Security groups are stateful, so that the answer needs no rule. Raises Unreadable when a group or a deciding
    prefix list could not be read.
    """
    for ids, members in _by_groups(enis).items():
        if not admits(rules_of(groups, ids), LUSTRE_PORT, client.peer, prefix_lists):
            yield Gap(PORTS[0][0], ids, client.groups, members)
    outgoing = rules_of(groups, client.groups, egress=True)
    for ids, members in _by_groups(enis).items():
        if not admits(outgoing, LUSTRE_PORT, _peer_of(ids, members, client.peer.reference.outbound), prefix_lists):
            yield Gap(PORTS[0][0], client.groups, ids, members, is_egress=True)


def further_gaps(
    client: ClientGroup,
    enis: Sequence[NetworkInterface],
    groups: Table[SecurityGroup],
    prefix_lists: Table[PrefixList] | Unavailable,
) -> Iterator[Gap]:
    """What else AWS documents between clients and file servers, both ways, and is not there. Raises Unreadable.

    Source: FSx for Lustre user guide, limit-access-security-groups: 988 and 1018-1023, inbound on both sides, and
    outbound where not everything may leave. A mount does without them: a reference that may hold counts as one.
    """
    inbound = HOLDS if client.peer.reference.holds is None else client.peer.reference
    outbound = inbound if client.peer.reference.outbound.holds is None else client.peer.reference.outbound
    for ids, members in _by_groups(enis).items():
        servers = _peer_of(ids, members)
        for label, ports in PORTS:
            for own, other, is_egress in (
                (ids, client.peer, False), (ids, client.peer, True),
                (client.groups, servers, False), (client.groups, servers, True),
            ):  # fmt: skip
                rules = rules_of(groups, own, egress=is_egress)
                seen = msgspec.structs.replace(other, reference=outbound if is_egress else inbound)
                if not all(admits(rules, port, seen, prefix_lists) for port in ports):
                    yield Gap(label, own, client.groups if own is ids else ids, members, is_egress)


def server_gaps(
    enis: Sequence[NetworkInterface], groups: Table[SecurityGroup], prefix_lists: Table[PrefixList] | Unavailable
) -> Iterator[Gap]:
    """What keeps the file servers from talking to each other. Raises Unreadable.

    AWS asks for rules from the group to itself, or from the subnet, and for the same outbound where not everything may
    leave. Source: as above, and cannot-create-fs.
    """
    sets = _by_groups(enis)
    for (ids, members), is_egress in itertools.product(sets.items(), (False, True)):
        rules = rules_of(groups, ids, egress=is_egress)
        for others, peers in sets.items():
            for label, ports in PORTS:
                if not all(admits(rules, port, _peer_of(others, peers), prefix_lists) for port in ports):
                    yield Gap(label, ids, others, members, is_egress)


def described(groups: Table[SecurityGroup], ids: Sequence[str], *, egress: bool = False) -> str:
    """The rules that are there, so that a person sees what was meant. Raises Unreadable."""
    shown = []
    for rule in rules_of(groups, ids, egress=egress):
        peers = [pair.group_id for pair in rule.user_id_group_pairs] + [item.cidr_ip for item in rule.ip_ranges]
        peers += [ref.prefix_list_id for ref in rule.prefix_list_ids] + [item.cidr_ipv6 for item in rule.ipv6_ranges]
        shown.append(f"{describe_ports(rule)} {'to' if egress else 'from'} {', '.join(peers) or 'nobody'}")
    side = "outbound" if egress else "inbound"
    return f"ec2:DescribeSecurityGroups {', '.join(ids)} {side}: {'; '.join(shown) or 'no rule'}"


def _by_groups(enis: Sequence[NetworkInterface]) -> dict[tuple[str, ...], tuple[NetworkInterface, ...]]:
    """ENIs that carry the same groups, which obey the same rules."""
    found: dict[tuple[str, ...], list[NetworkInterface]] = {}
    for eni in enis:
        found.setdefault(eni.group_ids, []).append(eni)
    return {ids: tuple(members) for ids, members in found.items()}


def _peer_of(ids: tuple[str, ...], members: Sequence[NetworkInterface], reference: Reference = HOLDS) -> Peer:
    return peer(ids, (eni.private_ip_address for eni in members), reference)


def by_reference(
    client: ClientGroup,
    enis: Sequence[NetworkInterface],
    route_tables: tuple[RouteTable, ...] | Unavailable,
    prefix_lists: Table[PrefixList] | Unavailable,
    transit: TransitNetwork | Unavailable,
) -> Iterator[tuple[ClientGroup, tuple[NetworkInterface, ...]]]:
    """The ENIs to which the nodes' packets go on ways that treat references to groups alike, with the nodes so seen."""
    found: dict[Reference, list[NetworkInterface]] = {}
    for crossing in crossings((client,), enis):
        routes = () if isinstance(route_tables, Unavailable) else [r for table in route_tables for r in table.routes]
        senders = crossing.node_addresses(route.destination_cidr_block for route in routes)
        place = (client.subnet_id, client.vpc_id)
        reference = reference_between(place, senders, crossing.enis, route_tables, prefix_lists, transit)
        found.setdefault(reference, []).extend(crossing.enis)
    for reference, members in found.items():
        seen = msgspec.structs.replace(client.peer, reference=reference)
        yield msgspec.structs.replace(client, peer=seen), tuple(members)


class Crossing(msgspec.Struct, frozen=True):
    """One group of nodes on one side, the ENIs of one subnet on the other."""

    client: ClientGroup
    server_subnet: str
    enis: tuple[NetworkInterface, ...]

    def node_addresses(self, cidrs: Iterable[str]) -> tuple[str, ...]:
        """An address of each set of nodes that the CIDRs of routes or ACL entries do not distinguish."""
        return representatives(self.client.peer.addresses, tuple(dict.fromkeys(cidrs)))

    @property
    def eni_addresses(self) -> tuple[str, ...]:
        """The address of each ENI."""
        return tuple(eni.private_ip_address for eni in self.enis)


def crossings(groups: Sequence[ClientGroup], enis: Sequence[NetworkInterface]) -> Iterator[Crossing]:
    """Every pair of a group of nodes and a subnet of file servers."""
    by_subnet: dict[str, list[NetworkInterface]] = {}
    for eni in enis:
        by_subnet.setdefault(eni.subnet_id, []).append(eni)
    for client in groups:
        for subnet, members in by_subnet.items():
            yield Crossing(client, subnet, tuple(members))
