"""Reads facts: each once, independent ones at the same time, never past the deadline."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from graphlib import TopologicalSorter
from queue import Empty, SimpleQueue
from typing import Any

import msgspec

from diag.model.unavailable import Reason, Unavailable, Unreadable
from diag.registry import Fact

QUIET_S = 0.01
"""How long the process has to be idle before it is said to wait: while calls are prepared it never is."""

SHUTDOWN_GRACE_S = 0.5
"""After Ctrl-C: how long readers that hold partial answers have to return them."""


class Gathered(msgspec.Struct, frozen=True):
    """Every fact of a run by name, or why it is missing, with how long each took."""

    values: dict[str, Any]
    seconds: dict[str, float] = {}
    crashes: dict[str, str] = {}
    """Facts whose code broke: a bug of ours or of a plugin, never the fault of what was read."""


def gather(
    facts: Sequence[Fact],
    given: Mapping[str, Any],
    *,
    deadline: float,
    known: Mapping[str, Any] | None = None,
    progress: Callable[[str], None] | None = None,
    cancel: Callable[[], None] | None = None,
    on_wait: Callable[[], None] | None = None,
) -> Gathered:
    """Read the facts, each after those that it needs. All that they need is among the facts or given.

    `given` are sources and settings by name; `known` facts come from a snapshot and are not read again; `deadline`
    is a `time.monotonic()` instant. A reader that is still busy then is left behind, not waited for: its thread is a
    daemon, its fact becomes a time-out. `on_wait` is called once, when an API call that depended on another has
    returned and the process is idle: by then the libraries are loaded, and the rest of the run is waiting.
    Ctrl-C brings the deadline forward: `cancel` asks sources for what they have, and what is known is judged.

    Raises graphlib.CycleError when facts need each other in a circle.
    """
    run = _Run(facts, {**given, **(known or {})})
    answered: set[str] = set()
    """Facts that an API call answered, and those worked out from them."""
    is_due, worked_s = False, 0.0
    run.start()
    while run.is_active():
        left = max(0.0, deadline - time.monotonic())
        try:
            fact = run.finished.get(timeout=min(left, QUIET_S) if is_due else left)
        except Empty:
            if on_wait is None or not is_due or left <= QUIET_S:
                break
            before_s, worked_s = worked_s, time.process_time()
            if worked_s - before_s < QUIET_S / 2:
                on_wait()
                on_wait, is_due = None, False
            continue
        except KeyboardInterrupt:
            if cancel is not None:
                cancel()
            deadline = min(deadline, time.monotonic() + SHUTDOWN_GRACE_S)
            continue
        if progress is not None:
            progress(fact.name)
        is_dependent = any(need.name in answered for need in fact.needs)
        if fact.permissions or is_dependent:
            answered.add(fact.name)
        is_due = is_due or (on_wait is not None and bool(fact.permissions) and is_dependent)
    return run.close()


class _Run:
    """The facts of one run while they are read.

    A thread that has read a fact goes on with one fact that this made possible and starts threads for the others:
    facts worked out from facts are many and short, and a new thread for each makes the next API call wait.
    """

    def __init__(self, facts: Sequence[Fact], values: dict[str, Any]) -> None:
        """`values` are the sources, the settings and the facts known already; facts among them are not read."""
        self.finished: SimpleQueue[Fact] = SimpleQueue()
        self._values = values
        self._names = [fact.name for fact in facts]
        self._facts = {fact.name: fact for fact in facts if fact.name not in values}
        self._seconds: dict[str, float] = {}
        self._crashes: dict[str, str] = {}
        self._started: dict[str, float] = {}
        """When each fact that is being read was begun."""
        self._lock = threading.Lock()
        self._is_closed = False
        self._graph = TopologicalSorter(
            {name: [need.name for need in fact.needs if need.name in self._facts] for name, fact in self._facts.items()}
        )
        self._graph.prepare()

    def start(self) -> None:
        """Read what needs nothing else."""
        with self._lock:
            ready = self._ready()
        for fact in ready:
            self._start_thread(fact)

    def is_active(self) -> bool:
        """Whether a fact is being read, or was read and not yet taken from `finished`."""
        with self._lock:
            return bool(self._started) or not self.finished.empty()

    def close(self) -> Gathered:
        """What is known, time-outs for the rest. What comes later is dropped."""
        with self._lock:
            self._is_closed = True
            values = {name: self._values[name] if name in self._values else self._timeout(name) for name in self._names}
            return Gathered(values, dict(self._seconds), dict(self._crashes))

    def _timeout(self, name: str) -> Unavailable:
        reading = name if name in self._started else ", ".join(sorted(self._started)) or name
        return Unavailable(
            name.replace("_", " "),
            Reason.TIMEOUT,
            f"the deadline passed while reading {reading.replace('_', ' ')}",
            remedy="raise --deadline, or see which endpoint does not answer",
        )

    def _start_thread(self, fact: Fact) -> None:
        threading.Thread(target=self._read_on, args=(fact,), name=f"fact {fact.name}", daemon=True).start()

    def _read_on(self, fact: Fact) -> None:
        following: Fact | None = fact
        while following is not None:
            fact = following
            value, crash = _read(fact, self._values)
            with self._lock:
                if self._is_closed:
                    return
                self._seconds[fact.name] = time.monotonic() - self._started.pop(fact.name)
                if crash:
                    self._crashes[fact.name] = crash
                self._values[fact.name] = value
                self._graph.done(fact.name)
                ready = self._ready()
            following = min(ready, key=lambda fact: bool(fact.permissions), default=None)
            for other in ready:
                if other is not following:
                    self._start_thread(other)
            self.finished.put(fact)

    def _ready(self) -> list[Fact]:
        """The facts to read now. One whose need is unavailable is not read: the reason is its value too."""
        ready = []
        while names := self._graph.get_ready():
            for name in names:
                fact = self._facts[name]
                needed = (self._values[need.name] for need in fact.needs if not need.tolerant)
                missing = next((value for value in needed if isinstance(value, Unavailable)), None)
                if missing is None:
                    self._started[name] = time.monotonic()
                    ready.append(fact)
                else:
                    self._values[name] = missing
                    self._graph.done(name)
        return ready


def _read(fact: Fact, values: Mapping[str, Any]) -> tuple[Any, str]:
    """The fact's value, and the traceback when its code broke."""
    try:
        return fact.function(**{need.name: values[need.name] for need in fact.needs}), ""
    except Unreadable as missing:
        return missing.unavailable, ""
    except BaseException as bug:  # SystemExit too: a plugin that ends the program costs one fact
        detail = f"reading it crashed: {type(bug).__name__}: {bug}"
        remedy = "this is a bug of lustre-doctor or of a plugin"
        value = Unavailable(fact.name.replace("_", " "), Reason.GARBLED, detail, remedy=remedy)
        return value, "".join(traceback.format_exception(bug))
