"""The server's packing of LNet: plain `struct`, apart from the probe's codec."""

from __future__ import annotations

import ipaddress
import re
import socket
import struct
import zlib
from dataclasses import dataclass

CONNREQ_MAGIC = 0xACCE7100
PROTO_MAGIC = 0x45726963
PING_MAGIC = 0x70696E67
PING_BITS = 0x8000000000000000
UP, DOWN = 0x15AAC0DE, 0xDEADFACE
LO = 9 << 48
ACK, PUT, GET, REPLY = range(4)
NOOP, LNET = 0xC0, 0xC1
NO_ACK = b"\xff" * 16


def nid4(text: str) -> int:
    match = re.fullmatch(r"([\d.]+)@tcp(\d*)", text)
    assert match, text
    return 2 << 48 | int(match[2] or 0) << 32 | int(ipaddress.IPv4Address(match[1]))


def nid_text(number: int) -> str:
    net = number >> 32 & 0xFFFF
    return f"{ipaddress.IPv4Address(number & 0xFFFFFFFF)}@tcp{net or ''}"


@dataclass(frozen=True)
class HelloIn:
    version: int
    source: int
    destination: int
    source_pid: int
    incarnation: int
    kind: int


def hello(
    source: int, destination: int, to_pid: int, incarnation: int, kind: int, ips: int = 0, version: int = 3
) -> bytes:
    return struct.pack(
        "<IIQQIIQQiI", PROTO_MAGIC, version, source, destination, 12345, to_pid, incarnation, 0, kind, ips
    ) + bytes(4 * min(ips, 16))


@dataclass(frozen=True)
class Message:
    """One message from a client."""

    destination: int
    source: int
    destination_pid: int
    source_pid: int
    kind: int
    command: bytes
    payload: bytes


def read_exactly(peer: socket.socket, size: int) -> bytes:
    """`size` bytes. Raises ConnectionError when the peer closes before."""
    data = b""
    while len(data) < size:
        more = peer.recv(size - len(data))
        if not more:
            raise ConnectionError(f"closed after {len(data)} of {size} bytes")
        data += more
    return data


def read_message(peer: socket.socket) -> Message | int:
    """The next LNet message, or the cookie that a NOOP acknowledges."""
    kind, checksum, _request, ack = struct.unpack("<IIQQ", read_exactly(peer, 24))
    if kind == NOOP:
        return int(ack)
    assert (kind, checksum) == (LNET, 0), hex(kind)
    head = read_exactly(peer, 72)
    destination, source, destination_pid, source_pid, what, length = struct.unpack_from("<QQIIII", head)
    return Message(destination, source, destination_pid, source_pid, what, head[32:], read_exactly(peer, length))


def frame(head: bytes, payload: bytes = b"", *, summed: bool = False, zero_copy: int = 0) -> bytes:
    data = struct.pack("<IIQQ", LNET, 0, zero_copy, 0) + head + payload
    if summed:
        data = data[:4] + struct.pack("<I", (zlib.crc32(data) ^ 0xFFFFFFFF) or 1) + data[8:]
    return data


def noop(ack: int) -> bytes:
    return struct.pack("<IIQQ", NOOP, 0, 0, ack)


def head(ours: int, theirs: int, their_pid: int, kind: int, length: int, command: bytes) -> bytes:
    return struct.pack("<QQIIII", theirs, ours, their_pid, 12345, kind, length) + command.ljust(40, b"\0")


def put(bits: int, portal: int, offset: int = 0, ack: bytes = NO_ACK) -> bytes:
    return ack + struct.pack("<QQII", bits, 0, portal, offset)


def get(handle: bytes, bits: int, portal: int, sink: int) -> bytes:
    return handle + struct.pack("<QIII", bits, portal, 0, sink)


def ping_info(features: int, nids: list[tuple[int, int]], large: list[bytes]) -> bytes:
    """A node's ping answer; `large` are addresses of sixteen bytes, told as `tcp` NIDs."""
    entries = [struct.pack("<QII", nid, status, 0) for nid, status in nids]
    more = b"".join(struct.pack("<IBBH", UP, 12, 2, 0) + address for address in large)
    total = 16 + 16 * (1 + len(entries)) + len(more)
    lo = struct.pack("<QII", LO, 1, total if large else 0)
    return struct.pack("<IIII", PING_MAGIC, features, 12345, 1 + len(entries)) + lo + b"".join(entries) + more
