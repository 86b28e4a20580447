"""The network path between nodes and file-system ENIs, as security groups see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from diag.facts.ec2 import Instance, NetworkInterface, PrefixList, SecurityGroup, Subnet
from diag.facts.kubernetes import Node
from diag.facts.security import MGS_PORT, RETURN_PORTS, Peer, admits, covers_network, rules_of
from diag.facts.table import Table
from diag.model.unavailable import Reason, Unavailable


class ClientGroup(msgspec.Struct, frozen=True):
    """Nodes that security groups treat alike: same groups on the primary interface, same subnet."""

    groups: tuple[str, ...]
    nodes: tuple[Node, ...]
    addresses: tuple[str, ...]


class Clients(msgspec.Struct, frozen=True):
    """The nodes of a run by their groups, and those whose instance is not known."""

    clients: tuple[ClientGroup, ...]
    unread: tuple[Unavailable, ...] = ()


class Gap(msgspec.Struct, frozen=True):
    """Ports that some ENIs do not admit from a group of nodes, or that the nodes' own groups do not let out."""

    ports: str
    groups: tuple[str, ...]
    enis: tuple[NetworkInterface, ...]
    is_egress: bool = False
    evidence: tuple[str, ...] = ()


def client_groups_of(nodes: Sequence[Node], instances: Table[Instance]) -> Clients:
    """The nodes sorted by what their instances' groups and subnets are."""
    alike: dict[tuple[tuple[str, ...], str], list[tuple[Node, str]]] = {}
    unread: list[Unavailable] = []
    for node in nodes:
        if not node.instance_id:
            unread.append(Unavailable(f"EC2 instance of {node.name}", Reason.ABSENT, "its providerID names none"))
            continue
        instance = instances.get(node.instance_id)
        if isinstance(instance, Unavailable):
            unread.append(instance)
            continue
        key = (tuple(sorted(instance.primary_groups)), instance.subnet_id)
        alike.setdefault(key, []).append((node, instance.private_ip_address or node.internal_ip))
    clients = tuple(
        ClientGroup(groups, tuple(node for node, _ in members), tuple(address for _, address in members))
        for (groups, _), members in alike.items()
    )
    return Clients(clients, tuple(unread))


def port_gaps(
    client: ClientGroup,
    enis: Sequence[NetworkInterface],
    groups: Table[SecurityGroup],
    prefix_lists: Table[PrefixList] | Unavailable,
) -> Iterator[Gap]:
    """Everything between one group of nodes and the ENIs that a security group does not let through.

    Nodes of one subnet with the same groups are judged by each one's address, since a CIDR rule may hold some of
    them only. Raises Unreadable when a group or a deciding prefix list could not be read.
    """
    peers = [Peer(frozenset(client.groups), address) for address in client.addresses]
    for label, ports in ((str(MGS_PORT), (MGS_PORT,)), ("1018-1023", tuple(RETURN_PORTS))):
        closed: dict[tuple[str, ...], list[NetworkInterface]] = {}
        for eni in enis:
            rules = rules_of(groups, eni.group_ids)
            if not all(admits(rules, port, peer, prefix_lists) for port in ports for peer in peers):
                closed.setdefault(eni.group_ids, []).append(eni)
        for ids, shut in closed.items():
            yield Gap(label, ids, tuple(shut), evidence=_told(groups, ids))
    outgoing = rules_of(groups, client.groups, egress=True)
    shut = [
        eni
        for eni in enis
        if not admits(outgoing, MGS_PORT, Peer(frozenset(eni.group_ids), eni.private_ip_address), prefix_lists)
    ]
    if shut:
        yield Gap(str(MGS_PORT), shut[0].group_ids, tuple(shut), is_egress=True)


def missing_self_rules(
    enis: Sequence[NetworkInterface], groups: Table[SecurityGroup], subnets: Table[Subnet] | Unavailable
) -> tuple[tuple[str, str], ...]:
    """(group, ports) for which the file servers may not talk to each other. Raises Unreadable."""
    missing: dict[tuple[str, str], None] = {}
    for eni in enis:
        rules = rules_of(groups, eni.group_ids)
        servers = Peer(frozenset(eni.group_ids))
        subnet = subnets if isinstance(subnets, Unavailable) else subnets.get(eni.subnet_id)
        network = "" if isinstance(subnet, Unavailable) else subnet.cidr_block
        for label, ports in ((str(MGS_PORT), (MGS_PORT,)), ("1018-1023", tuple(RETURN_PORTS))):
            if not all(admits(rules, p, servers, Table()) or covers_network(rules, p, network) for p in ports):
                missing[eni.group_ids[0] if eni.group_ids else eni.network_interface_id, label] = None
    return tuple(missing)


def _told(groups: Table[SecurityGroup], ids: Sequence[str]) -> tuple[str, ...]:
    """The inbound rules that are there, so that a person sees what was meant."""
    from diag.facts.security import describe_ports

    told = []
    for id in ids:
        rules = groups[id].ip_permissions
        shown = []
        for rule in rules:
            sources = [p.group_id for p in rule.user_id_group_pairs] + [r.cidr_ip for r in rule.ip_ranges]
            sources += [r.prefix_list_id for r in rule.prefix_list_ids]
            sources += [r.cidr_ipv6 for r in rule.ipv6_ranges]
            shown.append(f"{describe_ports(rule)} from {', '.join(sources) or 'nobody'}")
        told.append(f"ec2:DescribeSecurityGroups {id} inbound: {'; '.join(shown) or 'no rule'}")
    return tuple(told)
