"""The client's half of RFC 6455 against servers that trickle, lie, stop, or speak something else."""

import base64
import hashlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from diag.sources.nodes.websocket import Broken, Endpoint, Refused, connect

Behaviour = Callable[[socket.socket], None]
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@pytest.fixture
def serve() -> Iterator[Callable[[Behaviour], Endpoint]]:
    listeners: list[socket.socket] = []

    def start(behaviour: Behaviour) -> Endpoint:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def one() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    behaviour(connection)
                except OSError:
                    return

        threading.Thread(target=one, daemon=True).start()
        return Endpoint("127.0.0.1", listener.getsockname()[1], "/exec?command=id", {"X-A": "b"}, ("v5", "v4"))

    yield start
    for listener in listeners:
        listener.close()


def head_of(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(4096)
    return received


def upgrade(connection: socket.socket, protocol: str = "v4") -> None:
    key = next(line for line in head_of(connection).split(b"\r\n") if line.startswith(b"Sec-WebSocket-Key: "))
    accept = base64.b64encode(hashlib.sha1(key.partition(b": ")[2] + _GUID).digest()).decode()
    connection.sendall(
        f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n".encode()
    )


def soon(seconds: float = 3.0) -> float:
    return time.monotonic() + seconds


def test_messages_whole_fragmented_and_with_a_ping_between(serve: Callable[[Behaviour], Endpoint]) -> None:
    pongs: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        upgrade(connection)
        connection.sendall(b"\x82\x03abc" + b"\x02\x01d" + b"\x89\x02hi" + b"\x80\x01e" + b"\x88\x00")
        pongs.append(connection.recv(64))

    session = connect(serve(behave), soon())
    assert session.subprotocol == "v4"
    assert [session.receive(), session.receive(), session.receive()] == [b"abc", b"de", None]
    time.sleep(0.1)
    frame = pongs[0]
    assert frame[0] == 0x8A and bytes(b ^ frame[2 + i % 4] for i, b in enumerate(frame[6:8])) == b"hi"


def test_what_is_sent_is_masked(serve: Callable[[Behaviour], Endpoint]) -> None:
    received: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        upgrade(connection)
        while piece := connection.recv(65536):
            received.append(piece)

    session = connect(serve(behave), soon())
    payload = bytes(range(256)) * 300
    session.send(payload)
    session.close()
    time.sleep(0.2)
    data = b"".join(received)
    assert data[:2] == bytes((0x82, 0x80 | 127)) and struct.unpack(">Q", data[2:10]) == (len(payload),)
    mask, body = data[10:14], data[14 : 14 + len(payload)]
    assert bytes(byte ^ mask[i % 4] for i, byte in enumerate(body)) == payload


def test_a_refusal_carries_status_and_body(serve: Callable[[Behaviour], Endpoint]) -> None:
    def behave(connection: socket.socket) -> None:
        head_of(connection)
        connection.sendall(b'HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n{"a":')
        time.sleep(0.05)
        connection.sendall(b"1}  ")

    with pytest.raises(Refused) as refused:
        connect(serve(behave), soon())
    assert (refused.value.status, refused.value.body) == (403, b'{"a":1}  ')


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n",
        b"HTTP/1.1 101 ok\r\nSec-WebSocket-Accept: wrong\r\nSec-WebSocket-Protocol: v4\r\n\r\n",
        b"x" * 100_000,
        b"",
    ],
)
def test_who_does_not_speak_it_is_broken(serve: Callable[[Behaviour], Endpoint], said: bytes) -> None:
    def behave(connection: socket.socket) -> None:
        head_of(connection)
        connection.sendall(said)

    with pytest.raises((Broken, ConnectionError)):
        connect(serve(behave), soon())


def test_an_unknown_subprotocol_is_no_agreement(serve: Callable[[Behaviour], Endpoint]) -> None:
    with pytest.raises(Broken):
        connect(serve(lambda connection: upgrade(connection, "v1")), soon())


@pytest.mark.parametrize(
    "frame",
    [
        b"\x82\x7f" + struct.pack(">Q", 1 << 62),
        b"\x82\x7f" + struct.pack(">Q", 5 << 20),
        b"\xf2\x01a",
        b"\x82\x81abcda",
        b"\x87\x00",
        b"\x82\x05ab",
    ],
)
def test_lying_frames_are_broken_and_allocate_nothing(serve: Callable[[Behaviour], Endpoint], frame: bytes) -> None:
    def behave(connection: socket.socket) -> None:
        upgrade(connection)
        connection.sendall(frame)

    with pytest.raises(Broken):
        connect(serve(behave), soon()).receive()


def test_a_trickle_does_not_move_the_deadline(serve: Callable[[Behaviour], Endpoint]) -> None:
    def behave(connection: socket.socket) -> None:
        upgrade(connection)
        connection.sendall(b"\x82\x7e\xff\xff")
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    started = time.monotonic()
    session = connect(serve(behave), soon(0.6))
    with pytest.raises(TimeoutError):
        session.receive()
    assert time.monotonic() - started < 1.0


def test_silence_before_the_upgrade(serve: Callable[[Behaviour], Endpoint]) -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        connect(serve(lambda connection: time.sleep(5)), soon(0.3))
    assert time.monotonic() - started < 0.8


def test_through_a_proxy(serve: Callable[[Behaviour], Endpoint]) -> None:
    asked: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        asked.append(head_of(connection).split(b"\r\n")[0])
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        upgrade(connection)
        connection.sendall(b"\x82\x02ok")

    near = serve(behave)
    far = Endpoint("api.example.test", 443, near.path, {}, ("v4",), proxy=("127.0.0.1", near.port))
    assert connect(far, soon()).receive() == b"ok"
    assert asked == [b"CONNECT api.example.test:443 HTTP/1.1"]


def test_no_line_break_gets_into_a_header() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint("127.0.0.1", listener.getsockname()[1], "/", {"Authorization": "x\r\nHost: y"}, ("v4",))
        with pytest.raises(ValueError, match="line break"):
            connect(endpoint, soon())
