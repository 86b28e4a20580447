"""The requests to a management server (MGS) and what its answers say."""

from __future__ import annotations

import enum

import msgspec

from diag.sources.lnet.cursor import Cursor, DecodeError
from diag.sources.lnet.ptlrpc import Message, Opcode, Request, Service

REQUEST_PORTAL = 26
"""MGS_REQUEST_PORTAL (Lustre lustre_idl.h, 2.10 to 2.17)."""

REPLY_PORTAL = 25
"""MGC_REPLY_PORTAL, where the server's answer is addressed to."""

TARGET = b"MGS\0"
"""LUSTRE_MGS_OBDNAME."""

INITIAL = 0x20
"""MSG_CONNECT_INITIAL."""

CONNECT_DATA_SIZE = 192
"""`struct obd_connect_data`."""

CLAIMED_VERSION = 0x020F0800
"""The client version we claim, 2.15.8.0: an MGS takes any, and this one is what was verified."""

CHUNK_SIZE = 8192
"""LLOG_MIN_CHUNK_SIZE: header and blocks of a configuration log come in such pieces."""

PIECE_REPLY_SIZE = CHUNK_SIZE + 512


class ConnectFlag(enum.IntFlag):
    """OBD_CONNECT_* that an MGS can answer with (MGS_CONNECT_SUPPORTED, 2.10 to 2.17)."""

    VERSION = 0x20
    MGS_NIDLIST = 0x40
    BARRIER = 0x2000
    AT = 0x1000000
    MNE_SWAB = 0x4000000
    FULL20 = 0x1000000000
    IMP_RECOV = 0x10000000000
    PINGLESS = 0x4000000000000
    BULK_MBITS = 0x2000000000000000
    FLAGS2 = 0x8000000000000000


OFFERED = ConnectFlag.VERSION | ConnectFlag.AT | ConnectFlag.FULL20 | ConnectFlag.IMP_RECOV
"""Without FULL20 the server answers EPROTO; without IMP_RECOV it would switch Imperative Recovery of the file system
from full to partial while we are connected."""


class Connected(msgspec.Struct, frozen=True):
    """The answer to MGS_CONNECT."""

    status: int
    handle: int = 0
    flags: int = 0
    version: int = 0
    """LUSTRE_VERSION_CODE, 0 when it was not told."""

    @property
    def version_text(self) -> str | None:
        """`2.15.8.0`, None when it was not told."""
        return version_text(self.version) if self.version else None

    @property
    def flag_names(self) -> tuple[str, ...]:
        """Names of the known flags that are set."""
        return tuple(flag.name or "" for flag in ConnectFlag if flag & self.flags)


class LogPosition(msgspec.Struct, frozen=True):
    """`struct llogd_body`: which log, and where in it."""

    log_id: bytes = bytes(20)
    flags: int = 0
    index: int = 0
    """Index of the record that is wanted."""
    saved_index: int = 0
    """Index of the last record before `offset`."""
    length: int = 0
    offset: int = 0


class LogOpened(msgspec.Struct, frozen=True):
    """The answer to opening a configuration log by its name: status -2 when there is none."""

    status: int
    position: LogPosition


class LogPiece(msgspec.Struct, frozen=True):
    """The header, or one block of records, of a configuration log."""

    status: int
    position: LogPosition
    data: bytes = b""


class Disconnected(msgspec.Struct, frozen=True):
    """The answer to MGS_DISCONNECT."""

    status: int


Answer = Connected | LogOpened | LogPiece | Disconnected


def version_text(code: int) -> str:
    """`0x020f0800` is 2.15.8.0: one byte each for major, minor, patch and fix (Lustre lustre_ver.h)."""
    return ".".join(str(code >> shift & 0xFF) for shift in (24, 16, 8, 0))


def connect(uuid: str, handle: int, flags: int = OFFERED) -> Request:
    """Ask for an export. `uuid` is ours, fresh for every connection; `handle` our side's cookie."""
    data = flags.to_bytes(8, "little") + CLAIMED_VERSION.to_bytes(4, "little")
    return Request(
        Opcode.MGS_CONNECT,
        Service.OBD,
        (
            TARGET,
            uuid.encode("ascii") + b"\0",
            handle.to_bytes(8, "little"),
            data.ljust(CONNECT_DATA_SIZE, b"\0"),
            # The SELinux policy, empty: 2.12 and later expect the buffer, 2.10 reads over it.
            b"",
        ),
        INITIAL,
    )


def open_log(name: str) -> Request:
    """Open a log that exists. `name` must hold a `-`, or the server prints a complaint."""
    return Request(
        Opcode.LLOG_ORIGIN_HANDLE_CREATE,
        Service.LOG,
        (_encode_position(LogPosition()), name.encode("ascii") + b"\0"),
    )


def read_header(position: LogPosition) -> Request:
    """Read the header of an opened log."""
    return _read(Opcode.LLOG_ORIGIN_HANDLE_READ_HEADER, position)


def read_block(position: LogPosition) -> Request:
    """Read the block of records that holds `position.index`."""
    return _read(Opcode.LLOG_ORIGIN_HANDLE_NEXT_BLOCK, position)


def disconnect() -> Request:
    """Give the export back."""
    return Request(Opcode.MGS_DISCONNECT, Service.OBD)


def decode(opcode: Opcode, message: Message) -> Answer:
    """What a reply says. An error reply may lack its buffers; a success that lacks them raises DecodeError."""
    match opcode:
        case Opcode.MGS_CONNECT:
            return _connected(message)
        case Opcode.LLOG_ORIGIN_HANDLE_CREATE:
            return LogOpened(message.status, _position(message))
        case Opcode.LLOG_ORIGIN_HANDLE_READ_HEADER:
            return LogPiece(message.status, LogPosition(), _buffer(message, 0))
        case Opcode.LLOG_ORIGIN_HANDLE_NEXT_BLOCK:
            return LogPiece(message.status, _position(message), _buffer(message, 1))
        case Opcode.MGS_DISCONNECT:
            return Disconnected(message.status)


def _read(opcode: Opcode, position: LogPosition) -> Request:
    return Request(opcode, Service.LOG, (_encode_position(position),), reply_size=PIECE_REPLY_SIZE)


def _connected(message: Message) -> Connected:
    if message.status != 0:
        return Connected(message.status)
    data = Cursor(_buffer(message, 0), "connect data")
    return Connected(0, message.handle, data.u64(), data.u32())


def _buffer(message: Message, index: int) -> bytes:
    if index < len(message.buffers):
        return message.buffers[index]
    if message.status == 0:
        raise DecodeError(f"reply to {message.opcode}: buffer {index + 1} is missing")
    return b""


def _encode_position(position: LogPosition) -> bytes:
    return b"".join(
        (
            position.log_id,
            # LLOG_CONFIG_ORIG_CTXT
            bytes(4),
            position.flags.to_bytes(4, "little"),
            position.index.to_bytes(4, "little"),
            position.saved_index.to_bytes(4, "little"),
            position.length.to_bytes(4, "little"),
            position.offset.to_bytes(8, "little"),
        )
    )


def _position(message: Message) -> LogPosition:
    data = _buffer(message, 0)
    if message.status != 0:
        return LogPosition()
    cursor = Cursor(data, "log position")
    log_id = cursor.take(20)
    cursor.u32()
    return LogPosition(log_id, cursor.u32(), cursor.u32(), cursor.u32(), cursor.u32(), cursor.u64())
