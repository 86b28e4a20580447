"""One connection after its HELLO: LNet messages both ways."""

from __future__ import annotations

import secrets
import socket
import struct
import time
from collections.abc import Callable

from tests.lab.lustre import mgs, wire
from tests.lab.lustre.fault import Fault
from tests.lab.lustre.node import Node, PeerKey
from tests.lab.lustre.wire import HelloIn, Message

DISCOVERY_PATIENCE_S = 5.0
SLOWNESS_S = 0.05


class Peer:
    """Serves one client until it closes."""

    def __init__(self, node: Node, sock: socket.socket, hello: HelloIn, key: PeerKey) -> None:
        self._node = node
        self._socket = sock
        self._ours = hello.destination
        self._nid, self._pid = key
        self._asked = b""
        self._next_cookie = 2

    def serve(self) -> None:
        while True:
            message = wire.read_message(self._socket)
            if isinstance(message, int):
                self._take_receipt(message)
                continue
            match message.kind:
                case wire.GET:
                    self._answer_get(message)
                case wire.PUT:
                    self._take_put(message)
                case wire.REPLY:
                    self._take_reply(message)
                case wire.ACK:
                    self._node.acks += 1

    def _take_receipt(self, cookie: int) -> None:
        assert cookie in self._node.unreceipted, f"a receipt for a send that never was: {cookie}"
        self._node.unreceipted.discard(cookie)

    def _answer_get(self, message: Message) -> None:
        handle = message.command[:16]
        bits, portal, _offset, sink = struct.unpack_from("<QIII", message.command, 16)
        assert (bits, portal) == (wire.PING_BITS, 0) and not message.payload
        self._node.pings += 1
        if Fault.NO_PING in self._node.faults:
            return
        if Fault.ENDLESS_NOOPS in self._node.faults:
            self._flood(wire.noop(1) * 100)
        if Fault.ENDLESS_QUESTIONS in self._node.faults:
            self._flood(self._frame(wire.GET, wire.get(bytes(16), wire.PING_BITS, 0, 272)) * 100)
        if Fault.UNKNOWN_FRAME in self._node.faults:
            self._socket.sendall(struct.pack("<IIQQ", 0xC7, 0, 0, 0))
        told = self._node.ping_info()[:sink]
        if Fault.HUGE_PAYLOAD in self._node.faults:
            head = wire.head(self._ours, self._nid, self._pid, wire.REPLY, 0xFFFFFFFF, handle)
            self._socket.sendall(wire.frame(head, told))
            return
        self._send(wire.REPLY, handle, told)

    def _take_put(self, message: Message) -> None:
        bits, _data, portal, _offset = struct.unpack_from("<QQII", message.command, 16)
        assert portal == 26, f"a request to portal {portal}"
        request = mgs.read_request(message.payload)
        service = self._node.mgs
        if request is None or service is None:
            return
        if request.opcode == mgs.CONNECT and Fault.HANGS_UP in self._node.faults:
            raise ConnectionError("hangs up")
        answer = service.answer(request, wire.nid_text(self._nid))
        if request.opcode == mgs.DISCONNECT and Fault.NEVER_DISCONNECTS in self._node.faults:
            return
        if Fault.EARLY_REPLIES in self._node.faults:
            early = mgs.reply(request.opcode, checksum=0x12345678, flags=1)
            self._when_known(lambda: self._send(wire.PUT, wire.put(bits, 25), early))
        at_offset = 224 if request.flags & 1 else 0
        ack = secrets.token_bytes(16) if Fault.WANTS_ACKS in self._node.faults else wire.NO_ACK
        self._when_known(lambda: self._send(wire.PUT, wire.put(bits, 25, at_offset, ack), answer))

    def _when_known(self, send: Callable[[], None]) -> None:
        """A PUT to a NID that was not discovered yet waits until that NID has said who it is."""
        node = self._node
        if not node.release.discovers or self._nid in node.discovered:
            send()
            return
        if self._pid != 12345:
            # The question goes to pid 12345 of that NID, over a connection of its own; here nobody answers it.
            raise ConnectionError("cannot discover a NID whose kernel does not answer")
        self._asked = secrets.token_bytes(16)
        self._socket.sendall(self._frame(wire.GET, wire.get(self._asked, wire.PING_BITS, 0, 272)))
        self._socket.settimeout(DISCOVERY_PATIENCE_S)
        while self._nid not in node.discovered:
            answer = wire.read_message(self._socket)
            if isinstance(answer, int):
                self._take_receipt(answer)
                continue
            assert answer.kind == wire.REPLY, "discovery must be answered first"
            self._take_reply(answer)
        self._socket.settimeout(None)
        send()

    def _take_reply(self, message: Message) -> None:
        assert self._asked and message.command[:16] == self._asked, "a reply to a question that was not put"
        magic, features, pid, count = struct.unpack_from("<IIII", message.payload)
        lo, lo_status, _, nid, status, _ = struct.unpack_from("<QIIQII", message.payload, 16)
        assert (magic, pid, count) == (wire.PING_MAGIC, 12345, 2)
        assert (lo, lo_status, nid, status) == (wire.LO, wire.UP, self._nid, wire.UP)
        assert features & 0x18 == 0, "a probe that claims Multi-Rail would be pushed updates"
        assert (message.destination, message.source) == (self._ours, self._nid)
        self._node.discovered.add(nid)
        self._asked = b""

    def _frame(self, kind: int, command: bytes, payload: bytes = b"") -> bytes:
        faults = self._node.faults
        zero_copy = 0
        if Fault.ZERO_COPY in faults and payload:
            zero_copy = self._next_cookie
            self._next_cookie += 1
            self._node.unreceipted.add(zero_copy)
        head = wire.head(self._ours, self._nid, self._pid, kind, len(payload), command)
        return wire.frame(head, payload, summed=Fault.CHECKSUMS in faults, zero_copy=zero_copy)

    def _send(self, kind: int, command: bytes, payload: bytes) -> None:
        faults = self._node.faults
        data = self._frame(kind, command, payload)
        if Fault.KEEPALIVES in faults:
            data = wire.noop(1) + data + wire.noop(1)
        if Fault.STRAY_MESSAGES in faults:
            stray = self._frame(wire.PUT, wire.put(0xDEAD, 15), b"a lock callback") + self._frame(
                wire.REPLY, b"\x55" * 16, b"somebody else's"
            )
            data = stray + self._frame(wire.PUT, wire.put(1, 0, ack=b"\x66" * 16), self._node.ping_info()) + data
        if Fault.SLOW in faults:
            time.sleep(SLOWNESS_S)
        if Fault.HALF_REPLY in faults:
            self._socket.sendall(data[: len(data) // 2])
            return
        if Fault.DRIBBLE in faults:
            for index in range(len(data)):
                self._socket.sendall(data[index : index + 1])
            return
        self._socket.sendall(data)

    def _flood(self, data: bytes) -> None:
        while True:
            self._socket.sendall(data)
