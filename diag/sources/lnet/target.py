"""Whom to probe, and how."""

from __future__ import annotations

import enum
import re

import msgspec

from diag.knowledge.lustre_ports import LUSTRE_PORT
from diag.sources.lnet.dial import CLIENT_PORTS
from diag.sources.lnet.nid import Lnd, Nid

MAX_FSNAME = 8
"""LUSTRE_MAXFSNAME (Lustre lustre_param.h)."""

FSNAME = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_FSNAME}}}", re.ASCII)
"""A Lustre file-system name, which is also the MountName pattern of the FSx API."""

_TARGET = re.compile(
    r"(?P<host>[A-Za-z0-9._-]{1,255})(?:@tcp(?P<network>[0-9]{0,5}))?(?::(?P<port>[0-9]{1,5}))?(?::?/(?P<path>\S*))?",
    re.ASCII,
)

DEFAULT_TIMEOUT_S = 10.0


class Target(msgspec.Struct, frozen=True):
    """A server and, when it is asked for, a file system."""

    host: str
    port: int = LUSTRE_PORT
    mount_name: str | None = None
    network: int = 0
    """Number of the LNet TCP network: 0 is `tcp`, 1 `tcp1`."""

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read `HOST[:PORT][/MOUNTNAME]`, or the device of a mount, `HOST@tcp:/MOUNTNAME`.

        A path behind the mount name is a directory inside the file system and not asked for. Raises ValueError.
        """
        match = _TARGET.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text[:200]!r} {_why_not(text)}")
        port = int(match["port"] or LUSTRE_PORT)
        network = int(match["network"] or 0)
        if not 0 < port < 65536 or network > 65535:
            raise ValueError(f"{text[:200]!r}: no such port or LNet network")
        name = (match["path"] or "").strip("/").split("/")[0]
        return cls(match["host"], port, name or None, network)


def _why_not(text: str) -> str:
    """Why a text is no target: a NID that Lustre knows and the probe does not ask says so."""
    address, at, network = text.strip().partition(":/")[0].rpartition("@")
    if at and (other := re.match(r"efa|o2ib|kfi|gni", network)):
        return f"is on an {other[0]} network; the probe speaks LNet over TCP alone: give the server's @tcp NID"
    bare = re.sub(r"[/\]].*", "", address or text).strip("[")
    if bare.count(":") > 1 and re.fullmatch(r"[0-9A-Fa-f:.]+", bare):
        return "has an IPv6 address (Lustre 2.16 and later); the probe asks over IPv4 alone"
    return "is not HOST[:PORT][/MOUNTNAME]; IPv4 addresses and names only"


class Depth(enum.Enum):
    """How far to go."""

    CONNECT = "connect"
    """TCP, and from a privileged port the silent question to the acceptor, so that the server logs nothing."""
    FULL = "full"
    """Up to the file system's name, and the map where asked."""


class Options(msgspec.Struct, frozen=True):
    """How to probe."""

    depth: Depth = Depth.FULL
    source_ip: str | None = None
    nid: Nid | None = None
    """The server's own NID, where it has another address than the one we dial (behind NAT)."""
    timeout: float = DEFAULT_TIMEOUT_S
    """Seconds for one climb, or for one round over all addresses."""
    count: int = 1
    interval: float = 1.0
    """Seconds from the start of one round to the start of the next."""
    all_addresses: bool = False
    map: bool = False
    """Read the file system's configuration and connect to every server in it."""
    client_version: str | None = None
    """The node's Lustre client, to compare the server with."""
    source_ports: tuple[int, ...] = CLIENT_PORTS
    """Ports that the server takes for privileged, in the order to try."""

    def __post_init__(self) -> None:
        """Raises ValueError for what no probe can do."""
        if self.nid is not None and (self.nid.lnd != Lnd.TCP or len(self.nid.address) != 4):
            raise ValueError(f"{self.nid} is no NID of a TCP network on IPv4")
        if self.timeout <= 0 or self.count < 1 or self.interval < 0:
            raise ValueError("timeout and count must be positive, interval not negative")
