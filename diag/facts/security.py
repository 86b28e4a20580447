"""What security groups let through, worked out rule by rule."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

import msgspec

from diag.facts.ec2 import Permission, PrefixList, SecurityGroup
from diag.facts.table import Table
from diag.model.unavailable import Unavailable, Unreadable

MGS_PORT = 988
"""The port of LNet's acceptor. Source: Lustre 2.15.8 lnet/lnet/acceptor.c accept_port; FSx user guide."""

RETURN_PORTS = range(1018, 1024)
"""Ports that clients and servers also use. Source: FSx for Lustre user guide, limit-access-security-groups."""

TCP = frozenset({"-1", "tcp", "6"})
"""Protocols of a rule that cover TCP; -1 is all traffic."""


class Peer(msgspec.Struct, frozen=True):
    """The other end of a connection: its security groups and its address."""

    groups: frozenset[str]
    address: str = ""


def admits(rules: Iterable[Permission], port: int, peer: Peer, prefix_lists: Table[PrefixList] | Unavailable) -> str:
    """How the rules let TCP to or from a port through for the peer, in words; empty when none does.

    A rule admits by naming a group of the peer, or by a CIDR or prefix list that holds its address. IPv6 ranges
    never match: Lustre on FSx speaks IPv4 only. Raises Unreadable when only a prefix list that could not be read
    may admit it.
    """
    unread: Unavailable | None = None
    for rule in rules:
        if not covers_port(rule, port):
            continue
        for pair in rule.user_id_group_pairs:
            if pair.group_id in peer.groups and pair.peering_status not in ("deleted", "rejected", "expired"):
                return f"{describe_ports(rule)} from {pair.group_id}"
        for cidr in (item.cidr_ip for item in rule.ip_ranges):
            if holds(cidr, peer.address):
                return f"{describe_ports(rule)} from {cidr}"
        for ref in rule.prefix_list_ids:
            entries = prefix_lists if isinstance(prefix_lists, Unavailable) else prefix_lists.get(ref.prefix_list_id)
            if isinstance(entries, Unavailable):
                unread = entries
            elif any(holds(cidr, peer.address) for cidr in entries.cidrs):
                return f"{describe_ports(rule)} from prefix list {ref.prefix_list_id}"
    if unread is not None:
        raise Unreadable(unread)
    return ""


def covers_port(rule: Permission, port: int) -> bool:
    """Whether a rule's protocol and ports include one TCP port. Absent ports and -1 mean all."""
    if rule.ip_protocol not in TCP:
        return False
    if rule.ip_protocol == "-1" or rule.from_port in (None, -1):
        return True
    low, high = rule.from_port or 0, rule.to_port if rule.to_port is not None else rule.from_port or 0
    return low <= port <= high


def holds(cidr: str, address: str) -> bool:
    """Whether a CIDR holds an address; False for text that is neither."""
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False


def covers_network(rules: Iterable[Permission], port: int, cidr: str) -> bool:
    """Whether one CIDR rule admits a port for a whole network, as a rule from the subnet does."""
    try:
        wanted = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False
    for rule in rules:
        if covers_port(rule, port):
            for item in rule.ip_ranges:
                try:
                    given = ipaddress.ip_network(item.cidr_ip, strict=False)
                except ValueError:
                    continue
                if given.version == wanted.version and wanted.subnet_of(given):  # type: ignore[arg-type]
                    return True
    return False


def describe_ports(rule: Permission) -> str:
    """`all traffic`, `tcp 988` or `tcp 1018-1023`."""
    if rule.ip_protocol == "-1":
        return "all traffic"
    if rule.from_port in (None, -1):
        return "all tcp"
    return f"tcp {rule.from_port}" if rule.from_port == rule.to_port else f"tcp {rule.from_port}-{rule.to_port}"


def rules_of(groups: Table[SecurityGroup], ids: Sequence[str], *, egress: bool = False) -> tuple[Permission, ...]:
    """The rules of several groups together, as an interface with all of them obeys. Raises Unreadable."""
    found: list[Permission] = []
    for id in ids:
        group = groups[id]
        found.extend(group.ip_permissions_egress if egress else group.ip_permissions)
    return tuple(found)
