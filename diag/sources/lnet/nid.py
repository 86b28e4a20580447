"""LNet network identifiers: `10.77.0.2@tcp`."""

from __future__ import annotations

import enum
import ipaddress
import re

import msgspec

from diag.sources.lnet.cursor import Cursor


class Lnd(enum.IntEnum):
    """Network drivers by number (Lustre include/uapi/linux/lnet/nidstr.h, 2.17.57; numbers are never reused)."""

    TCP = 2
    O2IB = 5
    LO = 9
    GNI = 13
    GIP = 14
    PTLF = 15
    KFI = 16
    EFA = 18
    BXI3F = 19


_SPELLING = {lnd.name.lower(): lnd for lnd in Lnd}
_BY_IP = frozenset({Lnd.TCP, Lnd.O2IB, Lnd.GIP, Lnd.EFA})
_NID = re.compile(r"([0-9A-Fa-f.:]{1,45})@([a-z0-9]*?[a-z])([0-9]{0,5})", re.ASCII)

NID4_SIZE = 8
LNET_NID_MAX_SIZE = 20
"""`struct lnet_nid`: size, type, number, sixteen bytes of address (Lustre lnet-idl.h, 2.16)."""


class Nid(msgspec.Struct, frozen=True, order=True):
    """One end-point of one LNet network."""

    lnd: int
    """Driver number, an `Lnd` when it is a known one."""
    network: int
    """0 for `tcp`, 1 for `tcp1`, …, 0 to 65535."""
    address: bytes
    """Four bytes in network order, or more for a large NID (sixteen for IPv6)."""

    @classmethod
    def tcp(cls, ip: str, network: int = 0) -> Nid:
        """The NID of an IP address on a TCP network. Raises ValueError when `ip` is no IP address."""
        return cls(Lnd.TCP, network, ipaddress.ip_address(ip).packed)

    @classmethod
    def parse(cls, text: str) -> Nid:
        """Read `10.77.0.2@tcp1`. Raises ValueError when it is no NID."""
        match = _NID.fullmatch(text.strip())
        lnd = _SPELLING.get(match[2]) if match else None
        if match is None or lnd is None:
            raise ValueError(f"{text[:80]!r} is not a NID such as 10.0.0.1@tcp")
        network = int(match[3] or 0)
        if network > 0xFFFF or (lnd is Lnd.LO and match[3]):
            raise ValueError(f"{text[:80]!r}: no such LNet network")
        if lnd in _BY_IP:
            return cls(lnd, network, ipaddress.ip_address(match[1]).packed)
        if not match[1].isdigit() or int(match[1]) > 0xFFFFFFFF:
            raise ValueError(f"{text[:80]!r}: the address of a {match[2]} NID is a number")
        return cls(lnd, network, int(match[1]).to_bytes(4, "big"))

    @property
    def net(self) -> str:
        """The network's name: `tcp`, `tcp1`, `o2ib`."""
        name = Lnd(self.lnd).name.lower() if self.lnd in Lnd._value2member_map_ else f"lnd{self.lnd}-"
        return f"{name}{self.network or ''}"

    @property
    def ip(self) -> str | None:
        """The IP address, None for networks that have none."""
        if self.lnd in _BY_IP and len(self.address) in (4, 16):
            return str(ipaddress.ip_address(self.address))
        return None

    def __str__(self) -> str:
        return f"{self.ip or int.from_bytes(self.address, 'big')}@{self.net}"

    def pack4(self) -> bytes:
        """The eight bytes of a nid4, little-endian. Raises ValueError for a large NID, which has no such form."""
        if len(self.address) != 4:
            raise ValueError(f"{self} does not fit a nid4")
        number = self.lnd << 48 | self.network << 32 | int.from_bytes(self.address, "big")
        return number.to_bytes(NID4_SIZE, "little")


LOOPBACK = Nid(Lnd.LO, 0, bytes(4))


def nid4(number: int) -> Nid:
    """The NID in a 64-bit nid4: driver in bits 55 to 48, network in 47 to 32, address below. Never fails."""
    return Nid(number >> 48 & 0xFFFF, number >> 32 & 0xFFFF, (number & 0xFFFFFFFF).to_bytes(4, "big"))


def read_large(cursor: Cursor) -> Nid | None:
    """One `struct lnet_nid` of its own size, as it stands in a large ping answer; None for a size nobody knows.

    Number and address are big-endian. Raises DecodeError when the data ends inside it.
    """
    extra, lnd = cursor.u8(), cursor.u8()
    network = int.from_bytes(cursor.take(2), "big")
    address = cursor.take(extra + 4)
    if extra + NID4_SIZE > LNET_NID_MAX_SIZE:
        return None
    return Nid(lnd, network, address)


def read_nid4(cursor: Cursor) -> Nid:
    """Eight bytes, little-endian. Raises DecodeError when fewer are left."""
    return nid4(cursor.u64())
