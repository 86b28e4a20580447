"""One `kubectl exec` over WebSocket: the command's output and how it ended.

The first byte of a message is its channel: 0 stdin, 1 stdout, 2 stderr, 3 the final Status, 255 (v5) a closed channel.
Source: k8s.io/apimachinery v0.34 pkg/util/remotecommand, KEP-4006.
"""

from __future__ import annotations

import http.client
import re
import threading
import urllib.parse
from collections.abc import Sequence
from typing import Any

import msgspec

from diag.model.unavailable import Reason, Unavailable
from diag.sanitize import one_line
from diag.sources.kubernetes.tls import tls_of
from diag.sources.nodes.ahead import Ahead
from diag.sources.nodes.websocket import Broken, Endpoint, Refused, Tls, WebSocket, connect, upgrade

SUBPROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _STATUS = 0, 1, 2, 3
_CLOSE_STDIN = bytes((255, _STDIN))


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


class Server:
    """The API server as an exec endpoint, from the official client's Configuration."""

    def __init__(self, configuration: Any) -> None:
        url = urllib.parse.urlsplit(configuration.host)
        self.host = url.hostname or ""
        self.port = url.port or (443 if url.scheme == "https" else 80)
        self.base = url.path.rstrip("/")
        self._lock = threading.Lock()
        self._auth = configuration.auth_settings
        self._context = tls_of(configuration) if url.scheme == "https" else None
        self._tls = Tls(self._context) if self._context else None
        self._server_name = str(configuration.tls_server_name or "")
        self._proxy = _proxy(configuration, self.host)

    def headers(self) -> dict[str, str]:
        """User agent and credentials, fresh ones where a plugin of the kubeconfig gives them."""
        headers = {"User-Agent": "lustre-doctor"}
        with self._lock:
            for setting in self._auth().values():
                headers[setting["key"]] = setting["value"]
        return headers

    def connection(self, timeout_s: float) -> http.client.HTTPConnection:
        """A connection for a plain request, through the proxy where there is one."""
        near = self._proxy or (self.host, self.port)
        connection = (
            http.client.HTTPSConnection(*near, timeout=timeout_s, context=self._context)
            if self._context
            else http.client.HTTPConnection(*near, timeout=timeout_s)
        )
        if self._proxy:
            connection.set_tunnel(self.host, self.port)
        return connection

    def endpoint(self, namespace: str, pod: str, container: str, argv: Sequence[str], *, stdin: bool) -> Endpoint:
        """The exec endpoint of one container for one command."""
        query = [("container", container), ("stdout", "true"), ("stderr", "true")]
        query += [("stdin", "true")] if stdin else []
        query += [("command", word) for word in argv]
        where = f"/api/v1/namespaces/{urllib.parse.quote(namespace)}/pods/{urllib.parse.quote(pod)}/exec"
        return Endpoint(
            host=self.host,
            port=self.port,
            path=f"{self.base}{where}?{urllib.parse.urlencode(query)}",
            headers=self.headers(),
            subprotocols=SUBPROTOCOLS,
            tls=self._tls,
            server_name=self._server_name,
            proxy=self._proxy,
        )


def run(
    endpoint: Endpoint, *, feed: bytes, until: float, cap: int, what: str, ahead: Ahead | None = None
) -> Ran | Unavailable:
    """Run one command before the `time.monotonic()` instant, with `feed` as its standard input.

    While it runs, the connection of a session to come is opened `ahead`.

    Unavailable when the session could not even be opened; otherwise whatever came before the end of it.
    """
    try:
        session = _open(endpoint, until, ahead)
    except Refused as refusal:
        return _refused(refusal, what)
    except (TimeoutError, Broken, OSError) as error:
        return _transport(error, what, f"{endpoint.host}:{endpoint.port}")
    said = _Said(cap)
    try:
        if feed:
            session.send(bytes((_STDIN,)) + feed)
            if session.subprotocol == SUBPROTOCOLS[0]:
                session.send(_CLOSE_STDIN)
        if ahead is not None:
            ahead.open(endpoint, until)
        while (message := session.receive()) is not None:
            if message[:1] == bytes((_STATUS,)):
                return _verdict(said, message[1:], what)
            if said.takes(message) > cap:
                detail = f"it printed more than {cap} bytes; the rest was not read"
                return said.ran(ended=Unavailable(what, Reason.GARBLED, detail))
        return said.ran(ended=Unavailable(what, Reason.GARBLED, "the exec session ended without a status"))
    except (TimeoutError, Broken, OSError) as error:
        return said.ran(ended=_broken_off(error, what))
    finally:
        session.close()


