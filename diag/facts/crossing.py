"""The subnets that Lustre's packets cross between nodes and file servers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from diag.facts.ec2 import NetworkInterface
from diag.facts.paths import ClientGroup
from diag.facts.security import representatives


class Crossing(msgspec.Struct, frozen=True):
    """One group of nodes on one side, the ENIs of one subnet on the other."""

    client: ClientGroup
    server_subnet: str
    enis: tuple[NetworkInterface, ...]

    def node_addresses(self, cidrs: Iterable[str]) -> tuple[str, ...]:
        """An address of each set of nodes that the CIDRs of routes or ACL entries do not tell apart."""
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
