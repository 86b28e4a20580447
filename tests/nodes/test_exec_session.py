"""One exec session against peers that trickle, lie, stop, or speak something else; connections opened in advance."""

import base64
import hashlib
import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diag.model.unavailable import Reason, Unavailable
from diag.sources.kubernetes.client import Kube
from diag.sources.nodes.ask import Plugin
from diag.sources.nodes.exec_session import Connections, Ran, run
from tests.patience import hang, in_time
from tests.peer import Peer, http, kubeconfig

PLUGIN = Plugin("kube-system", "fsx-csi-node-x", "fsx-plugin", "image")
SUCCESS = b'\x03{"status": "Success"}'
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
Exec = Callable[[Callable[[Peer, socket.socket], None]], Ran | Unavailable]


def frame(payload: bytes, first: int = 0x82) -> bytes:
    """One unmasked frame of a server."""
    size = bytes((len(payload),)) if len(payload) < 126 else b"\x7e" + struct.pack(">H", len(payload))
    return bytes((first,)) + size + payload


def upgrade(peer: Peer, connection: socket.socket, protocol: str = "v4.channel.k8s.io", *, accept: str = "") -> None:
    """Answer the handshake."""
    lines = peer.head(connection).split(b"\r\n")
    key = next(line for line in lines if line.startswith(b"Sec-WebSocket-Key: ")).partition(b": ")[2]
    accept = accept or base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()
    connection.sendall(
        f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n".encode()
    )


@pytest.fixture
def peers(tmp_path: Path) -> Iterator[Callable[[Callable[[Peer, socket.socket], None]], tuple[Peer, Kube]]]:
    started: list[Peer] = []

    def start(behave: Callable[[Peer, socket.socket], None]) -> tuple[Peer, Kube]:
        peer = Peer(lambda connection: behave(peer, connection))
        started.append(peer)
        return peer, Kube(kubeconfig=kubeconfig(tmp_path, peer.url))

    yield start
    for peer in started:
        peer.close()


Peers = Callable[[Callable[[Peer, socket.socket], None]], tuple[Peer, Kube]]


def ask(connections: Connections, *, seconds: float = 10.0, feed: bytes = b"", cap: int = 1000) -> Ran | Unavailable:
    until = time.monotonic() + seconds
    return run(connections, PLUGIN, ("id", "-u"), feed=feed, until=until, cap=cap, what="exec")


def once(kube: Kube, *, seconds: float = 10.0, feed: bytes = b"") -> Ran | Unavailable:
    return ask(Connections(kube, 1), seconds=seconds, feed=feed)


def ran(found: Ran | Unavailable) -> Ran:
    assert isinstance(found, Ran), str(found)
    return found


def refused(found: Ran | Unavailable) -> Unavailable:
    assert isinstance(found, Unavailable)
    return found


def test_messages_whole_empty_fragmented_and_with_a_ping_between(peers: Peers) -> None:
    pongs: list[bytes] = []

    def behave(peer: Peer, connection: socket.socket) -> None:
        upgrade(peer, connection)
        connection.sendall(frame(b"") + frame(b"\x01") + frame(b"\x01abc") + frame(b"\x01d", 0x02) + frame(b"hi", 0x89))
        pongs.append(connection.recv(64))
        connection.sendall(frame(b"e", 0x80) + frame(b"\x02no") + frame(b"\x09other") + frame(SUCCESS))
        connection.recv(64)

    peer, kube = peers(behave)
    found = ran(once(kube))
    assert (found.output, found.errors, found.exit_status) == (b"abcde", b"no", 0)
    assert pongs[0][0] == 0x8A and bytes(b ^ pongs[0][2 + i % 4] for i, b in enumerate(pongs[0][6:8])) == b"hi"
    assert peer.heads[0].startswith(
        b"GET /api/v1/namespaces/kube-system/pods/fsx-csi-node-x/exec?container=fsx-plugin&stdout=true&stderr=true"
        b"&command=id&command=-u HTTP/1.1\r\n"
    )
    assert peer.header("Authorization") == ["Bearer t"]
    assert peer.header("Sec-WebSocket-Protocol") == ["v5.channel.k8s.io, v4.channel.k8s.io"]


def test_frames_that_come_with_the_upgrade_are_read(peers: Peers) -> None:
    def behave(peer: Peer, connection: socket.socket) -> None:
        sent: list[bytes] = []
        recorder = type("", (), {"recv": connection.recv, "sendall": sent.append})()
        upgrade(peer, recorder)
        connection.sendall(b"".join(sent) + frame(b"\x01early") + frame(SUCCESS))
        connection.recv(64)

    _, kube = peers(behave)
    assert ran(once(kube)).output == b"early"


