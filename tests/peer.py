"""A peer on a loopback socket that answers each request with bytes of a test's choice, and keeps what it was asked."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

Behaviour = Callable[[socket.socket], None]


class Peer:
    """Listens until closed; each connection is served by `behave` in a thread of its own."""

    def __init__(self, behave: Behaviour) -> None:
        self.accepted: list[socket.socket] = []
        self.heads: list[bytes] = []
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def head(self, connection: socket.socket) -> bytes:
        """The next request's head, kept in `heads`."""
        received = b""
        while b"\r\n\r\n" not in received:
            piece = connection.recv(4096)
            if not piece:
                raise ConnectionError
            received += piece
        self.heads.append(received)
        return received

    def header(self, name: str) -> list[str]:
        """Every value that the first request has for a header."""
        lines = self.heads[0].decode("latin-1").split("\r\n")
        return [line.partition(": ")[2] for line in lines if line.lower().startswith(f"{name.lower()}:")]

    def close(self) -> None:
        """Stop."""
        self._listener.close()
        for connection in self.accepted:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            self._behave(connection)
        except (OSError, StopIteration):
            return


def http(body: bytes | object, *, status: str = "200 OK", kind: str = "application/json", headers: str = "") -> bytes:
    """One HTTP answer that ends with its connection."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n"
    return f"{head}{headers}\r\n".encode() + data


def kubeconfig(
    folder: Path, server: str, *, user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None, **more: Any
) -> str:
    """A kubeconfig file of one context."""
    document = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server, **(cluster or {})}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "t"} if user is None else user}],
        **more,
    }
    path = folder / "config"
    path.write_text(json.dumps(document))
    return str(path)
