"""The management server: exports, and the logs of its file system."""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass, field

from tests.lab.lustre import release
from tests.lab.lustre.configlog import CHUNK, ConfigLog
from tests.lab.lustre.fault import Fault

BODY = 184
REQUEST, ERROR, REPLY = 4711, 4712, 4713
CONNECT, DISCONNECT, CREATE, NEXT_BLOCK, READ_HEADER = 250, 251, 501, 502, 503
LOG_ID = b"\x03" + bytes(7) + b"\x0a" + bytes(11)
ENOENT, EBUSY, EAGAIN, EACCES, ENODEV, EINVAL, EPROTO, ENOTCONN = 2, 16, 11, 13, 19, 22, 71, 107

_REFUSALS = {
    Fault.ENODEV: ENODEV,
    Fault.EAGAIN: EAGAIN,
    Fault.EBUSY: EBUSY,
    Fault.EPROTO: EPROTO,
    Fault.EACCES: EACCES,
}


@dataclass(frozen=True)
class Request:
    """One request as its bytes have it."""

    flags: int
    handle: int
    opcode: int
    service: int
    status: int
    conn_cnt: int
    timeout: int
    buffers: tuple[bytes, ...]


def read_request(data: bytes) -> Request | None:
    """A request, or None for one that a server drops without a word."""
    count, flavor, magic, _size, _sum, flags = struct.unpack_from("<6I", data)
    if magic != 0x0BD00BD3 or flavor & 0xFFFFFF:
        return None
    lengths = struct.unpack_from(f"<{count}I", data, 32)
    offset = 32 + (4 * count + 7) // 8 * 8
    buffers = []
    for length in lengths:
        assert offset + length <= len(data), "a buffer reaches beyond the message"
        buffers.append(data[offset : offset + length])
        offset += (length + 7) // 8 * 8
    body = buffers[0]
    assert len(body) == BODY
    handle, kind, service, opcode, status = struct.unpack_from("<QIIII", body)
    conn_cnt, timeout = struct.unpack_from("<II", body, 64)
    if kind != REQUEST or timeout == 0:
        return None
    return Request(flags, handle, opcode, service, status, conn_cnt, timeout, tuple(buffers[1:]))


def reply(
    opcode: int,
    *buffers: bytes,
    status: int = 0,
    kind: int = REPLY,
    handle: int = 0,
    checksum: int = 0,
    flags: int = 0,
    lengths: tuple[int, ...] | None = None,
) -> bytes:
    body = struct.pack("<QIIIi", handle, kind, 3, opcode, status).ljust(64, b"\0") + struct.pack("<II", 1, 1)
    parts = (body.ljust(BODY, b"\0"), *buffers)
    told = lengths or tuple(map(len, parts))
    head = struct.pack("<6IQ", len(parts), 0, 0x0BD00BD3, 0, checksum, flags, 0) + struct.pack(f"<{len(told)}I", *told)
    return b"".join(part + bytes(-len(part) % 8) for part in (head, *parts))


@dataclass
class Mgs:
    """State of one MGS."""

    version: str
    fsname: str | None
    log: ConfigLog | None
    faults: frozenset[Fault]
    console: list[str]
    exports: dict[int, str] = field(default_factory=dict)
    """Client uuid by cookie."""
    opened: list[str] = field(default_factory=list)
    """Log names that were asked for."""
    non_ir_clients: int = 0
    stale: int = 0
    """Requests under a handle that is not, or no longer, an export's."""
    _cookies: itertools.count[int] = field(default_factory=lambda: itertools.count(0xE375EA3E5BE80001, 0x100))
    _offers: dict[int, int] = field(default_factory=dict)

    def answer(self, request: Request, client: str) -> bytes:
        if request.opcode == CONNECT:
            return self._connect(request)
        if request.handle not in self.exports:
            self.stale += 1
            return reply(request.opcode, status=-ENOTCONN, kind=ERROR)
        match request.opcode:
            case 251:
                del self.exports[request.handle]
                return reply(DISCONNECT)
            case 501:
                return self._open(request)
            case 503:
                return self._header(request)
            case 502:
                return self._block(request)
        self.console.append(f"LustreError: unexpected opcode {request.opcode} from {client}")
        return reply(request.opcode, status=-EINVAL, kind=ERROR)

    def _connect(self, request: Request) -> bytes:
        target, uuid, _handle, data = request.buffers[:4]
        assert target.rstrip(b"\0") == b"MGS" and uuid.endswith(b"\0") and len(uuid) <= 40 and len(data) == 192
        for fault, number in _REFUSALS.items():
            if fault in self.faults:
                if fault is Fault.ENODEV:
                    self.console.append("LustreError: 137-5: MGS: not available for connect")
                return reply(CONNECT, bytes(192), status=-number, kind=ERROR)
        (flags,) = struct.unpack_from("<Q", data)
        if not flags & release.FULL20:
            return reply(CONNECT, bytes(192), status=-EPROTO, kind=ERROR)
        name = uuid.rstrip(b"\0").decode()
        assert request.conn_cnt == 1 and name not in self.exports.values(), "a reconnect"
        cookie = next(self._cookies)
        self.exports[cookie] = name
        self._offers[cookie] = flags
        known = flags & release.release_of(self.version).known_flags
        answer = struct.pack("<QI", known, release.version_code(self.version)).ljust(192, b"\0")
        if Fault.NO_CONNECT_DATA in self.faults:
            return reply(CONNECT, handle=cookie)
        if Fault.HUGE_BUFFERS in self.faults:
            return reply(CONNECT, answer, handle=cookie, lengths=(BODY, 0xFFFFFFF0))
        return reply(CONNECT, answer, handle=cookie)

    def _open(self, request: Request) -> bytes:
        name = request.buffers[1].rstrip(b"\0").decode()
        self.opened.append(name)
        if "-" not in name and name != "params":
            self.console.append(f"Lustre: MGS: non-config logname received: {name}")
        if Fault.LOG_ERROR in self.faults:
            return reply(CREATE, bytes(48), status=-5)
        if self.log is None or name != f"{self.fsname}-client":
            return reply(CREATE, bytes(48), status=-ENOENT)
        self.non_ir_clients += not self._offers[request.handle] & release.IMP_RECOV
        return reply(CREATE, LOG_ID.ljust(48, b"\0"))

    def _header(self, request: Request) -> bytes:
        assert self.log is not None and request.buffers[0][:20] == LOG_ID
        return reply(READ_HEADER, self.log.header())

    def _block(self, request: Request) -> bytes:
        assert self.log is not None and request.buffers[0][:20] == LOG_ID
        flags, index, saved, length, offset = struct.unpack_from("<IIIIQ", request.buffers[0], 24)
        assert length == CHUNK, "a piece that is no chunk is refused"
        found = self.log.block_at(offset, index)
        if found is None or saved >= index:
            return reply(NEXT_BLOCK, bytes(48), bytes(CHUNK), status=-EINVAL)
        data, last, behind = found
        if Fault.ENDLESS_LOG in self.faults:
            data = self.log.blocks[0] if index > 1 else data
        if Fault.BROKEN_LOG in self.faults:
            data = struct.pack("<I", 0xFFFFFF00) + data[4:]
        position = LOG_ID + struct.pack("<IIIIIQ", 0, flags, index, last, length, behind)
        return reply(NEXT_BLOCK, position, data.ljust(CHUNK, b"\0"))
