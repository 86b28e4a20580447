"""The server's half of RFC 6455: the opening handshake and frames, no extensions."""

import base64
import hashlib
import struct
from typing import BinaryIO, Protocol

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BINARY, CLOSE, PING, PONG = 0x2, 0x8, 0x9, 0xA


class Writer(Protocol):
    """Where frames go."""

    def write(self, data: bytes, /) -> int | None:
        """Sends all of `data`."""


def accept_key(key: str) -> str:
    """The value of Sec-WebSocket-Accept for a client's Sec-WebSocket-Key (RFC 6455, 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()


def write_frame(stream: Writer, opcode: int, payload: bytes) -> None:
    """Sends one unmasked, unfragmented frame."""
    head = bytes([0x80 | opcode])
    if len(payload) < 126:
        head += bytes([len(payload)])
    elif len(payload) < 1 << 16:
        head += bytes([126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([127]) + struct.pack(">Q", len(payload))
    stream.write(head + payload)


def read_frame(stream: BinaryIO) -> tuple[int, bytes]:
    """The next frame's opcode and unmasked payload.

    Raises:
        EOFError: the client went away.
    """
    first, second = _exactly(stream, 2)
    length = second & 0x7F
    if length == 126:
        (length,) = struct.unpack(">H", _exactly(stream, 2))
    elif length == 127:
        (length,) = struct.unpack(">Q", _exactly(stream, 8))
    mask = _exactly(stream, 4) if second & 0x80 else b"\0\0\0\0"
    payload = _exactly(stream, length)
    return first & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
