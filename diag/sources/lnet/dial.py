"""TCP to a Lustre server: source ports as a kernel client picks them, every failure told apart, a deadline on all."""

from __future__ import annotations

import contextlib
import enum
import errno
import os
import select
import socket
from collections.abc import Callable

import msgspec

from diag.knowledge.lustre_ports import LUSTRE_PORT
from diag.sources.lnet.acceptor import HIGHEST_PRIVILEGED_PORT, LOWEST_PRIVILEGED_PORT

CLIENT_PORTS = tuple(
    port for port in range(HIGHEST_PRIVILEGED_PORT, LOWEST_PRIVILEGED_PORT - 1, -1) if port != LUSTRE_PORT
)
"""From the top down, as `lnet_connect` binds (Lustre acceptor.c); that takes 1023 to 1018 first, the ones AWS documents
for FSx (LustreGuide, limit-access-security-groups). 988 itself is left for this node's own acceptor."""

CHUNK = 65536
SLICE_S = 0.1

Clock = Callable[[], float]


class End(enum.Enum):
    """How a peer stopped talking."""

    CLOSED = "closed the connection"
    RESET = "reset the connection"
    SILENT = "said nothing in time"
    GARBLED = "sent bytes that are not LNet"


class Refusal(enum.Enum):
    """Why there is no connection."""

    REFUSED = "connection refused"
    """By a reset, or by something that the kernel does not tell."""
    REJECTED = "rejected by a firewall"
    """By an ICMP message: a host whose port nobody listens on answers TCP with a reset."""
    NO_ROUTE = "no route to host"
    TIMEOUT = "timed out"
    FORBIDDEN = "forbidden on this host"
    NO_SOURCE = "source address not on this host"
    OTHER = "failed"


class NotConnected(msgspec.Struct, frozen=True):
    """A connect that failed."""

    why: Refusal
    detail: str
    """What the system said."""
    elapsed_ms: float
    source_port: int = 0
    """0 when none was bound."""


class Line:
    """One open connection. Nothing here blocks beyond the moment it is given."""

    def __init__(self, sock: socket.socket, why_unprivileged: str, elapsed_ms: float, now: Clock) -> None:
        self._socket = sock
        self._now = now
        self.privileged = not why_unprivileged
        self.why_unprivileged = why_unprivileged
        """Why no privileged source port was used, empty when one was."""
        self.elapsed_ms = elapsed_ms
        self.round_trips = 1
        """Waits for the peer so far, the connect included."""
        self.local_address, self.local_port = sock.getsockname()[:2]

    def send(self, data: bytearray, until: float) -> End | None:
        """Send it all; None when it went out, or how the peer ended it. What went out is taken off `data`."""
        while data:
            if not self._wait(select.POLLOUT, until):
                return End.SILENT
            try:
                del data[: self._socket.send(data)]
            except BlockingIOError:
                continue
            except OSError as error:
                return _end(error)
        return None

    def receive(self, until: float) -> bytes | End:
        """What arrives next, at least one byte, or how the peer ended it."""
        while self._wait(select.POLLIN, until):
            try:
                return self._socket.recv(CHUNK) or End.CLOSED
            except BlockingIOError:
                continue
            except OSError as error:
                return _end(error)
        return End.SILENT

    def close(self) -> None:
        """Close with FIN: what was not read is read first, or the kernel would send a reset."""
        with contextlib.suppress(OSError), contextlib.closing(self._socket):
            for _ in range(16):
                if not self._socket.recv(CHUNK):
                    break

    def _wait(self, event: int, until: float) -> bool:
        poll = select.poll()
        poll.register(self._socket, event)
        # In slices: the clock is moved on when the run is interrupted.
        while (left := until - self._now()) > 0:
            if poll.poll(max(1, min(left, SLICE_S) * 1000)):
                return True
        return False


