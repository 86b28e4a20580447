"""The next session's connection is opened while a command runs: never too many, never in the answer's way."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from diag.sources.nodes import ahead as module
from diag.sources.nodes.ahead import Ahead
from diag.sources.nodes.exec_session import Ran, run
from diag.sources.nodes.websocket import Endpoint
from tests.nodes.test_websocket import upgrade

SUCCESS = b'\x03{"status": "Success"}'
Serve = Callable[[socket.socket], None]


def endpoint(port: int) -> Endpoint:
    return Endpoint("127.0.0.1", port, "/exec?command=id", {}, ("v5.channel.k8s.io", "v4.channel.k8s.io"))


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


class Server:
    """Answers each connection as told, and keeps what was accepted."""

    def __init__(self, behave: Serve) -> None:
        self.accepted: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = endpoint(self._listener.getsockname()[1])
        self._behave = behave
        threading.Thread(target=self._accept, daemon=True).start()

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

    def close(self) -> None:
        self._listener.close()
        for connection in self.accepted:
            connection.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Serve], Server]]:
    servers: list[Server] = []

    def start(behave: Serve) -> Server:
        servers.append(Server(behave))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def answer(connection: socket.socket) -> None:
    upgrade(connection, "v4.channel.k8s.io")
    time.sleep(0.05)
    connection.sendall(b"\x82\x03\x01ok" + b"\x82" + bytes((len(SUCCESS),)) + SUCCESS)
    connection.recv(64)


def ask(server: Server, ahead: Ahead) -> Ran:
    ran = run(server.endpoint, feed=b"", until=soon(), cap=1000, what="exec", ahead=ahead)
    assert isinstance(ran, Ran)
    return ran


def test_each_session_but_the_first_finds_its_connection_open(serve: Callable[[Serve], Server]) -> None:
    server, ahead = serve(answer), Ahead(3)
    for left in (2, 1, 0):
        assert ask(server, ahead).output == b"ok"
        assert len(server.accepted) == 3 - left + (left > 0)
    assert len(server.accepted) == 3


def test_one_session_opens_one_connection(serve: Callable[[Serve], Server]) -> None:
    server = serve(answer)
    assert ask(server, Ahead(1)).exit_status == 0
    assert len(server.accepted) == 1


def test_a_connection_that_the_server_dropped_is_replaced(serve: Callable[[Serve], Server]) -> None:
    server, ahead = serve(answer), Ahead(2)
    ask(server, ahead)
    server.accepted[1].shutdown(socket.SHUT_RDWR)
    server.accepted[1].close()
    assert ask(server, ahead).output == b"ok"
    assert len(server.accepted) == 3


def test_a_handshake_that_hangs_keeps_an_answer_for_a_second_at_most(
    serve: Callable[[Serve], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(endpoint: Endpoint, until: float) -> socket.socket:
        limits.append(until - time.monotonic())
        raise TimeoutError

    limits: list[float] = []
    monkeypatch.setattr(module, "dial", hang)
    server, ahead = serve(answer), Ahead(3)
    assert ask(server, ahead).output == b"ok"
    assert ask(server, ahead).output == b"ok"
    assert len(limits) == 1 and limits[0] <= 1.0


def test_what_nobody_took_is_closed(serve: Callable[[Serve], Server]) -> None:
    server, ahead = serve(lambda connection: gone.append(connection.recv(1))), Ahead(2)
    gone: list[bytes] = []
    ahead.open(server.endpoint, soon())
    ahead.close()
    ahead.open(server.endpoint, soon())
    time.sleep(0.1)
    assert gone == [b""]
    assert len(server.accepted) == 1
