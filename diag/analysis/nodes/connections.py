"""What the connections of one client say together: a target, a server, the network, or recovery."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from diag.resources.node_report import Import

WELL = frozenset({"FULL", "IDLE"})
"""States of a connection that works; an OST that nobody uses goes IDLE. Source: Lustre 2.15 lustre_import.h."""
RECOVERS = frozenset({"REPLAY", "REPLAY_LOCKS", "REPLAY_WAIT", "RECOVER"})
"""The server is back and gets the client's state again. Source: as above."""


class Outage(enum.Enum):
    """What is lost."""

    NOTHING = "nothing"
    EVICTED = "evicted"
    """A server has thrown this client out and does not take it back."""
    RECOVERY = "recovery"
    """Servers are back; the client's state is replayed."""
    CONNECTING = "connecting"
    """A first connect is under way."""
    TARGETS = "targets"
    """Servers answer, but not for these targets: they are not mounted there, or do not take connections yet."""
    SERVERS = "servers"
    """Other servers answer, these for nothing: the host, or the way to it."""
    NETWORK = "network"
    """No server answers for anything: this client's network, or all servers at once."""


class Connections(msgspec.Struct, frozen=True):
    """The worst that the connections show, and those that show it."""

    outage: Outage
    imports: tuple[Import, ...] = ()

    @property
    def waiting(self) -> bool:
        """Processes that use these targets wait until they are back."""
        return self.outage in (Outage.TARGETS, Outage.SERVERS, Outage.NETWORK, Outage.RECOVERY)


def judge_connections(imports: Iterable[Import]) -> Connections:
    """Judge the imports of one client server by server: one that answers for another target is reachable.

    MGC, MDC and OSC of one NID that differ mean the target; all of one NID alike mean its host or the way to it; all
    NIDs alike mean what they share. A first connect that has not failed yet shows nothing.
    """
    found = tuple(imports)
    bad = tuple(one for one in found if one.state not in WELL)
    if not bad:
        return Connections(Outage.NOTHING, found)
    if evicted := tuple(one for one in bad if one.state == "EVICTED"):
        return Connections(Outage.EVICTED, evicted)
    lost = tuple(one for one in bad if one.state not in RECOVERS and (one.attempts > 1 or one.state == "DISCONN"))
    if not lost:
        recovering = tuple(one for one in bad if one.state in RECOVERS)
        return Connections(Outage.RECOVERY, recovering) if recovering else Connections(Outage.CONNECTING, bad)
    answering = {one.connection for one in found if one.state in WELL or one.state in RECOVERS}
    targets = tuple(one for one in lost if one.connection in answering)
    if targets:
        return Connections(Outage.TARGETS, targets)
    return Connections(Outage.SERVERS if answering else Outage.NETWORK, lost)
