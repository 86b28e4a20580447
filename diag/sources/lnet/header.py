"""The LNet message header: `struct lnet_hdr`, 72 bytes, always little-endian (Lustre lnet-idl.h, 2.10 to 2.17)."""

from __future__ import annotations

import enum

import msgspec

from diag.sources.lnet.cursor import Cursor, DecodeError
from diag.sources.lnet.nid import Nid, read_nid4

SIZE = 72
COMMAND_OFFSET = 32

NO_ACK = b"\xff" * 16
"""LNET_WIRE_HANDLE_COOKIE_NONE twice: the sender of a PUT wants no ACK."""


class MessageType(enum.IntEnum):
    """`enum lnet_msg_type`."""

    ACK = 0
    PUT = 1
    GET = 2
    REPLY = 3


class Route(msgspec.Struct, frozen=True):
    """From whom to whom."""

    destination: Nid
    source: Nid
    destination_pid: int
    source_pid: int

    def back(self) -> Route:
        """The way an answer takes."""
        return Route(self.source, self.destination, self.source_pid, self.destination_pid)


class Put(msgspec.Struct, frozen=True):
    """A message for a portal."""

    match_bits: int
    portal: int
    ack_handle: bytes = NO_ACK
    hdr_data: int = 0
    offset: int = 0


class Get(msgspec.Struct, frozen=True):
    """A question to a portal."""

    return_handle: bytes
    match_bits: int
    portal: int
    sink_length: int
    source_offset: int = 0


class Reply(msgspec.Struct, frozen=True):
    """The answer to a GET."""

    handle: bytes


class Ack(msgspec.Struct, frozen=True):
    """The receipt for a PUT."""

    handle: bytes
    match_bits: int
    length: int


Command = Put | Get | Reply | Ack


class Header(msgspec.Struct, frozen=True):
    """One header: route, command and how many payload bytes follow."""

    route: Route
    command: Command
    payload_length: int = 0


def encode(header: Header) -> bytes:
    """The 72 bytes of a header."""
    command = header.command
    match command:
        case Put():
            kind = MessageType.PUT
            body = b"".join(
                (
                    command.ack_handle,
                    command.match_bits.to_bytes(8, "little"),
                    command.hdr_data.to_bytes(8, "little"),
                    command.portal.to_bytes(4, "little"),
                    command.offset.to_bytes(4, "little"),
                )
            )
        case Get():
            kind = MessageType.GET
            body = b"".join(
                (
                    command.return_handle,
                    command.match_bits.to_bytes(8, "little"),
                    command.portal.to_bytes(4, "little"),
                    command.source_offset.to_bytes(4, "little"),
                    command.sink_length.to_bytes(4, "little"),
                )
            )
        case Reply():
            kind = MessageType.REPLY
            body = command.handle
        case Ack():
            kind = MessageType.ACK
            body = command.handle + command.match_bits.to_bytes(8, "little") + command.length.to_bytes(4, "little")
    route = header.route
    return b"".join(
        (
            route.destination.pack4(),
            route.source.pack4(),
            route.destination_pid.to_bytes(4, "little"),
            route.source_pid.to_bytes(4, "little"),
            kind.to_bytes(4, "little"),
            header.payload_length.to_bytes(4, "little"),
            body.ljust(SIZE - COMMAND_OFFSET, b"\0"),
        )
    )


def decode(data: bytes) -> Header:
    """Read one header. Raises DecodeError for too few bytes or a message type that LNet does not have."""
    cursor = Cursor(data, "LNet header")
    route = Route(read_nid4(cursor), read_nid4(cursor), cursor.u32(), cursor.u32())
    kind, payload_length = cursor.u32(), cursor.u32()
    command: Command
    match kind:
        case MessageType.PUT:
            ack_handle, match_bits, hdr_data = cursor.take(16), cursor.u64(), cursor.u64()
            command = Put(match_bits, cursor.u32(), ack_handle, hdr_data, cursor.u32())
        case MessageType.GET:
            return_handle, match_bits = cursor.take(16), cursor.u64()
            portal, source_offset = cursor.u32(), cursor.u32()
            command = Get(return_handle, match_bits, portal, cursor.u32(), source_offset)
        case MessageType.REPLY:
            command = Reply(cursor.take(16))
        case MessageType.ACK:
            command = Ack(cursor.take(16), cursor.u64(), cursor.u32())
        case _:
            raise DecodeError(f"LNet header: message type {kind} does not exist")
    return Header(route, command, payload_length)
