"""What the connections of one client say together: a target, a server, the network, or recovery."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from diag.resources.node_report import Import


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
    # A connection that is CLOSED belongs to a file system that is being unmounted.
    found = tuple(one for one in imports if one.state != "CLOSED")
    bad = tuple(one for one in found if not one.is_well)
    if not bad:
        return Connections(Outage.NOTHING, found)
    if evicted := tuple(one for one in bad if one.state == "EVICTED"):
        return Connections(Outage.EVICTED, evicted)
    lost = tuple(one for one in bad if not one.is_recovering and (one.attempts > 1 or one.state == "DISCONN"))
    if not lost:
        recovering = tuple(one for one in bad if one.is_recovering)
        return Connections(Outage.RECOVERY, recovering) if recovering else Connections(Outage.CONNECTING, bad)
    # An IDLE connection was given up by the client itself, and says nothing of its server.
    answering = {one.connection for one in found if one.state == "FULL" or one.is_recovering}
    targets = tuple(one for one in lost if one.connection in answering)
    if targets:
        return Connections(Outage.TARGETS, targets)
    return Connections(Outage.SERVERS if answering else Outage.NETWORK, lost)


SILENT_S = 120
"""Seconds without a reply that are no load any more: a client pings a target that it does not use every 25 seconds.

Source: Lustre 2.10 to 2.17 include/obd_support.h, OBD_TIMEOUT_DEFAULT 100 and PING_INTERVAL (a quarter of it).
"""
RECOVERY_SOFT_S, RECOVERY_HARD_S = 300, 900
"""How long a server waits for its clients after a restart, and at most. Source: as above, OBD_RECOVERY_TIME_*."""


def silent_targets(imports: Iterable[Import]) -> tuple[Import, ...]:
    """Targets that are connected, owe a reply and have given none for two minutes."""
    return tuple(
        one
        for one in imports
        if one.is_well and one.in_flight and one.silent_s is not None and one.silent_s >= SILENT_S
    )


def seconds_in(one: Import, now: float) -> int | None:
    """How long a connection has been as it is, at least; None where its history does not say."""
    return None if one.since is None or now < one.since else int(now - one.since)


def time_left(imports: Iterable[Import], now: float) -> str:
    """How long a recovery can still take, by the servers' defaults; empty where nothing says when it began."""
    passed = [age for one in imports if (age := seconds_in(one, now)) is not None]
    if not passed:
        return ""
    if (soft := RECOVERY_SOFT_S - max(passed)) > 0:
        return f"it ends within {minutes(soft)}, or {minutes(RECOVERY_HARD_S - max(passed))} if clients are missing"
    if (hard := RECOVERY_HARD_S - max(passed)) > 0:
        return f"it ends within {minutes(hard)}"
    return f"it has taken {minutes(max(passed))}, longer than servers wait by default"


def minutes(seconds: int) -> str:
    """`40 s`, `13 min`: rounded up, so that nodes of one event say the same."""
    return f"{seconds} s" if seconds < 60 else f"{-(-seconds // 60)} min"
