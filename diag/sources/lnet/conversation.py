"""The conversation with one server on one connection, apart from sockets and clocks.

Fed with the bytes that arrive, it yields what they say and keeps what must be sent back: the answer to the server's
own discovery, acknowledgements, zero-copy receipts. The caller asks one question at a time.
"""

from __future__ import annotations

import msgspec

from diag.sources.lnet import acceptor, header, hello, ksock, mgs, ping, ptlrpc
from diag.sources.lnet.cursor import DecodeError
from diag.sources.lnet.nid import Nid

XID_STEP = 0x10
MAX_ANSWERS_OWED = 1 << 20
"""Bytes we are ready to owe a peer that asks and does not listen."""


class Identity(msgspec.Struct, frozen=True):
    """Who we say we are, and every number in our bytes that differs from one conversation to the next."""

    nid: Nid
    """Our address as the server sees it."""
    pid: int
    incarnation: int
    """Our boot stamp."""
    uuid: str
    """At most 39 ASCII characters, fresh for every connection: a known one would be a reconnect."""
    handle: int
    """Our side's export cookie."""
    first_xid: int
    """Number of the first request; the next ones follow in steps of 16."""
    ping_handle: bytes
    """Sixteen bytes that the answer to our ping brings back."""
    offer: int = mgs.OFFERED
    """Connect flags that are offered to the MGS."""


class Greeted(msgspec.Struct, frozen=True):
    """The server's HELLO."""

    hello: hello.Hello

    @property
    def accepted(self) -> bool:
        """False when the server has, or had until now, another connection under our NID and pid."""
        return self.hello.connection_type != hello.TYPE_NONE


class Pinged(msgspec.Struct, frozen=True):
    """The answer to our ping."""

    info: ping.PingInfo


class Discovered(msgspec.Struct, frozen=True):
    """The server asked who we are and gets its answer; it holds its reply back until then."""


class Answered(msgspec.Struct, frozen=True):
    """The answer to our request."""

    answer: mgs.Answer


Event = Greeted | Pinged | Discovered | Answered


