"""One `kubectl exec` over WebSocket: the command's output and how it ended.

The first byte of a message is its channel: 0 stdin, 1 stdout, 2 stderr, 3 the final Status, 255 (v5) a closed channel.
Source: k8s.io/apimachinery v0.34 pkg/util/remotecommand, KEP-4006.

wsproto speaks the protocol and never touches the socket, so that every wait here has our deadline and every answer our
limit. websocket-client, which the official client brings, starts its time-out again with every byte that arrives and
holds a frame of any length; websockets (17.4) has four times the code, takes twice the time to import, and its client
for threads starts one more thread for each connection.
"""

from __future__ import annotations

import contextlib
import functools
import re
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator, Sequence

import msgspec
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    RejectData,
    Request,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import ProtocolError

from diag.decode import decode_json
from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.sanitize import one_line
from diag.sources.kubernetes.client import Kube
from diag.sources.kubernetes.transport import Answer
from diag.sources.nodes.ask import Plugin

SUBPROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _STATUS = 0, 1, 2, 3
_CLOSE_STDIN = bytes((255, _STDIN))

HANDSHAKE_S = 1.0
"""How long an answer may wait for the next session's connection. A handshake that takes longer is the last tried."""
GRAIN_S = 0.25
"""How much later than its deadline a wait may end."""
REFUSAL_LIMIT = 16 * 1024
STATUS_LIMIT = 64 * 1024


class Ran(msgspec.Struct, frozen=True):
    """What a command printed and how it ended."""

    output: bytes
    errors: bytes = b""
    exit_status: int | None = None
    """None when the session ended before the command did."""
    not_started: str = ""
    """Why the container's runtime could not start it; empty when it did."""
    ended: Unavailable | None = None
    """Why there is no exit status."""

    @property
    def lacks_command(self) -> bool:
        """The container is there and the command is not: the words of runc and of crun."""
        return bool(re.search(r"executable file.*not found|no such file or directory", self.not_started, re.IGNORECASE))


class _Cause(msgspec.Struct):
    reason: str = ""
    message: str = ""


class _Details(msgspec.Struct):
    causes: list[_Cause] | None = None


class _Status(msgspec.Struct):
    status: str = ""
    reason: str = ""
    message: str = ""
    details: _Details | None = None


class _Broken(Exception):
    """The peer does not speak the protocol, or went away half-way."""


class Connections:
    """Connections to the API server for exec sessions, the next one opened while a command runs.

    A command on a node takes tens of milliseconds, and so do the TCP and TLS handshakes before it. A worker that has
    sent its command opens the next connection before it reads the answer; the next session takes it.
    """

    def __init__(self, kube: Kube, sessions: int) -> None:
        """`sessions` are those to come; no more connections are opened."""
        self.kube = kube
        self._lock = threading.Lock()
        self._idle: list[socket.socket] = []
        self._to_come = sessions

    def take(self) -> socket.socket | None:
        """A connection for a session that starts now, None when none was opened before it."""
        with self._lock:
            self._to_come -= 1
            return self._idle.pop() if self._idle else None

    def open_next(self, until: float) -> None:
        """Open one for a session to come, if it has none; `until` is the caller's own `time.monotonic()` limit."""
        with self._lock:
            if self._to_come <= len(self._idle):
                return
        try:
            connection = self.kube.transport.connect(min(_left(until), HANDSHAKE_S))
        except (Unreadable, TimeoutError):
            # The session that needs one fails the same way, and reports it.
            with self._lock:
                self._to_come = 0
            return
        with self._lock:
            is_needed = self._to_come > len(self._idle)
            if is_needed:
                self._idle.append(connection)
        if not is_needed:
            connection.close()

    def close(self) -> None:
        """Close what nobody took."""
        with self._lock:
            idle, self._idle, self._to_come = self._idle, [], 0
        for connection in idle:
            connection.close()


