"""The HELLO of the socket driver: who speaks to whom, and over what kind of connection."""

from __future__ import annotations

import msgspec

from diag.sources.lnet.cursor import Cursor, DecodeError
from diag.sources.lnet.nid import Nid, read_nid4

MAGIC = 0x45726963
"""LNET_PROTO_MAGIC (Lustre lnet-idl.h, 2.10 to 2.17)."""

VERSION = 3
"""KSOCK_PROTO_V3 (Lustre socklnd.h): what a kernel client of every release opens with on IPv4. A version 4 HELLO is
80 bytes long and makes an older server log an alarm."""

SIZE = 56
"""`struct ksock_hello_msg` without addresses."""

MAX_IPS = 16
"""LNET_NUM_INTERFACES (Lustre lnet-types.h): 2.10 and 2.12 servers may list their addresses, later ones send none."""

TYPE_NONE = -1
"""SOCKLND_CONN_NONE in an answer: this connection duplicates one, lost a race, or should come again."""

TYPE_CONTROL = 1
"""SOCKLND_CONN_CONTROL. Alone it carries everything. ANY must not be used with version 3: nothing would come back."""

LUSTRE_PID = 12345
"""LNET_PID_LUSTRE: the process id that every kernel node speaks under."""

USERSPACE_PID = 0x80000000
"""LNET_PID_USERFLAG: peers are keyed by NID and pid, so a pid with this bit never touches the connections of a kernel
client with the same NID."""


class Hello(msgspec.Struct, frozen=True):
    """One HELLO, version 2 or 3."""

    source: Nid
    destination: Nid
    source_pid: int
    destination_pid: int
    source_incarnation: int
    """The speaker's boot stamp: the same on all its connections, or the peer takes it for rebooted."""
    destination_incarnation: int = 0
    connection_type: int = TYPE_CONTROL
    ips: tuple[int, ...] = ()
    version: int = VERSION


def encode(hello: Hello) -> bytes:
    """The bytes of a HELLO, 56 of them when it lists no address."""
    return b"".join(
        (
            MAGIC.to_bytes(4, "little"),
            hello.version.to_bytes(4, "little"),
            hello.source.pack4(),
            hello.destination.pack4(),
            hello.source_pid.to_bytes(4, "little"),
            hello.destination_pid.to_bytes(4, "little"),
            hello.source_incarnation.to_bytes(8, "little"),
            hello.destination_incarnation.to_bytes(8, "little"),
            hello.connection_type.to_bytes(4, "little", signed=True),
            len(hello.ips).to_bytes(4, "little"),
            *(ip.to_bytes(4, "little") for ip in hello.ips),
        )
    )


def size_of(data: bytes) -> int | None:
    """How many bytes the HELLO that `data` begins will have; None while too little is there to tell.

    Raises DecodeError as soon as the beginning shows that it is no HELLO.
    """
    if data[:4] != MAGIC.to_bytes(4, "little")[: len(data)]:
        raise DecodeError(f"HELLO: begins with {data[:4].hex(' ')} instead of {MAGIC.to_bytes(4, 'little').hex(' ')}")
    if len(data) >= 8 and (version := int.from_bytes(data[4:8], "little")) not in (2, 3):
        raise DecodeError(f"HELLO: protocol version {version}, this client speaks {VERSION}")
    if len(data) < SIZE:
        return None
    count = int.from_bytes(data[SIZE - 4 : SIZE], "little")
    if count > MAX_IPS:
        raise DecodeError(f"HELLO: {count} addresses, at most {MAX_IPS} are allowed")
    return SIZE + 4 * count


def decode(data: bytes) -> Hello:
    """Read one whole HELLO. Raises DecodeError when it is none."""
    size = size_of(data)
    if size is None or len(data) < size:
        raise DecodeError(f"HELLO: {len(data)} bytes are not a whole one")
    cursor = Cursor(data, "HELLO")
    cursor.u32()
    version = cursor.u32()
    source, destination = read_nid4(cursor), read_nid4(cursor)
    source_pid, destination_pid = cursor.u32(), cursor.u32()
    source_incarnation, destination_incarnation = cursor.u64(), cursor.u64()
    connection_type = cursor.i32()
    ips = tuple(cursor.u32() for _ in range(cursor.u32()))
    return Hello(
        source,
        destination,
        source_pid,
        destination_pid,
        source_incarnation,
        destination_incarnation,
        connection_type,
        ips,
        version,
    )
