"""What security groups let through, rule by rule, as they are and as a plan will make them."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from diag.analysis.network.references import HOLDS, Reference
from diag.knowledge.lustre_ports import LUSTRE_PORT, SOURCE_PORTS
from diag.late import late
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.resources.ec2 import Permission, PrefixList, SecurityGroup
from diag.resources.manifests import ManifestSet, PlannedFileSystem, PlannedGroup
from diag.resources.table import Table

TCP = frozenset({"-1", "tcp", "6"})
"""Protocols of a rule that cover TCP; -1 is all traffic."""


class Peer(msgspec.Struct, frozen=True):
    """The other end of a connection: security groups, and the addresses of everything that has exactly those."""

    groups: frozenset[str] = frozenset()
    addresses: tuple[str, ...] = ()
    """In numeric order, so that a range that holds the first and the last holds all between."""
    reference: Reference = Reference()
    """Whether rules count that name one of the groups."""


def peer(groups: Iterable[str], addresses: Iterable[str] = (), reference: Reference = HOLDS) -> Peer:
    """A peer with its addresses put in order; texts that are no IPv4 address are left out."""
    ordered = sorted(number for address in set(addresses) if (number := ipv4(address)) is not None)
    return Peer(frozenset(groups), tuple(str(number) for number in ordered), reference)


def admits(rules: Iterable[Permission], port: int, peer: Peer, prefix_lists: Table[PrefixList] | Unavailable) -> str:
    """How the rules let TCP to or from a port through for the whole peer, in words; empty when they do not.

    Rules admit by naming a group of the peer, where such a reference holds on the way, or by CIDRs and prefix lists
    that together hold each address. IPv6 ranges never match: Lustre on FSx speaks IPv4 only. Raises Unreadable when
    only a prefix list that could not be read, or a reference that may not hold, may admit it.
    """
    unread: Unavailable | None = None
    ranges: list[str] = []
    words: list[str] = []
    for rule in rules:
        if not covers_port(rule, port):
            continue
        for pair in rule.user_id_group_pairs:
            if pair.group_id not in peer.groups or pair.peering_status not in ("", "active"):
                continue
            if peer.reference.holds:
                return f"{describe_ports(rule)} from {pair.group_id}"
            if peer.reference.holds is None:
                way = f"the way goes over {peer.reference.why}"
                unread = Unavailable(f"reference to {pair.group_id}", Reason.NOT_ASKED, way)
        words += [f"{describe_ports(rule)} from {item.cidr_ip}" for item in rule.ip_ranges]
        ranges += [item.cidr_ip for item in rule.ip_ranges]
        for ref in rule.prefix_list_ids:
            entries = prefix_lists if isinstance(prefix_lists, Unavailable) else prefix_lists.get(ref.prefix_list_id)
            if isinstance(entries, Unavailable):
                unread = entries
            else:
                words += [f"{describe_ports(rule)} from prefix list {ref.prefix_list_id}"] * len(entries.cidrs)
                ranges += entries.cidrs
    if not peer.addresses:
        holding = ""
    elif (one := next((i for i, cidr in enumerate(ranges) if _holds_all(cidr, peer.addresses)), None)) is not None:
        holding = words[one]
    else:
        apart = representatives(peer.addresses, tuple(ranges))
        together = all(any(holds(cidr, address) for cidr in ranges) for address in apart)
        holding = f"several ranges ({', '.join(ranges)})" if together else ""
    if not holding and unread is not None:
        raise Unreadable(unread)
    return holding


def covers_port(rule: Permission, port: int) -> bool:
    """Whether a rule's protocol and ports include one TCP port. Absent ports and -1 mean all."""
    if rule.ip_protocol not in TCP:
        return False
    if rule.ip_protocol == "-1" or rule.from_port in (None, -1):
        return True
    low, high = rule.from_port or 0, rule.to_port if rule.to_port is not None else rule.from_port or 0
    return low <= port <= high


def holds(cidr: str, address: str) -> bool:
    """Whether an IPv4 CIDR holds an address; False for text that is neither."""
    network, number = _network(cidr), ipv4(address)
    return network is not None and number is not None and number in network


def holds_range(cidr: str, other: str) -> bool:
    """Whether an IPv4 CIDR holds all of another; False where one of them is none."""
    network, inner = _network(cidr), _network(other)
    return network is not None and inner is not None and inner.subnet_of(network)


@functools.lru_cache(1024)
def representatives(addresses: tuple[str, ...], cidrs: tuple[str, ...]) -> tuple[str, ...]:
    """One address of each set that the CIDRs do not distinguish: what holds for it holds for the whole set."""
    found: dict[tuple[bool, ...], str] = {}
    for address in addresses:
        found.setdefault(tuple(holds(cidr, address) for cidr in cidrs), address)
    return tuple(found.values())


def _holds_all(cidr: str, ordered: Sequence[str]) -> bool:
    return holds(cidr, ordered[0]) and holds(cidr, ordered[-1])


@functools.lru_cache(4096)
def _network(cidr: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(cidr, strict=False)
    except ValueError:
        return None


@functools.lru_cache(65536)
def ipv4(address: str) -> ipaddress.IPv4Address | None:
    """An IPv4 address; None for text that is none."""
    try:
        return ipaddress.IPv4Address(address)
    except ValueError:
        return None


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


_INDEX = late(r"\[[^\]]*\]")


class Guarded(msgspec.Struct, frozen=True):
    """The planned groups of some file systems, or one group that is plainly meant for Lustre."""

    groups: tuple[PlannedGroup, ...]
    file_systems: tuple[PlannedFileSystem, ...] = ()
    strangers: tuple[str, ...] = ()
    """Groups of the file systems that are not in the plan."""


def guarded(manifests: ManifestSet) -> Iterator[Guarded]:
    """Each planned file system with groups, then the groups of Lustre that none of them uses."""
    by_address = {_INDEX.sub("", planned.group.group_id): planned for planned in manifests.groups}
    used: set[str] = set()
    for file_system in manifests.file_systems:
        named = [_INDEX.sub("", address) for address in file_system.groups]
        used.update(named)
        own = tuple(by_address[address] for address in named if address in by_address)
        strangers = tuple(address for address in named if address not in by_address)
        if named:
            yield Guarded(own, (file_system,), strangers)
    for address, planned in by_address.items():
        if address not in used and _is_for_lustre(planned):
            yield Guarded((planned,))


def _is_for_lustre(planned: PlannedGroup) -> bool:
    """It has a rule for some Lustre port, and not merely one for all ports."""
    rules = [rule for rule in planned.group.ip_permissions if rule.from_port not in (None, -1)]
    narrow = [rule for rule in rules if (rule.to_port or 0) - (rule.from_port or 0) < 100]
    return any(covers_port(rule, port) for rule in narrow for port in (LUSTRE_PORT, *SOURCE_PORTS))