def _open(endpoint: Endpoint, until: float, ahead: Ahead | None) -> WebSocket:
    """A session, on a connection that was opened ahead if there is one and the server still holds it."""
    if ahead is not None and (ready := ahead.take()) is not None:
        try:
            return upgrade(ready, endpoint, until)
        except (Broken, ConnectionError):
            pass
    return connect(endpoint, until)


class _Said:
    """The streams of one session as they come in."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._streams = {_STDOUT: bytearray(), _STDERR: bytearray()}

    def takes(self, message: bytes) -> int:
        """Keep a message of an output channel; the bytes of both streams so far."""
        stream = self._streams.get(message[0]) if message else None
        if stream is not None:
            stream += message[1:]
        return sum(len(stream) for stream in self._streams.values())

    def ran(self, status: int | None = None, *, not_started: str = "", ended: Unavailable | None = None) -> Ran:
        """The command as far as it is known, with at most the cap of each stream."""
        output, errors = (bytes(self._streams[channel][: self._cap]) for channel in (_STDOUT, _STDERR))
        return Ran(output, errors, status, not_started, ended)


def _verdict(said: _Said, data: bytes, what: str) -> Ran:
    try:
        status = msgspec.json.decode(data, type=_Status)
    except (msgspec.DecodeError, RecursionError) as error:
        return said.ran(ended=Unavailable(what, Reason.GARBLED, f"the exec status is no Status: {error}"))
    if status.status == "Success":
        return said.ran(0)
    causes = (status.details.causes if status.details else None) or ()
    if status.reason == "NonZeroExitCode":
        code = next((cause.message for cause in causes if cause.reason == "ExitCode"), "")
        if code.isascii() and code.isdigit() and len(code) < 4:
            return said.ran(int(code))
    return said.ran(not_started=one_line(status.message, 1000) or "the runtime did not say why")


def _refused(refusal: Refused, what: str) -> Unavailable:
    try:
        said = one_line(msgspec.json.decode(refusal.body, type=_Status).message)
    except (msgspec.DecodeError, RecursionError):
        said = one_line(refusal.body.decode("utf-8", "replace"))
    if refusal.status in (401, 403):
        # A WebSocket client needs both verbs from Kubernetes 1.35 on (AuthorizePodWebsocketUpgradeCreatePermission).
        remedy = "allow `get` and `create` on pods/exec, or choose another way in with --via"
        return Unavailable(what, Reason.DENIED, said, permission="create pods/exec", remedy=remedy)
    if refusal.status == 404:
        return Unavailable(what, Reason.ABSENT, said or "the pod is gone")
    if refusal.status in (429, 502, 503, 504):
        return Unavailable(what, Reason.UNREACHABLE, f"the API server answered {refusal.status}: {said}")
    return Unavailable(what, Reason.GARBLED, f"the API server answered exec with {refusal.status}: {said}")


def _transport(error: Exception, what: str, peer: str) -> Unavailable:
    if isinstance(error, TimeoutError):
        return Unavailable(what, Reason.TIMEOUT, f"{peer} gave no answer in time", remedy="raise --node-deadline")
    if isinstance(error, Broken):
        return Unavailable(what, Reason.GARBLED, one_line(error))
    return Unavailable(what, Reason.UNREACHABLE, f"{peer} cannot be reached: {one_line(error)}")


def _broken_off(error: Exception, what: str) -> Unavailable:
    """Why an open session gave no end."""
    if isinstance(error, TimeoutError):
        return _transport(error, what, "the exec session")
    return Unavailable(what, Reason.GARBLED, f"the exec session ended half-way: {one_line(error)}")


def _proxy(configuration: Any, host: str) -> tuple[str, int] | None:
    """The HTTP proxy that the official client would use for this host."""
    spared = [name.strip().lstrip(".") for name in str(configuration.no_proxy or "").split(",") if name.strip()]
    if not configuration.proxy or "*" in spared or any(host == name or host.endswith(f".{name}") for name in spared):
        return None
    url = urllib.parse.urlsplit(configuration.proxy)
    return (url.hostname, url.port or 3128) if url.scheme == "http" and url.hostname else None
