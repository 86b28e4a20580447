"""The TLS port of the API server: HTTP/1.1 with keep-alive, a thread for each connection, and the exec upgrade."""

import http.server
import select
import socket
import ssl
import tempfile
import threading
from pathlib import Path
from typing import Any

from tests.lab.kubernetes.api import ANONYMOUS, Api, Reply, encode
from tests.lab.kubernetes.certificates import Certificates
from tests.lab.kubernetes.exec import ExecScript, serve_exec
from tests.lab.kubernetes.status import ApiError


class KubeServer:
    """Serves an Api until closed."""

    def __init__(self, api: Api, script: ExecScript, certificates: Certificates, token: str, user: str) -> None:
        self.api = api
        self.script = script
        self.token = token
        self.user = user
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler, _tls_context(certificates))
        self._server.lab = self
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Lets go of every connection that is being kept stalled."""
        self._closing.set()
        self._closing = threading.Event()

    def stall(self) -> None:
        """Blocks the calling thread until `release` or `close`."""
        self._closing.wait()

    def wait(self, seconds: float) -> bool:
        """Waits so long; False where `release` or `close` came first, and with it the end of the client's world."""
        return not (seconds and self._closing.wait(seconds))

    def close(self) -> None:
        """Stops accepting and ends stalled answers."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


def _tls_context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=certificates.authority.decode())
    # The ssl module reads a server's own certificate from files only.
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder) / "server.pem"
        chain.write_bytes(certificates.server.certificate + certificates.server.key)
        context.load_cert_chain(chain)
    return context


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024
    lab: KubeServer

    def __init__(self, address: tuple[str, int], handler: type["_Handler"], context: ssl.SSLContext) -> None:
        super().__init__(address, handler)
        self._context = context

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        # The handshake belongs to the connection's own thread: a client that never speaks must not stop accept().
        try:
            request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            secured = self._context.wrap_socket(request, server_side=True)
        except OSError:
            self.shutdown_request(request)
            return
        super().process_request_thread(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keeps quiet about clients that go away; what else goes wrong shows as a broken answer in the test."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # http.server collects the header block here until end_headers().
    _headers_buffer: list[bytes]
    server: _Server

    def do_GET(self) -> None:
        if "websocket" in self.headers.get("Upgrade", "").lower():
            self._upgrade()
        else:
            self._serve()

    def _serve(self) -> None:
        lab = self.server.lab
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not lab.wait(lab.api.switches.delay):
            self.close_connection = True
            return
        if self.command == "GET" and "watch=" in self.path:
            self._watch()
            return
        content_type = self.headers.get("Content-Type", "")
        self._send(lab.api.answer(self.command, self.path, self._user(), body, content_type))

    do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _watch(self) -> None:
        """Sends changes in chunks as they come, until the client leaves or its time is up."""
        api = self.server.lab.api
        try:
            target, query, _ = api.admit("GET", self.path, self._user())
        except ApiError as error:
            self._send(Reply(error.code, encode(error.status)))
            return
        if target is None or target.verb != "watch":
            self._send(api.answer("GET", self.path, self._user(), b""))
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for line in api.watch(target, query):
                if line:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                elif select.select((self.connection,), (), (), 0)[0]:
                    break
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            pass
        self.close_connection = True

    def _upgrade(self) -> None:
        lab = self.server.lab
        if not lab.wait(lab.api.switches.delay):
            self.close_connection = True
            return
        try:
            target, _, _ = lab.api.admit("GET", self.path, self._user())
        except ApiError as error:
            self._send(Reply(error.code, encode(error.status)))
            return
        self.close_connection = True
        if target is None or target.subresource != "exec":
            self._send(Reply(404, b"404 page not found\n", "text/plain; charset=utf-8"))
            return
        serve_exec(self, target, lab)

    def _user(self) -> str | None:
        """The caller's name by certificate or token, anonymous without either, None for a token of nobody's."""
        certificate = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        if certificate:
            subject: Any = certificate["subject"]
            return str(dict(part[0] for part in subject)["commonName"])
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return ANONYMOUS
        return self.server.lab.user if token == self.server.lab.token else None

    def _send(self, reply: Reply) -> None:
        headers = (
            ("Content-Type", reply.content_type),
            ("Content-Length", str(len(reply.body))),
            ("Audit-Id", "3b9f6a34-6f0c-4a6e-9b7e-0c7a1c9d2e10"),
            ("Cache-Control", "no-cache, private"),
            *reply.headers,
        )
        self.send_response(reply.code)
        for name, value in headers:
            self.send_header(name, value)
        if not reply.stall:
            self.wfile.write(self._head() + reply.body)
            return
        self.wfile.write(self._head() + reply.body[: len(reply.body) // 2])
        self.server.lab.stall()
        self.close_connection = True

    def _head(self) -> bytes:
        """The buffered header block, so that it leaves in one piece with the body."""
        head = b"".join(self._headers_buffer) + b"\r\n"
        self._headers_buffer = []
        return head

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the Api keeps its own log of calls."""