@pytest.mark.parametrize(("protocol", "ends"), [("v5.channel.k8s.io", b"\xff\x00"), ("v4.channel.k8s.io", b"")])
def test_the_input_is_sent_masked_and_closed_where_it_can_be(peers: Peers, protocol: str, ends: bytes) -> None:
    payload = bytes(range(256)) * 300
    received = bytearray()

    def unmasked(count: int) -> bytes:
        mask, body = received[10:14], received[14 : 14 + count]
        return bytes(byte ^ mask[i % 4] for i, byte in enumerate(body))

    def behave(peer: Peer, connection: socket.socket) -> None:
        upgrade(peer, connection, protocol)
        while len(received) < 14 + len(payload) + 1 + (8 if ends else 0):
            received.extend(connection.recv(65536))
        connection.sendall(frame(SUCCESS))
        connection.recv(64)

    _, kube = peers(behave)
    assert ran(once(kube, feed=payload)).exit_status == 0
    assert received[:2] == bytes((0x82, 0x80 | 127))
    assert unmasked(len(payload) + 1) == b"\x00" + payload
    tail = received[14 + len(payload) + 1 :]
    assert bytes(byte ^ tail[2 + i % 4] for i, byte in enumerate(tail[6:8])) == ends


def status(peers: Peers, message: bytes) -> Ran:
    def behave(peer: Peer, connection: socket.socket) -> None:
        upgrade(peer, connection)
        connection.sendall(frame(b"\x01out") + frame(b"\x03" + message))
        connection.recv(64)

    return ran(once(peers(behave)[1]))


def test_the_exit_status_is_that_of_the_command(peers: Peers) -> None:
    causes = {"causes": [{"reason": "ExitCode", "message": "2"}]}
    found = status(peers, json.dumps({"reason": "NonZeroExitCode", "details": causes}).encode())
    assert (found.exit_status, found.output, found.not_started) == (2, b"out", "")


def test_a_command_that_the_image_lacks_was_not_started(peers: Peers) -> None:
    message = 'exec: "sh": executable file not found in $PATH: unknown'
    found = status(peers, json.dumps({"reason": "InternalError", "message": message}).encode())
    assert found.exit_status is None and found.lacks_command


@pytest.mark.parametrize("message", [b"", b"{", b"[]", b'{"status": 3}', b"\xff", b"[" * 50_000])
def test_a_status_that_is_none_is_malformed(peers: Peers, message: bytes) -> None:
    ended = status(peers, message).ended
    assert ended is not None and ended.reason is Reason.GARBLED


@pytest.mark.parametrize(
    ("status", "reason"),
    [("401 No", Reason.DENIED), ("403 No", Reason.DENIED), ("404 No", Reason.ABSENT), ("503 No", Reason.TIMEOUT),
     ("500 No", Reason.GARBLED), ("200 OK", Reason.GARBLED), ("302 Found", Reason.GARBLED)],
)  # fmt: skip
def test_a_refusal_says_why(peers: Peers, status: str, reason: Reason) -> None:
    def behave(peer: Peer, connection: socket.socket) -> None:
        peer.head(connection)
        answer = http({"kind": "Status", "message": "you may not; Bearer t3cr3t-t3cr3t"}, status=status)
        connection.sendall(answer[:-9])
        time.sleep(0.05)
        connection.sendall(answer[-9:])

    found = refused(once(peers(behave)[1]))
    assert (found.what, found.reason) == ("exec", reason)
    assert (found.permission == "create pods/exec") is (reason is Reason.DENIED)
    if reason is not Reason.ABSENT:
        assert "you may not" in found.detail


def test_a_refusal_without_end_is_cut(peers: Peers) -> None:
    def behave(peer: Peer, connection: socket.socket) -> None:
        peer.head(connection)
        connection.sendall(b"HTTP/1.1 400 No\r\nContent-Type: text/html\r\n\r\n")
        while True:
            connection.sendall(b"<blink>" * 1000)

    found = refused(once(peers(behave)[1]))
    assert found.reason is Reason.GARBLED and "text/html" in found.detail and "blink" not in found.detail


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n",
        b"HTTP/1.1 101 ok\r\nSec-WebSocket-Accept: wrong\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n",
        b"HTTP/1.1 101 ok\r\n\r\n",
        b"HTTP/1.1 101 \xff\xff\r\nUpgrade: \xff\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"x" * 100_000,
        b"",
    ],
)
def test_who_does_not_speak_it_gives_no_session(peers: Peers, answer: bytes) -> None:
    def behave(peer: Peer, connection: socket.socket) -> None:
        peer.head(connection)
        connection.sendall(answer)
        connection.close()

    assert refused(once(peers(behave)[1])).reason in (Reason.GARBLED, Reason.UNREACHABLE)


@pytest.mark.parametrize(
    ("protocol", "accept"), [("v1.channel.k8s.io", ""), ("", ""), ("v4.channel.k8s.io", "d3Jvbmc=")]
)
def test_no_session_without_agreement(peers: Peers, protocol: str, accept: str) -> None:
    found = once(peers(lambda peer, connection: upgrade(peer, connection, protocol, accept=accept))[1])
    assert refused(found).reason is Reason.GARBLED


