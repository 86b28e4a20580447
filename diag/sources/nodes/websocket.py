"""The client's half of a WebSocket (RFC 6455), bounded: every wait by one deadline, every message by a size.

websocket-client, which the official Kubernetes client brings, starts its time-out anew with every byte that arrives
and takes a frame of any length, so a peer that trickles or lies holds it for ever.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import socket
import ssl
import struct
import time
from collections.abc import Mapping

import msgspec

HEAD_LIMIT = 64 * 1024
FRAME_LIMIT = 4 * 1024 * 1024
"""Bytes of one frame. The kubelet cuts streams into 32 KiB (k8s.io/apimachinery, httpstream/wsstream)."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


class Refused(Exception):
    """The server answered the upgrade with something else; the status and the start of the body."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


class Broken(Exception):
    """The peer does not speak the protocol, or went away half-way."""


class Tls:
    """One context for all connections to a server, which resumes its session: a full handshake costs milliseconds."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._session: ssl.SSLSession | None = None

    def wrap(self, connection: socket.socket, server_name: str) -> ssl.SSLSocket:
        """The connection after its handshake, within the connection's own time-out."""
        return self._context.wrap_socket(connection, server_hostname=server_name, session=self._session)

    def remember(self, connection: socket.socket) -> None:
        """Keep the newest session: with TLS 1.3 it comes after the handshake."""
        if isinstance(connection, ssl.SSLSocket) and connection.session is not None:
            self._session = connection.session


class Endpoint(msgspec.Struct, frozen=True):
    """Where and how to connect."""

    host: str
    port: int
    path: str
    """Path and query, encoded."""
    headers: Mapping[str, str]
    subprotocols: tuple[str, ...]
    tls: Tls | None = None
    server_name: str = ""
    proxy: tuple[str, int] | None = None
    """Host and port of an HTTP proxy that is asked to CONNECT."""


