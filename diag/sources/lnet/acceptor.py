"""The acceptor on port 988: the connection request, and the silent question that it answers without logging."""

from __future__ import annotations

from diag.sources.lnet.cursor import Cursor, DecodeError
from diag.sources.lnet.nid import Nid

MAGIC = 0xACCE7100
"""LNET_PROTO_ACCEPTOR_MAGIC (Lustre lnet-idl.h, 2.10 to 2.17)."""

VERSION = 1
"""LNET_PROTO_ACCEPTOR_VERSION: the request that names a nid4; every release takes it."""

QUESTION = (0x45726963).to_bytes(4, "little")
"""LNET_PROTO_MAGIC in place of the acceptor's magic: `lnet_accept` answers with its own magic and version and closes,
without a line in the log (read in 2.10 to 2.17, seen on 2.15.8 and 2.17.57)."""

ANSWER_SIZE = 16
"""`struct lnet_acceptor_connreq`, which is also the form of the answer."""

HIGHEST_PRIVILEGED_PORT = 1023
LOWEST_PRIVILEGED_PORT = 512
"""LNET_ACCEPTOR_MAX_RESERVED_PORT and _MIN_: where a kernel client binds, from the top down; `accept=secure`, the
default, closes a peer from a higher port before it reads anything."""


def encode_request(server: Nid) -> bytes:
    """The sixteen bytes that ask for the server's NID. On success the acceptor answers nothing."""
    return MAGIC.to_bytes(4, "little") + VERSION.to_bytes(4, "little") + server.pack4()


def starts_answer(data: bytes | bytearray) -> bool:
    """Whether the data can be the beginning of an acceptor's answer."""
    magic = MAGIC.to_bytes(4, "little")
    return data[:4] == magic[: len(data)]


def decode_answer(data: bytes) -> int:
    """The protocol version in an acceptor's answer. Raises DecodeError when it is none."""
    cursor = Cursor(data, "acceptor answer")
    if (magic := cursor.u32()) != MAGIC:
        raise DecodeError(f"acceptor answer: magic {magic:#010x} instead of {MAGIC:#010x}")
    version = cursor.u32()
    cursor.take(ANSWER_SIZE - 8)
    return version
