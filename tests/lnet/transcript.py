"""Recorded exchanges with a real server, and a server that plays them back."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

from diag.sources.lnet.conversation import Identity
from diag.sources.lnet.nid import Nid

FOLDER = Path(__file__).parent / "transcripts"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.txt")))


@dataclass(frozen=True)
class Step:
    name: str
    sent: bytes
    received: bytes
    end: str
    """`closed`, `reset` or `silence` where the exchange ends here, else empty."""


@dataclass(frozen=True)
class Transcript:
    name: str
    fields: dict[str, str]
    steps: tuple[Step, ...]

    @property
    def server(self) -> Nid:
        return Nid.parse(self.fields["server"])

    @property
    def identity(self) -> Identity:
        """The recorded client's: every variable number of its bytes."""
        fields = self.fields
        return Identity(
            nid=Nid.parse(fields["client"]),
            pid=int(fields["pid"]),
            incarnation=int(fields["incarnation"], 16),
            uuid=fields.get("uuid", ""),
            handle=int(fields.get("handle", "0"), 16),
            first_xid=int(fields.get("first-xid", "0"), 16),
            ping_handle=bytes.fromhex(fields.get("ping-handle", "")),
            offer=int(fields.get("offer", "0"), 16),
        )

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)


def load(name: str) -> Transcript:
    head, *blocks = re.split(r"^\[(.+)\]$", (FOLDER / f"{name}.txt").read_text(), flags=re.MULTILINE)
    fields = dict(line.split(": ", 1) for line in head.splitlines() if line and not line.startswith("#"))
    steps = tuple(_step(name, text) for name, text in zip(blocks[::2], blocks[1::2], strict=True))
    return Transcript(name, fields, steps)


def _step(name: str, text: str) -> Step:
    lines = {line[0]: line[2:] for line in text.splitlines() if line}
    return Step(name, _bytes(lines.get(">", "")), _bytes(lines.get("<", "")), lines.get("!", ""))


def _bytes(text: str) -> bytes:
    parts = re.findall(r"\(00\*(\d+)\)|([0-9a-f]+)", text)
    return b"".join(bytes(int(zeroes)) if zeroes else bytes.fromhex(digits) for zeroes, digits in parts)


@dataclass
class ReplayServer:
    """Plays one transcript to its first caller; later callers are hung up on. Remembers what it was sent."""

    transcript: Transcript
    received: list[bytes] = field(default_factory=list)
    later: list[bytes] = field(default_factory=list)

    def __enter__(self) -> ReplayServer:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        self._socket.settimeout(10)
        with self._socket.accept()[0] as peer:
            peer.settimeout(10)
            for step in self.transcript.steps:
                self.received.append(self._read(peer, len(step.sent)))
                if step.received:
                    peer.sendall(step.received)
                if step.end == "silence":
                    peer.recv(1)
        try:
            while True:
                with self._socket.accept()[0] as peer:
                    self.later.append(peer.recv(64))
        except OSError:
            return

    @staticmethod
    def _read(peer: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size and (more := peer.recv(size - len(data))):
            data += more
        return data