class WebSocket:
    """One open connection. Close it, whatever happens."""

    def __init__(
        self, connection: socket.socket, subprotocol: str, rest: bytes, until: float, tls: Tls | None = None
    ) -> None:
        self.subprotocol = subprotocol
        self._tls = tls
        self._connection = connection
        self._buffer = bytearray(rest)
        self._until = until

    def send(self, payload: bytes) -> None:
        """One masked binary message. Raises TimeoutError, OSError."""
        self._frame(BINARY, payload)

    def receive(self) -> bytes | None:
        """The next message, None when the peer closed in order. Raises TimeoutError, Broken, OSError."""
        message = bytearray()
        while True:
            first, second = self._exactly(2)
            opcode, final, size = first & 0x0F, first & 0x80, second & 0x7F
            if second & 0x80 or first & 0x70:
                raise Broken("the server sent a masked or extended frame")
            if size == 126:
                (size,) = struct.unpack(">H", self._exactly(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", self._exactly(8))
            if size > FRAME_LIMIT or len(message) + size > FRAME_LIMIT:
                raise Broken(f"the server announced a frame of {size} bytes")
            payload = self._exactly(size)
            if opcode == CLOSE:
                return None
            if opcode == PING:
                self._frame(PONG, payload[:125])
            elif opcode in (CONTINUATION, TEXT, BINARY):
                message += payload
                if final:
                    return bytes(message)
            elif opcode != PONG:
                raise Broken(f"the server sent opcode {opcode}")

    def close(self) -> None:
        """Say goodbye without waiting for the answer."""
        if self._tls is not None:
            self._tls.remember(self._connection)
        try:
            self._connection.settimeout(0.1)
            self._connection.sendall(_frame(CLOSE, b"\x03\xe8"))
        except OSError:
            pass
        finally:
            self._connection.close()

    def _frame(self, opcode: int, payload: bytes) -> None:
        self._connection.settimeout(_left(self._until))
        self._connection.sendall(_frame(opcode, payload))

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._connection.settimeout(_left(self._until))
            piece = self._connection.recv(65536)
            if not piece:
                raise Broken("the connection ended half-way")
            self._buffer += piece
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def connect(endpoint: Endpoint, until: float) -> WebSocket:
    """Open a connection before the `time.monotonic()` instant, and a session on it.

    Raises Refused when the server does not upgrade, TimeoutError, Broken for nonsense, OSError (ssl.SSLError included).
    """
    return upgrade(dial(endpoint, until), endpoint, until)


def dial(endpoint: Endpoint, until: float) -> socket.socket:
    """A connection with its handshakes done.

    Raises TimeoutError, Broken for a proxy's nonsense, OSError (ssl.SSLError included).
    """
    near = endpoint.proxy or (endpoint.host, endpoint.port)
    connection = socket.create_connection(near, timeout=_left(until))
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if endpoint.proxy:
            _tunnel(connection, endpoint, until)
        if endpoint.tls is not None:
            connection.settimeout(_left(until))
            connection = endpoint.tls.wrap(connection, endpoint.server_name or endpoint.host)
    except BaseException:
        connection.close()
        raise
    return connection


def upgrade(connection: socket.socket, endpoint: Endpoint, until: float) -> WebSocket:
    """A session on the connection, which is closed when there is to be none. Raises as `connect` does."""
    try:
        return _upgrade(connection, endpoint, until)
    except BaseException:
        connection.close()
        raise


def _upgrade(connection: socket.socket, endpoint: Endpoint, until: float) -> WebSocket:
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    headers = {
        "Host": _authority(endpoint),
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Protocol": ", ".join(endpoint.subprotocols),
        **endpoint.headers,
    }
    status, answered, rest = _exchange(connection, f"GET {endpoint.path} HTTP/1.1", headers, until)
    if status != 101:
        raise Refused(status, rest + _body(connection, answered, rest, until))
    expected = base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()
    chosen = answered.get("sec-websocket-protocol", "")
    if answered.get("sec-websocket-accept") != expected or chosen not in endpoint.subprotocols:
        raise Broken(f"the server upgraded without agreeing on a protocol ({chosen[:40]!r})")
    return WebSocket(connection, chosen, rest, until, endpoint.tls)


def _tunnel(connection: socket.socket, endpoint: Endpoint, until: float) -> None:
    authority = _authority(endpoint)
    status, _, _ = _exchange(connection, f"CONNECT {authority} HTTP/1.1", {"Host": authority}, until)
    if status != 200:
        raise Broken(f"the proxy answered CONNECT with {status}")


def _exchange(
    connection: socket.socket, request: str, headers: Mapping[str, str], until: float
) -> tuple[int, dict[str, str], bytes]:
    lines = [request, *(f"{name}: {value}" for name, value in headers.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header holds a line break")
    connection.settimeout(_left(until))
    connection.sendall("\r\n".join((*lines, "", "")).encode("latin-1"))
    received = b""
    while b"\r\n\r\n" not in received:
        connection.settimeout(_left(until))
        piece = connection.recv(16384)
        received += piece
        if not piece or len(received) > HEAD_LIMIT:
            raise Broken("the server's answer to the upgrade is no HTTP")
    head, _, rest = received.partition(b"\r\n\r\n")
    first, *others = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if not first.startswith("HTTP/1.") or len(words) < 2 or not words[1].isdigit():
        raise Broken("the server's answer to the upgrade is no HTTP")
    pairs = (line.partition(":") for line in others)
    return int(words[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}, rest


def _body(connection: socket.socket, headers: Mapping[str, str], rest: bytes, until: float) -> bytes:
    """What is left of a refusal's body, at most 16 KiB and only as far as the server announced it."""
    announced = headers.get("content-length", "")
    wanted = min(int(announced), 16384) if announced.isascii() and announced.isdigit() and len(announced) < 9 else 0
    received = b""
    while len(rest) + len(received) < wanted:
        connection.settimeout(_left(until))
        piece = connection.recv(4096)
        if not piece:
            break
        received += piece
    return received


def _frame(opcode: int, payload: bytes) -> bytes:
    head = bytes((0x80 | opcode,))
    if len(payload) < 126:
        head += bytes((0x80 | len(payload),))
    elif len(payload) < 1 << 16:
        head += struct.pack(">BH", 0x80 | 126, len(payload))
    else:
        head += struct.pack(">BQ", 0x80 | 127, len(payload))
    mask = os.urandom(4)
    stream = (mask * (len(payload) // 4 + 1))[: len(payload)]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(payload), "big")
    return head + mask + masked


def _authority(endpoint: Endpoint) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{host}:{endpoint.port}"


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline passed")
    return left
