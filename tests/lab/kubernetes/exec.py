"""`kubectl exec` over WebSocket: scripted answers in the framing of v4 and v5.channel.k8s.io.

Each message's first byte is its channel: 0 stdin, 1 stdout, 2 stderr, 3 the final Status; v5 adds 255, "that channel
is closed". The Status texts are those of kubelet's pkg/cri/streaming/remotecommand and of containerd.
"""

import enum
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from tests.lab.kubernetes.websocket import BINARY, CLOSE, accept_key, write_frame

if TYPE_CHECKING:
    from tests.lab.kubernetes.api import Target
    from tests.lab.kubernetes.server import KubeServer, _Handler

SUBPROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDOUT, _STDERR, _STATUS = 1, 2, 3
# Streams are cut into messages of at most this size, as the kubelet's io.Copy does.
_CHUNK = 32 * 1024


class Ending(enum.Enum):
    """How an exec session ends."""

    STATUS = "status"
    NEVER = "never"
    HALF_WAY = "half-way"
    NOT_FOUND = "not found"
    """The container has no such program."""


@dataclass(frozen=True)
class ExecAnswer:
    """What a command prints and how it ends; `repeat` sends stdout so many times over without holding it in memory."""

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int = 0
    ending: Ending = Ending.STATUS
    repeat: int = 1
    seconds: float = 0.0


@dataclass(frozen=True)
class Rule:
    """One line of the script: whose command it answers."""

    node: str
    pod: str
    command: str
    answer: ExecAnswer | Callable[[tuple[str, ...]], ExecAnswer]


@dataclass
class ExecScript:
    """Answers by regular expressions over node name, pod name and the argv joined by blanks; the newest rule first.

    What no rule answers is a command the image does not have.
    """

    rules: list[Rule] = field(default_factory=list)
    asked: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)

    def on(
        self,
        command: str,
        answer: ExecAnswer | Callable[[tuple[str, ...]], ExecAnswer],
        node: str = ".*",
        pod: str = ".*",
    ) -> None:
        """Adds a rule before all others; the answer may be worked out from the argv."""
        self.rules.insert(0, Rule(node, pod, command, answer))

    def answer(self, node: str, pod: str, argv: tuple[str, ...]) -> ExecAnswer | None:
        """The scripted answer, or None when the container has no such command."""
        self.asked.append((node, pod, argv))
        line = " ".join(argv)
        for rule in self.rules:
            if re.fullmatch(rule.node, node) and re.fullmatch(rule.pod, pod) and re.fullmatch(rule.command, line):
                return rule.answer(argv) if callable(rule.answer) else rule.answer
        return None


def serve_exec(handler: "_Handler", target: "Target", server: "KubeServer") -> None:
    """Speaks one exec session on the handler's connection, to its end."""
    from tests.lab.kubernetes import status
    from tests.lab.kubernetes.api import Reply, encode

    pod = server.api.cluster.find(target.resource, target.name, target.namespace)
    if pod is None:
        error = status.not_found(target.resource, target.name)
        handler._send(Reply(404, encode(error.status)))
        return
    offered = [name.strip() for name in handler.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    chosen = next((name for name in SUBPROTOCOLS if name in offered), "")
    if not chosen:
        handler._send(Reply(400, b"Bad Request", "text/plain"))
        return
    handler.send_response(101, "Switching Protocols")
    handler.send_header("Upgrade", "websocket")
    handler.send_header("Connection", "Upgrade")
    handler.send_header("Sec-WebSocket-Accept", accept_key(handler.headers["Sec-WebSocket-Key"]))
    handler.send_header("Sec-WebSocket-Protocol", chosen)
    handler.end_headers()
    argv = tuple(parse_qs(urlsplit(handler.path).query, keep_blank_values=True).get("command", []))
    answer = server.script.answer(pod["spec"].get("nodeName", ""), target.name, argv)
    try:
        for channel, data in _session(answer, argv, chosen, server):
            write_frame(handler.wfile, BINARY, bytes([channel]) + data)
        if answer is not None and answer.ending is not Ending.STATUS:
            _read_on(handler, 0.3)
            return
        write_frame(handler.wfile, CLOSE, b"\x03\xe8")
        _read_on(handler, 1.0)
    except OSError:
        return


def _read_on(handler: "_Handler", patience: float) -> None:
    """Reads what the client still sends (its stdin, its close), as a server does: closing on unread data is a reset."""
    handler.connection.settimeout(patience)
    while handler.rfile.read1(65536):
        pass


def _session(
    answer: ExecAnswer | None, argv: tuple[str, ...], protocol: str, server: "KubeServer"
) -> Iterator[tuple[int, bytes]]:
    if answer is None or answer.ending is Ending.NOT_FOUND:
        yield _STATUS, msgspec.json.encode(_not_found_status(argv[0] if argv else ""))
        return
    server.wait(answer.seconds)
    if answer.ending is Ending.NEVER:
        server.stall()
        return
    stdout = answer.stdout[: len(answer.stdout) // 2] if answer.ending is Ending.HALF_WAY else answer.stdout
    for _ in range(answer.repeat):
        yield from _chunks(_STDOUT, stdout)
    if answer.ending is Ending.HALF_WAY:
        return
    yield from _chunks(_STDERR, answer.stderr)
    yield _STATUS, msgspec.json.encode(_exit_status(argv, answer.exit_code))


def _chunks(channel: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    for start in range(0, len(data), _CHUNK):
        yield channel, data[start : start + _CHUNK]


def _exit_status(argv: tuple[str, ...], code: int) -> dict[str, Any]:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    command = " ".join(argv)
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: error executing command [{command}], exit code {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def _not_found_status(command: str) -> dict[str, Any]:
    text = (
        "error executing command in container: failed to exec in container: failed to start exec"
        ' "5b0c2f7d1a9e4c6f8d3b7a1e0f9c8d7b6a5e4d3c2b1a0f9e8d7c6b5a4f3e2d1c": OCI runtime exec failed: exec failed:'
        f' unable to start container process: exec: "{command}": executable file not found in $PATH: unknown'
    )
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"Internal error occurred: {text}",
        "reason": "InternalError",
        "details": {"causes": [{"message": text}]},
        "code": 500,
    }