def dial(
    address: str, port: int, *, ports: tuple[int, ...], source_ip: str | None, until: float, now: Clock
) -> Line | NotConnected:
    """Connect from the first of `ports` that may be bound, from any port when none may.

    `address` is an IPv4 address, `until` a moment of `now`.
    """
    started = now()
    why_unprivileged = _ALL_TAKEN
    for source_port in (*ports, 0):
        if source_port and why_unprivileged == _NOT_ALLOWED:
            continue
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A port whose last connection lies in TIME_WAIT is taken over.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound = _bind(sock, source_ip, source_port)
            if source_port and bound in _NEXT_PORT:
                sock.close()
                if bound in _MAY_NOT:
                    # What is forbidden for one privileged port is so for those below.
                    why_unprivileged = _NOT_ALLOWED
                continue
            failure = bound or _connect(sock, address, port, until, now)
        except BaseException:
            sock.close()
            raise
        if failure == 0:
            return Line(sock, "" if source_port else why_unprivileged, (now() - started) * 1000, now)
        icmp = None if bound else _icmp_error(sock)
        sock.close()
        if failure in _TAKEN and source_port and not bound:
            continue
        why = Refusal.NO_SOURCE if bound == errno.EADDRNOTAVAIL else _REFUSALS.get(failure, Refusal.OTHER)
        if icmp is not None and icmp[:2] in _REJECTIONS:
            why = Refusal.REJECTED
        detail = os.strerror(failure)
        if icmp is not None:
            kind, code, sender = icmp
            detail += f" (ICMP type {kind} code {code} from {sender})"
        return NotConnected(why, detail, (now() - started) * 1000, source_port)
    return NotConnected(Refusal.OTHER, "no source port is free", (now() - started) * 1000)


def _bind(sock: socket.socket, source_ip: str | None, port: int) -> int:
    if not source_ip and not port:
        return 0
    try:
        sock.bind((source_ip or "", port))
    except OSError as error:
        return error.errno or errno.EINVAL
    return 0


def _connect(sock: socket.socket, address: str, port: int, until: float, now: Clock) -> int:
    failure = sock.connect_ex((address, port))
    if failure != errno.EINPROGRESS:
        return failure
    left = until - now()
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    if left <= 0 or not poll.poll(max(1, left * 1000)):
        return errno.ETIMEDOUT
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def _icmp_error(sock: socket.socket) -> tuple[int, int, str] | None:
    """Type, code and sender of the ICMP message that ended a connect; None where none did or the kernel keeps none.

    Linux keeps it from 5.9 on: net/ipv4/tcp_ipv4.c tcp_v4_err, struct sock_extended_err in linux/errqueue.h.
    """
    try:
        _, ancillary, _, _ = sock.recvmsg(0, 512, socket.MSG_ERRQUEUE)
    except (OSError, AttributeError):  # nothing is kept; only Linux has such a queue
        return None
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == _IP_RECVERR and len(data) >= 24 and data[4] == _ORIGIN_ICMP:
            return data[5], data[6], socket.inet_ntoa(data[20:24])
    return None


def _end(error: OSError) -> End:
    return End.SILENT if error.errno in _LOST else End.RESET


_IP_RECVERR = 11
"""Linux include/uapi/linux/in.h; Python has no name for it."""
_ORIGIN_ICMP = 2
_REJECTIONS = frozenset({(3, 2), (3, 3), (3, 9), (3, 10), (3, 13)})
"""ICMP destination unreachable: protocol, port, three kinds of *administratively prohibited* (RFC 1122, 1812)."""
_ALL_TAKEN = "every privileged port is taken"
_NOT_ALLOWED = "it lacks CAP_NET_BIND_SERVICE"
_MAY_NOT = frozenset({errno.EACCES, errno.EPERM})
_NEXT_PORT = _MAY_NOT | {errno.EADDRINUSE}
_TAKEN = frozenset({errno.EADDRNOTAVAIL, errno.EADDRINUSE})
_LOST = frozenset({errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH})
_REFUSALS = {
    errno.ECONNREFUSED: Refusal.REFUSED,
    errno.ECONNRESET: Refusal.REFUSED,
    errno.EHOSTUNREACH: Refusal.NO_ROUTE,
    errno.ENETUNREACH: Refusal.NO_ROUTE,
    errno.EHOSTDOWN: Refusal.NO_ROUTE,
    errno.ETIMEDOUT: Refusal.TIMEOUT,
    errno.EACCES: Refusal.FORBIDDEN,
    errno.EPERM: Refusal.FORBIDDEN,
}
