"""Chooses the way into each node, and reads the nodes through it."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from diag.model.unavailable import Reason, Unavailable
from diag.resources.node_report import NodeReport
from diag.resources.table import Table
from diag.resources.via import Via
from diag.sources.aws.session import Aws
from diag.sources.kubernetes.client import Kube
from diag.sources.nodes.ask import Bounds, NodeAsk, Questions, Way
from diag.sources.source import Source


class NodeOptions(msgspec.Struct, frozen=True):
    """How nodes are looked into. By default they are not: it takes rights and time that a plain run does not."""

    via: str = "none"
    nodes: tuple[str, ...] = ("affected",)
    """`all`, `affected`, `sample` or names."""
    ssh_user: str = ""
    ssh_config: str = ""
    accept_new_host_keys: bool = False
    debug_container: str = ""
    node_s: float = 10.0
    at_once: int = 32
    recorded: Table[NodeReport] | None = None
    """Answers that readers on the nodes printed; then nothing is asked."""
    until: float = 0.0
    """`time.monotonic()` at which answers stop to count; 0 for a minute from the first question."""


class NodeReader(Source):
    """The source of what nodes say of themselves."""

    label = "nodes"

    def __init__(self, kube: Kube, aws: Aws, options: NodeOptions) -> None:
        self._answers: _Answers | None = None
        self.options = options
        self.here = _here()
        self.kube = kube
        self.aws = aws
        self._is_cancelled = threading.Event()

    @property
    def counted(self) -> tuple[int, int]:
        """How many of the nodes have answered."""
        return self._answers.counted if self._answers else (0, 0)

    @property
    def is_asked(self) -> bool:
        """Whether nodes are to be looked into at all."""
        return self.options.via != "none" or self.options.recorded is not None

    def cancel(self) -> None:
        """Return now with the answers that are there."""
        self._is_cancelled.set()

    def read(self, asks: Sequence[NodeAsk], questions: Questions, region: str) -> Table[NodeReport]:
        """Every node's answer, or why it gave none, by the deadline.

        With `auto` each way takes the nodes that those before it could not get into.
        """
        options = self.options
        until = options.until or time.monotonic() + 60
        bounds = Bounds(until, options.node_s, options.at_once)
        answers = self._answers = _Answers(asks, self.moved)
        reader = threading.Thread(
            target=self._read_each_way, args=(questions, region, bounds, answers), name="nodes", daemon=True
        )
        reader.start()
        while reader.is_alive() and not self._is_cancelled.is_set() and time.monotonic() < until:
            reader.join(0.05)
        return answers.close()

    def _read_each_way(self, questions: Questions, region: str, bounds: Bounds, answers: _Answers) -> None:
        try:
            for way in self._ways(region):
                left = answers.open_asks()
                if left and time.monotonic() < bounds.until:
                    way.read(left, questions, bounds, answers.take)
        except BaseException as bug:
            answers.bug = bug

    def _ways(self, region: str) -> Iterator[Way]:
        options = self.options
        if options.recorded is not None:
            from diag.sources.nodes.recorded import Recorded

            yield Recorded(options.recorded)
        for via in Via:
            if options.via in (via.value, "auto"):
                open_way: Callable[[NodeReader, str], Way | None] = _module_of(via).open_way
                if (way := open_way(self, region)) is not None:
                    yield way


def _module_of(via: Via) -> Any:
    """The module of a way in, loaded now: with it come its libraries."""
    return importlib.import_module(f"diag.sources.nodes.{via.value}")


def _here() -> str:
    """The node that this process runs on, as a pod's downward API tells it; empty elsewhere."""
    import os

    return os.environ.get("NODE_NAME", "")


class _Answers:
    """Answers as they come in. The first answer of a node stands; a refusal yields to a later way's answer."""

    def __init__(self, asks: Sequence[NodeAsk], moved: Callable[[], None] = lambda: None) -> None:
        self._moved = moved
        self.bug: BaseException | None = None
        self._asks = asks
        self._lock = threading.Lock()
        self._values: dict[str, NodeReport] = {}
        self._missing: dict[str, list[Unavailable]] = {}
        self._is_closed = False

    def take(self, node: str, answer: NodeReport | Unavailable) -> None:
        """Keep an answer, unless the books are closed."""
        with self._lock:
            if self._is_closed or node in self._values:
                return
            if isinstance(answer, NodeReport):
                self._values[node] = answer
            else:
                self._missing.setdefault(node, []).append(answer)
        self._moved()

    @property
    def counted(self) -> tuple[int, int]:
        """How many of the nodes have answered."""
        return len(self._values), len(self._asks)

    def open_asks(self) -> tuple[NodeAsk, ...]:
        """Nodes without an answer that another way may still get."""
        with self._lock:
            return tuple(ask for ask in self._asks if ask.node not in self._values)

    def close(self) -> Table[NodeReport]:
        """The answers so far; nodes that were not reached in time say so. Raises what a way raised: a bug."""
        with self._lock:
            self._is_closed = True
            if self.bug is not None:
                raise self.bug
            missing = {
                ask.node: _why(ask.node, self._missing.get(ask.node, []))
                for ask in self._asks
                if ask.node not in self._values
            }
            return Table(dict(self._values), missing)


def _why(node: str, refusals: Sequence[Unavailable]) -> Unavailable:
    """Why no way led into a node: the only refusal as it is, several in one line."""
    if not refusals:
        detail = "its turn did not come before the deadline"
        return Unavailable(f"node {node}", Reason.TIMEOUT, detail, remedy="raise --deadline or --concurrency")
    if len(refusals) == 1:
        return refusals[0]
    worst = next((refusal for refusal in refusals if refusal.reason is not Reason.NOT_ASKED), refusals[0])
    said = "; ".join(dict.fromkeys(str(refusal) for refusal in refusals))
    return msgspec.structs.replace(worst, what=f"node {node}", detail=said)