def run(
    connections: Connections, plugin: Plugin, argv: Sequence[str], *, feed: bytes, until: float, cap: int, what: str
) -> Ran | Unavailable:
    """Run one command in a container before the `time.monotonic()` instant, with `feed` as its standard input.

    Unavailable when the session could not even be opened; otherwise all that came before it ended.
    """
    try:
        session = _open(connections, _path(plugin, argv, stdin=bool(feed)), until, what)
    except Unreadable as missing:
        return msgspec.structs.replace(missing.unavailable, what=what)
    except (TimeoutError, _Broken, OSError) as error:
        return _failure(error, what, "exec gave no session")
    streams = _Streams(cap)
    try:
        if feed:
            closing = (_CLOSE_STDIN,) if session.subprotocol == SUBPROTOCOLS[0] else ()
            session.send(bytes((_STDIN,)) + feed, *closing)
        connections.open_next(until)
        for channel, piece, is_whole in session.messages():
            if channel == _STATUS:
                streams.status += piece[:STATUS_LIMIT]
                if is_whole:
                    return _verdict(streams, what)
            elif streams.add(channel, piece) > cap:
                detail = f"it printed more than {cap} bytes; the rest was not read"
                return streams.ran(ended=Unavailable(what, Reason.GARBLED, detail))
        return streams.ran(ended=Unavailable(what, Reason.GARBLED, "the exec session ended without a status"))
    except (TimeoutError, _Broken, OSError) as error:
        return streams.ran(ended=_failure(error, what, "the exec session ended half-way"))
    finally:
        session.close(connections.kube)


def _open(connections: Connections, path: str, until: float, what: str) -> _Session:
    """A session over a connection opened before, or over a new one where there is none or the server has dropped it."""
    kube = connections.kube
    if (early := connections.take()) is not None:
        with contextlib.suppress(_Broken, OSError):
            return _Session(early, kube, path, until, what)
    return _Session(kube.transport.connect(_left(until)), kube, path, until, what)


class _Session:
    """One open session. Close it, whatever happens."""

    def __init__(self, connection: socket.socket, kube: Kube, path: str, until: float, what: str) -> None:
        """Upgrade the connection. Raises Unreadable for a refusal; TimeoutError, _Broken, OSError. Closes it then."""
        self._connection = connection
        self._until = until
        self._limit_s = 0.0
        self._protocol = WSConnection(ConnectionType.CLIENT)
        try:
            self.subprotocol = self._upgrade(kube, path, what)
        except BaseException:
            connection.close()
            raise

    def send(self, *payloads: bytes) -> None:
        """Binary messages, in one piece."""
        self._send(*(BytesMessage(data=payload) for payload in payloads))

    def messages(self) -> Iterator[tuple[int, bytes, bool]]:
        """Channel, piece, and whether a message ends with it, until the server closes."""
        channel: int | None = None
        for event in self._events():
            if isinstance(event, BytesMessage):
                piece = bytes(event.data)
                if channel is None and piece:
                    channel, piece = piece[0], piece[1:]
                if channel is not None:
                    yield channel, piece, event.message_finished
                if event.message_finished:
                    channel = None
            elif isinstance(event, Ping):
                self._send(event.response())
            elif isinstance(event, CloseConnection):
                if event.code in (CloseReason.NORMAL_CLOSURE, CloseReason.NO_STATUS_RCVD):
                    return
                raise _Broken(f"the connection was closed with code {int(event.code)}")

    def close(self, kube: Kube) -> None:
        """Say goodbye without waiting for the answer."""
        with contextlib.suppress(OSError, ProtocolError):
            self._connection.settimeout(0.1)
            self._connection.sendall(self._protocol.send(CloseConnection(code=CloseReason.NORMAL_CLOSURE)))
        kube.transport.close(self._connection)

    def _upgrade(self, kube: Kube, path: str, what: str) -> str:
        url = urllib.parse.urlsplit(kube.transport.server)
        headers = [(name.encode(), value.encode("latin-1")) for name, value in kube.transport.headers()]
        host, target = url.netloc.rpartition("@")[2], url.path.rstrip("/") + path
        self._send(Request(host=host, target=target, subprotocols=list(SUBPROTOCOLS), extra_headers=headers))
        refusal: RejectConnection | None = None
        body = bytearray()
        for event in self._events():
            if isinstance(event, AcceptConnection) and event.subprotocol in SUBPROTOCOLS:
                return str(event.subprotocol)
            if isinstance(event, RejectConnection):
                refusal = event
            elif isinstance(event, RejectData):
                body += event.data
            if refusal and (
                not refusal.has_body or getattr(event, "body_finished", False) or len(body) > REFUSAL_LIMIT
            ):
                break
        if refusal is None:
            raise _Broken("the server upgraded without agreeing on a protocol")
        media = dict(refusal.headers).get(b"content-type", b"").decode("latin-1")
        raise Unreadable(_refused(kube, Answer(refusal.status_code, bytes(body), media), what))

    def _send(self, *events: Event) -> None:
        self._limit()
        self._connection.sendall(b"".join(self._protocol.send(event) for event in events))

    def _limit(self) -> None:
        """Hold the socket to the deadline, within GRAIN_S: each new time-out costs a hand-over between threads."""
        left = _left(self._until)
        if not left <= self._limit_s <= left + GRAIN_S:
            self._limit_s = left
            self._connection.settimeout(left)

    def _events(self) -> Iterator[Event]:
        """Events as they come. Raises _Broken when the server goes away or speaks another protocol."""
        while True:
            try:
                yield from self._protocol.events()
                self._limit()
                piece = self._connection.recv(65536)
                self._protocol.receive_data(piece or None)
            except (ProtocolError, ValueError) as error:
                raise _Broken("the server does not speak the WebSocket protocol") from error
            if not piece:
                yield from self._protocol.events()
                raise _Broken("the connection ended half-way")


