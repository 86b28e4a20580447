"""PTLRPC messages: `struct lustre_msg_v2` and its first buffer, `ptlrpc_body` (Lustre lustre_idl.h, 2.10 to 2.17)."""

from __future__ import annotations

import enum

import msgspec

from diag.sources.lnet.cursor import Cursor, DecodeError

MAGIC = 0x0BD00BD3
"""LUSTRE_MSG_MAGIC_V2."""

BODY_SIZE = 184
"""`struct ptlrpc_body_v3`."""

OLD_BODY_SIZE = 152
"""`struct ptlrpc_body_v2`, without the job id: an old peer may send it."""

MAX_BUFFERS = 31
"""PTLRPC_MAX_BUFCOUNT."""

BODY_VERSION = 3
"""PTLRPC_MSG_VERSION."""

AT_SUPPORT = 1
"""MSGHDR_AT_SUPPORT: not sent, so that every reply stands at offset 0 and no early reply comes."""

RPC_TIMEOUT_S = 5
"""What a request says of its patience. 0 would be dropped."""


class Service(enum.IntEnum):
    """Version field of a request: service in the upper half."""

    OBD = 0x00010000
    LOG = 0x00050000


class MessageKind(enum.IntEnum):
    """PTL_RPC_MSG_*."""

    REQUEST = 4711
    ERROR = 4712
    REPLY = 4713


class Opcode(enum.IntEnum):
    """The requests a probe sends; each only reads, or takes back what the first made."""

    MGS_CONNECT = 250
    MGS_DISCONNECT = 251
    LLOG_ORIGIN_HANDLE_CREATE = 501
    LLOG_ORIGIN_HANDLE_NEXT_BLOCK = 502
    LLOG_ORIGIN_HANDLE_READ_HEADER = 503


class Request(msgspec.Struct, frozen=True):
    """One request before it is numbered."""

    opcode: Opcode
    service: Service
    buffers: tuple[bytes, ...] = ()
    """The buffers after the body."""
    op_flags: int = 0
    reply_size: int = 1024
    """Bytes of reply we have room for."""


class Message(msgspec.Struct, frozen=True):
    """One reply."""

    kind: int
    opcode: int
    status: int
    """0 or a negative errno, Linux numbers."""
    handle: int
    op_flags: int
    flags: int
    """Flags of the message head: AT_SUPPORT and such."""
    checksum: int
    """Not 0 in an early reply only."""
    buffers: tuple[bytes, ...]
    """The buffers after the body."""


def encode(request: Request, *, handle: int, xid: int, last_xid: int) -> bytes:
    """The bytes of a request: head, body, buffers, each buffer on an 8-byte boundary."""
    body = b"".join(
        (
            handle.to_bytes(8, "little"),
            MessageKind.REQUEST.to_bytes(4, "little"),
            (request.service | BODY_VERSION).to_bytes(4, "little"),
            request.opcode.to_bytes(4, "little"),
            bytes(4),
            last_xid.to_bytes(8, "little"),
            bytes(28),
            request.op_flags.to_bytes(4, "little"),
            # The connection count: 0 would be taken for a reconnect of nobody.
            (1).to_bytes(4, "little"),
            RPC_TIMEOUT_S.to_bytes(4, "little"),
            RPC_TIMEOUT_S.to_bytes(4, "little"),
        )
    ).ljust(BODY_SIZE, b"\0")
    buffers = (body, *request.buffers)
    head = b"".join(
        (
            len(buffers).to_bytes(4, "little"),
            bytes(4),
            MAGIC.to_bytes(4, "little"),
            request.reply_size.to_bytes(4, "little"),
            bytes(16),
            *(len(buffer).to_bytes(4, "little") for buffer in buffers),
        )
    )
    return b"".join(_padded(part) for part in (head, *buffers))


def decode(data: bytes) -> Message:
    """Read one message. Raises DecodeError when it is none, or when its lengths do not fit its size."""
    cursor = Cursor(data, "PTLRPC message")
    count, flavor = cursor.u32(), cursor.u32() & 0xFFFFFF
    if (magic := cursor.u32()) != MAGIC:
        raise DecodeError(f"PTLRPC message: magic {magic:#010x} instead of {MAGIC:#010x}")
    if flavor:
        raise DecodeError(f"PTLRPC message: security flavor {flavor:#x}, only null can be read")
    if not 1 <= count <= MAX_BUFFERS:
        raise DecodeError(f"PTLRPC message: {count} buffers, 1 to {MAX_BUFFERS} are possible")
    cursor.u32()
    checksum, flags = cursor.u32(), cursor.u32()
    cursor.take(8)
    lengths = [cursor.u32() for _ in range(count)]
    buffers = []
    for length in lengths:
        cursor.align(8)
        buffers.append(cursor.take(length))
    return _message(buffers, flags, checksum)


def _message(buffers: list[bytes], flags: int, checksum: int) -> Message:
    if len(buffers[0]) < OLD_BODY_SIZE:
        raise DecodeError(f"PTLRPC body: {len(buffers[0])} bytes, at least {OLD_BODY_SIZE} are expected")
    body = Cursor(buffers[0], "PTLRPC body")
    handle, kind, _version, opcode, status = body.u64(), body.u32(), body.u32(), body.u32(), body.i32()
    if kind not in (MessageKind.ERROR, MessageKind.REPLY):
        raise DecodeError(f"PTLRPC body: type {kind} is no reply")
    body.offset = 60
    return Message(kind, opcode, status, handle, body.u32(), flags, checksum, tuple(buffers[1:]))


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)