class Conversation:
    """State of one connection. `receive` and the askers raise nothing but DecodeError."""

    def __init__(self, server: Nid, identity: Identity) -> None:
        self._us = identity
        self._route = header.Route(server, identity.nid, hello.LUSTRE_PID, identity.pid)
        self._out = bytearray()
        self._greeting: bytearray | None = bytearray()
        self._frames = ksock.FrameReader()
        self._xid = identity.first_xid
        self._last_xid = identity.first_xid - XID_STEP
        self._waiting: ptlrpc.Opcode | None = None
        self._export = 0

    @property
    def pending(self) -> int:
        """Bytes received of a message that is not whole yet."""
        return self._frames.pending if self._greeting is None else len(self._greeting)

    @property
    def connecting(self) -> bool:
        """Whether MGS_CONNECT is out and not answered: the server may have made an export."""
        return self._waiting is ptlrpc.Opcode.MGS_CONNECT

    @property
    def leaving(self) -> bool:
        """Whether MGS_DISCONNECT is out and not answered."""
        return self._waiting is ptlrpc.Opcode.MGS_DISCONNECT

    @property
    def connected(self) -> bool:
        """Whether the server holds an export of ours."""
        return self._export != 0

    def to_send(self) -> bytes:
        """The bytes owed since the last call."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def greet(self) -> None:
        """Say whom we want and who we are, in one go: the acceptor serves one connection at a time."""
        ours = hello.Hello(self._us.nid, self._route.destination, self._us.pid, hello.LUSTRE_PID, self._us.incarnation)
        self._out += acceptor.encode_request(self._route.destination) + hello.encode(ours)

    def ping(self) -> None:
        """Ask for the server's NIDs."""
        question = header.Get(self._us.ping_handle, ping.MATCH_BITS, ping.PORTAL, ping.MAX_ANSWER)
        self._out += ksock.encode_message(header.Header(self._route, question))

    def connect(self) -> None:
        """Ask the MGS for an export."""
        self._ask(mgs.connect(self._us.uuid, self._us.handle, self._us.offer))

    def open_log(self, name: str) -> None:
        """Open a configuration log by name."""
        self._ask(mgs.open_log(name))

    def read_header(self, position: mgs.LogPosition) -> None:
        """Read the header of the opened log."""
        self._ask(mgs.read_header(position))

    def read_block(self, position: mgs.LogPosition) -> None:
        """Read a block of records of the opened log."""
        self._ask(mgs.read_block(position))

    def disconnect(self) -> None:
        """Give the export back."""
        self._ask(mgs.disconnect())

    def receive(self, data: bytes) -> tuple[Event, ...]:
        """Take the bytes that arrived; what they say, in order. Raises DecodeError when they are not LNet."""
        events: list[Event] = []
        if self._greeting is not None:
            self._greeting += data
            event, data = self._read_greeting(self._greeting)
            if event is None:
                return ()
            events.append(event)
        for frame in self._frames.feed(data):
            if isinstance(frame, ksock.Message):
                events.extend(self._take(frame))
            if len(self._out) > MAX_ANSWERS_OWED:
                raise DecodeError(f"the peer asks without end: {len(self._out)} bytes of answers are owed")
        return tuple(events)

    def _read_greeting(self, data: bytearray) -> tuple[Event | None, bytes]:
        if acceptor.starts_answer(data):
            if len(data) < acceptor.ANSWER_SIZE:
                return None, b""
            version = acceptor.decode_answer(bytes(data[: acceptor.ANSWER_SIZE]))
            raise DecodeError(f"the acceptor wants protocol version {version}, this client speaks {acceptor.VERSION}")
        size = hello.size_of(bytes(data[: hello.SIZE]))
        if size is None or len(data) < size:
            return None, b""
        self._greeting = None
        return Greeted(hello.decode(bytes(data[:size]))), bytes(data[size:])

    def _ask(self, request: ptlrpc.Request) -> None:
        payload = ptlrpc.encode(request, handle=self._export, xid=self._xid, last_xid=self._last_xid)
        put = header.Put(self._xid, mgs.REQUEST_PORTAL)
        self._out += ksock.encode_message(header.Header(self._route, put, len(payload)), payload)
        self._waiting = request.opcode
        self._last_xid = self._xid
        self._xid += XID_STEP

    def _take(self, message: ksock.Message) -> tuple[Event, ...]:
        if message.zero_copy_request:
            self._out += ksock.encode_zero_copy_ack(message.zero_copy_request)
        command = message.header.command
        match command:
            case header.Get():
                return self._answer_get(message.header.route, command)
            case header.Reply() if command.handle == self._us.ping_handle:
                return (Pinged(ping.decode(message.payload)),)
            case header.Put():
                self._acknowledge(message, command)
                return self._read_reply(command, message.payload)
            case _:
                return ()

    def _answer_get(self, route: header.Route, get: header.Get) -> tuple[Event, ...]:
        """Answer the server's discovery of us; other questions have no answer."""
        if (get.portal, get.match_bits) != (ping.PORTAL, ping.MATCH_BITS):
            return ()
        told = ping.encode_own(self._us.nid, self._us.pid)[: get.sink_length]
        answer = header.Header(self._back(route), header.Reply(get.return_handle), len(told))
        self._out += ksock.encode_message(answer, told)
        return (Discovered(),)

    def _acknowledge(self, message: ksock.Message, put: header.Put) -> None:
        if put.ack_handle != header.NO_ACK:
            ack = header.Ack(put.ack_handle, put.match_bits, len(message.payload))
            self._out += ksock.encode_message(header.Header(self._back(message.header.route), ack))

    def _back(self, route: header.Route) -> header.Route:
        """The way back to the NID that asked, in our own name; a large NID cannot ask on this connection."""
        return header.Route(route.source, self._us.nid, route.source_pid, self._us.pid)

    def _read_reply(self, put: header.Put, payload: bytes) -> tuple[Event, ...]:
        if self._waiting is None or put.match_bits != self._last_xid or put.portal == ping.PORTAL:
            return ()
        message = ptlrpc.decode(payload)
        if _is_early(put, message, self._waiting):
            return ()
        opcode, self._waiting = self._waiting, None
        if opcode is ptlrpc.Opcode.MGS_CONNECT and message.status == 0:
            # Before the rest is read: whatever it holds, the export is there and must be given back.
            self._export = message.handle
        if opcode is ptlrpc.Opcode.MGS_DISCONNECT:
            self._export = 0
        return (Answered(mgs.decode(opcode, message)),)


def _is_early(put: header.Put, message: ptlrpc.Message, opcode: ptlrpc.Opcode) -> bool:
    """Whether this only says that the server needs more time.

    An early reply stands at offset 0, is a body alone and is the only message with a checksum (Lustre sec_null.c).
    It should not come, for we do not offer adaptive timeouts; one that does must not be taken for the answer.
    """
    if put.offset != 0 or message.buffers or message.kind != ptlrpc.MessageKind.REPLY:
        return False
    if message.checksum != 0:
        return True
    answered_by_body = opcode is ptlrpc.Opcode.MGS_DISCONNECT
    return bool(message.flags & ptlrpc.AT_SUPPORT) and message.status == 0 and not answered_by_body
