"""Names to addresses, as `mount.lustre` does it, and without being held up by a resolver that never answers."""

from __future__ import annotations

import enum
import ipaddress
import queue
import socket
import threading
from collections.abc import Callable

import msgspec


class NameState(enum.Enum):
    """What came of a look-up."""

    LITERAL = "literal"
    FOUND = "found"
    UNKNOWN_NAME = "unknown-name"
    TEMPORARY = "temporary"
    SILENT = "silent"


class Resolution(msgspec.Struct, frozen=True):
    """The addresses behind a name."""

    state: NameState
    addresses: tuple[str, ...] = ()
    """IPv4, in the resolver's order, each once."""
    detail: str = ""
    """What the resolver said when it failed."""


Resolver = Callable[[str, float], Resolution]
"""Host and seconds to wait."""


def resolve(host: str, patience: float) -> Resolution:
    """Look a host up through this machine's resolver; IPv4 only, for `mount.lustre` asks for nothing else.

    The look-up runs beside and is abandoned after `patience` seconds: getaddrinfo cannot be interrupted.
    """
    if is_address(host):
        return Resolution(NameState.LITERAL, (host,))
    answer: queue.SimpleQueue[Resolution] = queue.SimpleQueue()
    threading.Thread(target=lambda: answer.put(_look_up(host)), name="lnet-resolve", daemon=True).start()
    try:
        return answer.get(timeout=max(0.0, patience))
    except queue.Empty:
        return Resolution(NameState.SILENT, detail=f"no answer within {patience:.1f} s")


def is_address(host: str) -> bool:
    """Whether the host is an IPv4 address already."""
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _look_up(host: str) -> Resolution:
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    except socket.gaierror as error:
        state = NameState.TEMPORARY if error.errno == socket.EAI_AGAIN else NameState.UNKNOWN_NAME
        return Resolution(state, detail=str(error.strerror))
    except (OSError, UnicodeError) as error:
        return Resolution(NameState.UNKNOWN_NAME, detail=str(error))
    return Resolution(NameState.FOUND, tuple(dict.fromkeys(str(entry[4][0]) for entry in found)))
