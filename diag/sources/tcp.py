"""Facts about TCP: which file-system addresses accept a connection, from where the tool runs."""

from __future__ import annotations

import errno
import selectors
import socket
import time

from diag.model.layer import Layer
from diag.registry import fact
from diag.resources.ec2 import NetworkInterface
from diag.resources.reachability import Connect, TcpAnswer
from diag.resources.table import Table
from diag.resources.target import Settings
from diag.sources.source import Source

PATIENCE_S = 3.0
"""How long a SYN may stay unanswered. A dropped one is retransmitted after 1 s and 3 s."""

AT_ONCE = 32


class Dialer(Source):
    """Connects and closes at once.

    Never leaves a connection idle: the server's acceptor is one thread and would keep every other client waiting for
    5 s (Lustre 2.15.8 lnet/lnet/acceptor.c, accept_timeout).
    """

    def connect_all(self, addresses: tuple[str, ...], port: int) -> tuple[TcpAnswer, ...]:
        """One connect to each address, at most 32 under way, each bounded to 3 s."""
        answers: list[TcpAnswer] = []
        for start in range(0, len(addresses), AT_ONCE):
            answers += _connect_batch(addresses[start : start + AT_ONCE], port)
        return tuple(answers)


def _connect_batch(addresses: tuple[str, ...], port: int) -> list[TcpAnswer]:
    answers: dict[str, TcpAnswer] = {}
    started = time.monotonic()
    with selectors.DefaultSelector() as selector:
        for address in addresses:
            attempt = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            attempt.setblocking(False)
            code = attempt.connect_ex((address, port))
            if code in (0, errno.EINPROGRESS):
                selector.register(attempt, selectors.EVENT_WRITE, address)
            else:
                answers[address] = _answer(address, port, code, started, attempt)
                attempt.close()
        # What came in time counts, however late a busy machine looks: the last look is after the time is up.
        while selector.get_map():
            ready = selector.select(max(0.0, started + PATIENCE_S - time.monotonic()))
            if not ready:
                break
            for key, _ in ready:
                attempt = key.fileobj  # type: ignore[assignment]
                code = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                answers[key.data] = _answer(key.data, port, code, started, attempt)
                selector.unregister(attempt)
                attempt.close()
        for key in list(selector.get_map().values()):
            attempt = key.fileobj  # type: ignore[assignment]
            answers[key.data] = _answer(key.data, port, errno.ETIMEDOUT, started, attempt)
            attempt.close()
    return [answers[address] for address in addresses]


_OUTCOMES = {
    0: Connect.OPEN,
    errno.ECONNREFUSED: Connect.REFUSED,
    errno.ETIMEDOUT: Connect.TIMEOUT,
    errno.EHOSTUNREACH: Connect.NO_ROUTE,
    errno.ENETUNREACH: Connect.NO_ROUTE,
}


def _answer(address: str, port: int, code: int, started: float, attempt: socket.socket) -> TcpAnswer:
    try:
        local = str(attempt.getsockname()[0])
    except OSError:
        local = ""
    outcome = _OUTCOMES.get(code, Connect.FAILED)
    detail = "" if code == 0 else errno.errorcode.get(code, str(code))
    return TcpAnswer(address, port, outcome, local, round((time.monotonic() - started) * 1000, 1), detail)


@fact(layer=Layer.NETWORK, label="TCP connect", key=("address", "port"))
def tcp_answers(
    dialer: Dialer, network_interfaces: Table[NetworkInterface], settings: Settings
) -> tuple[TcpAnswer, ...]:
    """One connect to the Lustre port of every file-system ENI, from where the tool runs."""
    addresses = tuple(dict.fromkeys(eni.private_ip_address for eni in network_interfaces if eni.private_ip_address))
    return dialer.connect_all(addresses, settings.lustre_port)
