"""What all connections of one server share."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

from tests.lab.lustre import wire
from tests.lab.lustre.fault import Fault
from tests.lab.lustre.mgs import Mgs
from tests.lab.lustre.release import Release

PeerKey = tuple[int, int]
"""NID and pid, as the socket driver keys its peers."""

KERNEL = "a kernel client"


@dataclass
class Node:
    nid: int
    release: Release
    faults: frozenset[Fault]
    mgs: Mgs | None
    extra_nids: tuple[str, ...] = ()
    incarnation: int = 0x18EAC8E11C9585B8
    console: list[str] = field(default_factory=list)
    peers: dict[PeerKey, tuple[int, socket.socket | str]] = field(default_factory=dict)
    """Incarnation and connection of each live peer."""
    discovered: set[int] = field(default_factory=set)
    disturbed: list[str] = field(default_factory=list)
    """NIDs of live peers that were cut off because another one spoke in their name."""
    unreceipted: set[int] = field(default_factory=set)
    """Cookies of zero-copy sends whose receipt has not come."""
    pings: int = 0
    acks: int = 0
    turned_away: int = 0

    def ping_info(self) -> bytes:
        status = wire.DOWN if Fault.INTERFACE_DOWN in self.faults else wire.UP
        nids = [(self.nid, status), *((wire.nid4(nid), wire.UP) for nid in self.extra_nids)]
        large = [bytes.fromhex("fd000000000000000000000000000002")] if self.release.large_nids else []
        return wire.ping_info(self.release.ping_features, nids, large)

    def meet(self, key: PeerKey, incarnation: int, sock: socket.socket) -> bool:
        """Whether a peer may come in: no other connection under its NID and pid, and not turned away on purpose."""
        if Fault.BUSY in self.faults or (Fault.BUSY_ONCE in self.faults and not self.turned_away):
            self.turned_away += 1
            return False
        live = self.peers.get(key)
        if live is not None:
            known, connection = live
            if known != incarnation:
                # A peer with another boot stamp has rebooted, it seems: its old connections are dropped.
                self.disturbed.append(wire.nid_text(key[0]))
                del self.peers[key]
                if not isinstance(connection, str):
                    connection.close()
            self.turned_away += 1
            return False
        self.peers[key] = (incarnation, sock)
        return True

    def forget(self, key: PeerKey, sock: socket.socket) -> None:
        if key in self.peers and self.peers[key][1] is sock:
            del self.peers[key]
