"""What DNS answered and which TCP connects went through, from where the tool runs."""

from __future__ import annotations

import enum

import msgspec


class Resolution(enum.Enum):
    """How one DNS question ended."""

    ANSWERED = "answered"
    NO_NAME = "no-such-name"
    NO_ADDRESS = "no-address"
    SERVER_FAILED = "server-failed"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"


class DnsAnswer(msgspec.Struct, frozen=True):
    """One server's answer to one name."""

    name: str
    server: str
    outcome: Resolution
    addresses: tuple[str, ...] = ()
    elapsed_ms: float = 0.0
    detail: str = ""


class Connect(enum.Enum):
    """How one TCP connect ended."""

    OPEN = "open"
    REFUSED = "refused"
    TIMEOUT = "timed-out"
    NO_ROUTE = "no-route"
    FAILED = "failed"


class TcpAnswer(msgspec.Struct, frozen=True):
    """One TCP connect to one address, closed at once."""

    address: str
    port: int
    outcome: Connect
    local_address: str = ""
    """Source address that the kernel chose; empty when it has no route."""
    elapsed_ms: float = 0.0
    detail: str = ""