class _Streams:
    """The streams of one session as they come in."""

    def __init__(self, cap: int) -> None:
        self.status = bytearray()
        self._cap = cap
        self._streams = {_STDOUT: bytearray(), _STDERR: bytearray()}

    def add(self, channel: int, piece: bytes) -> int:
        """Keep a piece of an output channel; the bytes of both streams so far."""
        if (stream := self._streams.get(channel)) is not None:
            stream += piece
        return sum(len(stream) for stream in self._streams.values())

    def ran(self, status: int | None = None, *, not_started: str = "", ended: Unavailable | None = None) -> Ran:
        """The command as far as it is known, with at most the cap of each stream."""
        output, errors = (bytes(self._streams[channel][: self._cap]) for channel in (_STDOUT, _STDERR))
        return Ran(output, errors, status, not_started, ended)


def _path(plugin: Plugin, argv: Sequence[str], *, stdin: bool) -> str:
    namespace, pod = urllib.parse.quote(plugin.namespace), urllib.parse.quote(plugin.pod)
    return f"/api/v1/namespaces/{namespace}/pods/{pod}/exec?{_query(plugin.container, tuple(argv), stdin=stdin)}"


@functools.lru_cache(maxsize=64)
def _query(container: str, argv: tuple[str, ...], *, stdin: bool) -> str:
    """What is the same on every node of an image."""
    query = [("container", container), ("stdout", "true"), ("stderr", "true")]
    query += [("stdin", "true")] if stdin else []
    return urllib.parse.urlencode([*query, *(("command", word) for word in argv)])


def _verdict(streams: _Streams, what: str) -> Ran:
    try:
        status = decode_json(streams.status, _Status)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return streams.ran(ended=Unavailable(what, Reason.GARBLED, f"the exec status is no Status: {one_line(error)}"))
    if status.status == "Success":
        return streams.ran(0)
    causes = (status.details.causes if status.details else None) or ()
    if status.reason == "NonZeroExitCode":
        code = next((cause.message for cause in causes if cause.reason == "ExitCode"), "")
        if code.isascii() and code.isdigit() and len(code) < 4:
            return streams.ran(int(code))
    return streams.ran(not_started=one_line(status.message, 1000) or "the runtime did not say why")


def _refused(kube: Kube, answer: Answer, what: str) -> Unavailable:
    found = kube.refusal(answer, what, "the pod")
    if answer.status in (401, 403):
        # A WebSocket client needs both verbs from Kubernetes 1.35 on (AuthorizePodWebsocketUpgradeCreatePermission).
        remedy = "allow `get` and `create` on pods/exec, or choose another way in with --via"
        return msgspec.structs.replace(found, permission="create pods/exec", remedy=remedy)
    return found


def _failure(error: Exception, what: str, prefix: str) -> Unavailable:
    """Why a session did not open, or gave no end, in our own words."""
    if isinstance(error, TimeoutError):
        return Unavailable(what, Reason.TIMEOUT, "exec gave no answer in time", remedy="raise --node-deadline")
    why = str(error) if isinstance(error, _Broken) else getattr(error, "strerror", None) or "the connection broke"
    return Unavailable(what, Reason.GARBLED if isinstance(error, _Broken) else Reason.UNREACHABLE, f"{prefix}: {why}")


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline passed")
    return left
