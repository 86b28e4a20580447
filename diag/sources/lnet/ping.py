"""LNet ping: the one question that needs LNet alone, no Lustre service."""

from __future__ import annotations

import enum

import msgspec

from diag.sources.lnet.cursor import Cursor, DecodeError
from diag.sources.lnet.nid import LOOPBACK, Nid, nid4, read_large

MAGIC = 0x70696E67
"""LNET_PROTO_PING_MAGIC (Lustre lnet-idl.h, 2.10 to 2.17)."""

PORTAL = 0
"""LNET_RESERVED_PORTAL."""

MATCH_BITS = 0x8000000000000000
"""LNET_PROTO_PING_MATCHBITS."""

STATUS_UP = 0x15AAC0DE
STATUS_DOWN = 0xDEADFACE
"""LNET_NI_STATUS_UP and _DOWN."""

ENTRY_SIZE = 16
HEAD_SIZE = 16
MAX_ANSWER = HEAD_SIZE + 16 * ENTRY_SIZE
"""What a kernel asks for: room for LNET_INTERFACES_MIN interfaces."""


class Feature(enum.IntFlag):
    """LNET_PING_FEAT_*: the last three since 2.16."""

    BASE = 1
    NI_STATUS = 2
    RTE_DISABLED = 4
    MULTI_RAIL = 8
    DISCOVERY = 16
    LARGE_ADDR = 32
    PRIMARY_LARGE = 64
    METADATA = 128


class Interface(msgspec.Struct, frozen=True):
    """One of a node's NIDs."""

    nid: Nid
    up: bool | None
    """None when the node does not say."""


class PingInfo(msgspec.Struct, frozen=True):
    """What a node tells of itself."""

    features: int
    pid: int
    interfaces: tuple[Interface, ...]
    """Without the loopback interface."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the known feature bits that are set."""
        return tuple(feature.name or "" for feature in Feature if feature in Feature(self.features & 0xFF))


def encode_own(nid: Nid, pid: int) -> bytes:
    """What this client tells of itself: 48 bytes, one interface, neither Multi-Rail nor discovery.

    With more features the server would keep pushing its own interface list at us.
    """
    entries = ((LOOPBACK, STATUS_UP), (nid, STATUS_UP))
    return b"".join(
        (
            MAGIC.to_bytes(4, "little"),
            int(Feature.BASE | Feature.NI_STATUS).to_bytes(4, "little"),
            pid.to_bytes(4, "little"),
            len(entries).to_bytes(4, "little"),
            *(entry.pack4() + status.to_bytes(4, "little") + bytes(4) for entry, status in entries),
        )
    )


def decode(data: bytes) -> PingInfo:
    """Read a ping answer, also one that was cut to the size we asked for. Raises DecodeError when it is none."""
    cursor = Cursor(data, "ping answer")
    if (magic := cursor.u32()) != MAGIC:
        raise DecodeError(f"ping answer: magic {magic:#010x} instead of {MAGIC:#010x}")
    features, pid, count = cursor.u32(), cursor.u32(), cursor.u32()
    told = bool(features & Feature.NI_STATUS)
    found: list[Interface] = []
    total = 0
    for index in range(min(count, cursor.left // ENTRY_SIZE)):
        nid, status, size = nid4(cursor.u64()), cursor.u32(), cursor.u32()
        if index == 0:
            # The status of the loopback entry is a sequence number, its last word the size of a large answer.
            total = size
        elif nid != LOOPBACK:
            found.append(Interface(nid, _up(status) if told else None))
    if features & Feature.LARGE_ADDR and cursor.left:
        found.extend(_large(Cursor(data[: total & ~3], "large ping answer", cursor.offset)))
    return PingInfo(features, pid, tuple(found))


def _large(cursor: Cursor) -> list[Interface]:
    """The `struct lnet_ni_large_status` entries, each padded to four bytes; stops at one that was cut off."""
    found = []
    start = cursor.offset
    while cursor.left >= 8:
        try:
            status = cursor.u32()
            nid = read_large(cursor)
        except DecodeError:
            break
        cursor.align(4, start)
        if nid is not None:
            found.append(Interface(nid, _up(status)))
    return found


def _up(status: int) -> bool | None:
    return {STATUS_UP: True, STATUS_DOWN: False}.get(status)
