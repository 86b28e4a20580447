"""Answers that readers on the nodes printed: one line of JSON a node, as `lustre-doctor node` writes it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from diag.decode import decode_json
from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import NodeReport
from diag.resources.table import Table
from diag.resources.via import Via
from diag.sanitize import json_safe
from diag.sources.files import read_bounded
from diag.sources.nodes.ask import Bounds, Deliver, NodeAsk, Questions

SCHEMA = "lustre-doctor/node/v1"


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One node's answer, or why there is none."""

    schema: str
    node: str
    report: NodeReport | None = msgspec.field(default=None, name="truth")
    unavailable: Unavailable | None = None


class Recording(msgspec.Struct, frozen=True):
    """What a file of answers holds."""

    answers: Table[NodeReport]
    strays: tuple[str, ...] = ()
    """Lines that are no answers: other output of the readers, or cut short."""


def line_of(node: str, answer: NodeReport | Unavailable) -> bytes:
    """The answer as one line, safe on a terminal and in a log."""
    told = Line(SCHEMA, node, unavailable=answer) if isinstance(answer, Unavailable) else Line(SCHEMA, node, answer)
    return json_safe(msgspec.json.encode(told).decode()).encode() + b"\n"


def read_recording(path: str, *, until: float = math.inf) -> Recording:
    """The answers in a file (`-` for standard input), the last one of a node counting.

    Readers' logs come put together, so a line may be anything: what is no answer is kept as a stray. Raises
    UnreadableFile.
    """
    values: dict[str, NodeReport] = {}
    missing: dict[str, Unavailable] = {}
    strays: list[str] = []
    for raw in read_bounded(path, until=until).splitlines():
        if not raw.strip():
            continue
        try:
            line = decode_json(raw, Line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            strays.append(raw[:200].decode("utf-8", "replace"))
            continue
        if line.schema != SCHEMA or not line.node or (line.report is None) == (line.unavailable is None):
            strays.append(raw[:200].decode("utf-8", "replace"))
        elif line.report is not None:
            values[line.node] = line.report
        elif line.unavailable is not None:
            missing[line.node] = line.unavailable
    absent = {node: why for node, why in missing.items() if node not in values}
    return Recording(Table(values, absent), tuple(strays))


class Recorded:
    """The way into nodes that have answered already, each to a reader on it."""

    via = Via.LOCAL

    def __init__(self, answers: Table[NodeReport]) -> None:
        self._answers = answers

    def read(self, asks: Sequence[NodeAsk], questions: Questions, bounds: Bounds, deliver: Deliver) -> None:
        """Deliver what was recorded; a node whose reader printed nothing says so."""
        for ask in asks:
            answer = self._answers.values.get(ask.node) or self._answers.missing.get(ask.node)
            deliver(ask.node, answer or _silent(ask.node))


def _silent(node: str) -> Unavailable:
    return Unavailable(
        f"node {node}",
        Reason.ABSENT,
        "its reader printed no answer",
        remedy="see that the Job ran a reader on every node",
    )
