"""Framing on an open connection: `struct ksock_msg_hdr` (Lustre socklnd.h, 2.10 to 2.17)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from diag.sources.lnet import header as lnet
from diag.sources.lnet.cursor import Cursor, DecodeError

NOOP = 0xC0
LNET = 0xC1
"""KSOCK_MSG_NOOP and KSOCK_MSG_LNET."""

SIZE = 24

KEEPALIVE = 1
"""SOCKNAL_KEEPALIVE_PING in the second cookie of a NOOP: nothing to answer."""

MAX_PAYLOAD = 1 << 20
"""LNET_MTU (Lustre lnet-types.h): no LNet message carries more."""


class Noop(msgspec.Struct, frozen=True):
    """A frame without a message: a keepalive, or the receipt of a zero-copy send."""

    zero_copy_ack: int


class Message(msgspec.Struct, frozen=True):
    """A frame with an LNet message."""

    header: lnet.Header
    payload: bytes
    zero_copy_request: int = 0
    """Not 0: the sender wants this cookie back once the payload is taken."""
    zero_copy_ack: int = 0


Frame = Noop | Message


def encode_message(header: lnet.Header, payload: bytes = b"") -> bytes:
    """A frame around one LNet message. The checksum field is 0, which every server takes for `not summed`."""
    return LNET.to_bytes(4, "little") + bytes(SIZE - 4) + lnet.encode(header) + payload


def encode_zero_copy_ack(cookie: int) -> bytes:
    """The NOOP that gives a zero-copy cookie back."""
    return NOOP.to_bytes(4, "little") + bytes(12) + cookie.to_bytes(8, "little")


class FrameReader:
    """Cuts a byte stream into frames. Holds no more than what was received and not yet cut.

    Checksums are read over: TCP guards the bytes, and a server that sums (`enable_csum`) does not demand it of us.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Bytes received that do not make a whole frame yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes, yield the frames that are now whole. Raises DecodeError at the first that cannot be one."""
        self._buffer += data
        start = 0
        try:
            while (cut := self._cut(start)) is not None:
                frame, start = cut
                yield frame
        finally:
            del self._buffer[:start]

    def _cut(self, start: int) -> tuple[Frame, int] | None:
        if len(self._buffer) - start < SIZE:
            return None
        cursor = Cursor(bytes(self._buffer[start : start + SIZE]), "ksock frame")
        kind, _checksum, request, ack = cursor.u32(), cursor.u32(), cursor.u64(), cursor.u64()
        if kind == NOOP:
            return Noop(ack), start + SIZE
        if kind != LNET:
            raise DecodeError(f"ksock frame: type {kind:#x} is neither NOOP nor LNET")
        body = start + SIZE + lnet.SIZE
        if len(self._buffer) < body:
            return None
        header = lnet.decode(bytes(self._buffer[start + SIZE : body]))
        if header.payload_length > MAX_PAYLOAD:
            raise DecodeError(f"ksock frame: {header.payload_length} bytes of payload, LNet carries {MAX_PAYLOAD}")
        end = body + header.payload_length
        if len(self._buffer) < end:
            return None
        return Message(header, bytes(self._buffer[body:end]), request, ack), end