@pytest.mark.parametrize(
    "frames",
    [
        b"\x82\x7f" + struct.pack(">Q", 1 << 62) + b"\x01ab",
        b"\x82\x7f" + struct.pack(">Q", 1 << 63) + b"\x01ab",
        b"\xf2\x01a",
        b"\x82\x81abcda",
        b"\x87\x00",
        b"\x82\x05\x01b",
        b"\x80\x02\x01a",
        b"\x81\x02\x01a",
        b"\x09\x01a",
        b"\x88\x01a",
        b"\x88\x02\x03\xf3",
        b"\x81\x01\xff",
    ],
)
def test_lying_frames_end_the_session_and_allocate_nothing(peers: Peers, frames: bytes) -> None:
    def behave(peer: Peer, connection: socket.socket) -> None:
        upgrade(peer, connection)
        connection.sendall(frame(b"\x01kept") + frames)
        connection.close()

    found = ran(once(peers(behave)[1]))
    assert found.output.startswith(b"kept") and len(found.output) < 8
    assert found.ended is not None and found.ended.reason is Reason.GARBLED


def test_an_orderly_close_without_a_status_is_malformed(peers: Peers) -> None:
    def behave(peer: Peer, connection: socket.socket) -> None:
        upgrade(peer, connection)
        connection.sendall(frame(b"\x01ok") + frame(b"\x03\xe8", 0x88))
        connection.recv(64)

    ended = ran(once(peers(behave)[1])).ended
    assert ended is not None and "without a status" in ended.detail


def test_output_without_end_is_cut(peers: Peers) -> None:
    def behave(peer: Peer, connection: socket.socket) -> None:
        upgrade(peer, connection)
        while True:
            connection.sendall(frame(b"\x01" + b"x" * 30_000))

    found = ran(once(peers(behave)[1]))
    assert len(found.output) == 1000 and found.ended is not None and "more than 1000 bytes" in found.ended.detail


def test_a_trickle_does_not_move_the_deadline(peers: Peers) -> None:
    def behave(peer: Peer, connection: socket.socket) -> None:
        upgrade(peer, connection)
        connection.sendall(b"\x82\x7e\xff\xff\x09")
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    with in_time():
        ended = ran(once(peers(behave)[1], seconds=1.0)).ended
    assert ended is not None and ended.reason is Reason.TIMEOUT


def test_silence_before_the_upgrade(peers: Peers) -> None:
    with in_time():
        found = refused(once(peers(hang)[1], seconds=0.5))
    assert (found.reason, found.what) == (Reason.TIMEOUT, "exec")


def answer(peer: Peer, connection: socket.socket) -> None:
    upgrade(peer, connection)
    time.sleep(0.05)
    connection.sendall(frame(b"\x01ok") + frame(SUCCESS))
    connection.recv(64)


def test_each_session_but_the_first_finds_its_connection_open(peers: Peers) -> None:
    peer, kube = peers(answer)
    connections = Connections(kube, 3)
    for left in (2, 1, 0):
        assert ran(ask(connections)).output == b"ok"
        assert len(peer.accepted) == 3 - left + (left > 0)
    assert len(peer.accepted) == 3


def test_one_session_opens_one_connection(peers: Peers) -> None:
    peer, kube = peers(answer)
    assert ran(once(kube)).exit_status == 0
    assert len(peer.accepted) == 1


def test_a_connection_that_the_server_dropped_is_replaced(peers: Peers) -> None:
    peer, kube = peers(answer)
    connections = Connections(kube, 2)
    ask(connections)
    peer.accepted[1].shutdown(socket.SHUT_RDWR)
    peer.accepted[1].close()
    assert ran(ask(connections)).output == b"ok"
    assert len(peer.accepted) == 3


def test_a_handshake_that_hangs_keeps_an_answer_for_a_second_at_most(
    peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer, kube = peers(answer)
    connections, limits = Connections(kube, 3), list[float]()
    connect = kube.transport.connect

    def hang(timeout_s: float) -> socket.socket:
        limits.append(timeout_s)
        if len(limits) == 2:
            raise TimeoutError
        return connect(timeout_s)

    monkeypatch.setattr(kube.transport, "connect", hang)
    assert ran(ask(connections)).output == b"ok"
    assert ran(ask(connections)).output == b"ok"
    assert len(limits) == 3 and limits[1] <= 1.0 and len(peer.accepted) == 2


def test_what_nobody_took_is_closed(peers: Peers) -> None:
    gone: list[bytes] = []
    peer, kube = peers(lambda peer, connection: gone.append(connection.recv(1)))
    connections = Connections(kube, 2)
    connections.open_next(time.monotonic() + 10)
    connections.close()
    connections.open_next(time.monotonic() + 10)
    until = time.monotonic() + 60
    while not gone and time.monotonic() < until:
        time.sleep(0.02)
    assert gone == [b""] and len(peer.accepted) == 1
