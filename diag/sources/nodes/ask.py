"""What is asked of nodes: the questions, the values that go with them, and the bounds of the asking."""

from __future__ import annotations

import hashlib
import importlib.resources
import ipaddress
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Protocol

import msgspec

from diag.knowledge import lustre_waits
from diag.knowledge.lustre_ports import LUSTRE_PORT
from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import NodeReport, Vantage
from diag.resources.via import Via

NAMES, ADDRESSES = 16, 32
"""How many names one node resolves and how many addresses it connects to: each takes a process there."""

ANSWER_LIMIT = 1024 * 1024
"""Bytes of one node's answer that are kept."""

_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,10}")
"""Host names as RFC 1123 has them; a name of any other shape is never sent to a node."""

LOGIN_SHELL = "see what the login shell and its start-up files print on that node"

POD_ONLY = ("os_release", "sockets", "translations", "lnet_conf", "lnet_service", "interfaces")
"""Questions whose answer inside the driver's container is about the container, so they are left out there."""


class Plugin(msgspec.Struct, frozen=True):
    """The driver's container on a node."""

    namespace: str
    pod: str
    container: str
    image: str
    """Digest when the kubelet tells it, else the image's name."""


class NodeAsk(msgspec.Struct, frozen=True):
    """One node and how it can be reached."""

    node: str
    address: str = ""
    """InternalIP."""
    instance_id: str = ""
    plugin: Plugin | None = None
    kernel: str = ""
    """Of status.nodeInfo, with the architecture; empty where the cluster was not asked."""


class Questions(msgspec.Struct, frozen=True):
    """The values that go into the questions, each of which has passed its grammar."""

    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    port: int = LUSTRE_PORT

    def tokens(self, *, skip: Sequence[str] = ()) -> tuple[str, ...]:
        """Arguments of the probe."""
        return (
            f"port:{self.port}",
            *(f"name:{name}" for name in self.names),
            *(f"address:{address}" for address in self.addresses),
            *(f"skip:{question}" for question in skip),
        )


class Bounds(msgspec.Struct, frozen=True):
    """How long and how many at a time."""

    until: float
    """`time.monotonic()` at which the last answer counts."""
    node_s: float = 10.0
    at_once: int = 32


Deliver = Callable[[str, NodeReport | Unavailable], None]
"""Takes one node's answer, from any thread."""


class Way(Protocol):
    """A way into nodes."""

    via: Via

    def read(self, asks: Sequence[NodeAsk], questions: Questions, bounds: Bounds, deliver: Deliver) -> None:
        """Ask every node and deliver each answer as it comes. Returns by `bounds.until`; nodes may be left over."""
        ...


def questions_of(names: Sequence[str], addresses: Sequence[str], port: int) -> Questions:
    """The values fit to be sent to a root shell; all others are dropped here. Raises ValueError for a bad port."""
    if not 0 < port < 65536:
        raise ValueError(f"{port} is no port")
    fit = (name for name in dict.fromkeys(names) if len(name) <= 253 and _NAME.fullmatch(name))
    return Questions(tuple(fit)[:NAMES], tuple(a for a in dict.fromkeys(addresses) if _is_address(a))[:ADDRESSES], port)


def _is_address(text: str) -> bool:
    try:
        return str(ipaddress.ip_address(text)) == text and "%" not in text
    except ValueError:
        return False


@cache
def probe() -> bytes:
    """The probe script, with the table of Lustre's modules and functions: a constant of this version."""
    text = importlib.resources.files("diag.sources.nodes").joinpath("probe.sh").read_text("utf-8")
    known = lustre_waits.table()
    for mark, names in (("@modules@", known.modules), ("@prefixes@", known.prefixes)):
        text = text.replace(mark, " ".join(names))
    return text.encode()


@cache
def probe_hash() -> str:
    """sha256 of the probe script, hexadecimal."""
    return hashlib.sha256(probe()).hexdigest()


def report_from_probe(
    ask: NodeAsk,
    via: Via,
    output: bytes,
    times: tuple[float, float],
    port: int,
    *,
    vantage: Vantage = Vantage.HOST,
    image: str = "",
    ended: Unavailable | None = None,
) -> NodeReport | Unavailable:
    """The probe's output, whole or cut, as facts. Unavailable when it is not the probe's.

    `ended` says why the output stops early, where that is known. Output that ends without its last line is cut short
    all the same: a question that it does not answer is unknown, never "not asked".
    """
    from diag.sources.nodes.parsers.answers import parse_answers
    from diag.sources.nodes.parsers.report import Reading, report_of

    answers = parse_answers(output.decode("utf-8", "replace"))
    if ended is None and not (answers.is_probe and answers.is_complete):
        kind = "its answer stops before the end" if answers.is_probe else "what it printed is no answer of the probe"
        ended = Unavailable(f"node {ask.node}", Reason.GARBLED, kind, remedy=LOGIN_SHELL)
    if ended is not None and not (answers.is_probe and answers.by_question):
        return ended
    return report_of(
        Reading(
            node=ask.node,
            via=via,
            vantage=vantage,
            answers=answers,
            asked_at=times[0],
            answered_at=times[1],
            port=port,
            image=image,
            probe=probe_hash(),
            ended=ended,
        )
    )
