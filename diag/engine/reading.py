"""The facts of one run while they are read: what is known, what is under way, what an answer makes possible."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from queue import SimpleQueue
from typing import Any

from diag.declare.fact import Fact
from diag.model.unavailable import Reason, Unavailable, Unreadable


class Reading:
    """Each fact is read in a thread as soon as its needs are answered.

    A thread goes on with one fact that its own answer made possible and starts others for the rest: facts worked out
    from facts are many and short, and handing each to a new thread makes the next call to the world wait.
    """

    def __init__(self, facts: Sequence[Fact], values: dict[str, Any]) -> None:
        """`values` are the sources, the settings and the facts known already; facts among them are not read."""
        self.answered: SimpleQueue[Fact] = SimpleQueue()
        """Facts in the order of their answers."""
        self.seconds: dict[str, float] = {}
        self.crashes: dict[str, str] = {}
        self._values = values
        self._lock = threading.Lock()
        self._facts = tuple(fact for fact in facts if fact.name not in values)
        self._lacking: dict[str, int] = {}
        self._askers: dict[str, list[Fact]] = {}
        self._running: dict[str, float] = {}
        self._abandoned = False
        for fact in self._facts:
            lacking = [need.name for need in fact.needs if need.name not in values]
            self._lacking[fact.name] = len(lacking)
            for name in lacking:
                self._askers.setdefault(name, []).append(fact)

    def start(self) -> None:
        """Read what needs nothing else."""
        with self._lock:
            ready = self._readable([fact for fact in self._facts if not self._lacking[fact.name]])
        for fact in ready:
            self._in_a_thread(fact)

    def under_way(self) -> bool:
        """Whether something is being read or its answer not yet taken."""
        with self._lock:
            return bool(self._running) or not self.answered.empty()

    def abandon(self) -> tuple[dict[str, Any], frozenset[str]]:
        """What is known, and what was still being read: answers that come from now on are dropped."""
        with self._lock:
            self._abandoned = True
            return dict(self._values), frozenset(self._running)

    def _in_a_thread(self, fact: Fact) -> None:
        threading.Thread(target=self._read_on, args=(fact,), name=f"fact {fact.name}", daemon=True).start()

    def _read_on(self, fact: Fact) -> None:
        following: Fact | None = fact
        while following is not None:
            read = following
            value, crash = _value_of(read, self._values)
            with self._lock:
                if self._abandoned:
                    return
                self.seconds[read.name] = time.monotonic() - self._running.pop(read.name)
                if crash:
                    self.crashes[read.name] = crash
                self._values[read.name] = value
                ready = self._readable(self._unlocked_by(read.name))
            following = next((fact for fact in ready if not fact.permissions), ready[0] if ready else None)
            for other in ready:
                if other is not following:
                    self._in_a_thread(other)
            self.answered.put(read)

    def _readable(self, facts: Iterable[Fact]) -> list[Fact]:
        """Of facts whose needs are all answered those to read now; the others take over why a need is missing."""
        ready: list[Fact] = []
        settled = list(facts)
        while settled:
            fact = settled.pop(0)
            if (missing := _missing_need(fact, self._values)) is None:
                self._running[fact.name] = time.monotonic()
                ready.append(fact)
            else:
                self._values[fact.name] = missing
                settled.extend(self._unlocked_by(fact.name))
        return ready

    def _unlocked_by(self, name: str) -> list[Fact]:
        askers = self._askers.get(name, ())
        for asker in askers:
            self._lacking[asker.name] -= 1
        return [asker for asker in askers if not self._lacking[asker.name]]


def _missing_need(fact: Fact, values: Mapping[str, Any]) -> Unavailable | None:
    for need in fact.needs:
        value = values[need.name]
        if isinstance(value, Unavailable) and not need.tolerant:
            return value
    return None


def _value_of(fact: Fact, values: Mapping[str, Any]) -> tuple[Any, str]:
    """The fact, and the traceback when its code broke."""
    try:
        return fact.function(**{need.name: values[need.name] for need in fact.needs}), ""
    except Unreadable as missing:
        return missing.unavailable, ""
    except BaseException as bug:
        what = fact.name.replace("_", " ")
        detail = f"reading it crashed: {type(bug).__name__}: {bug}"
        value = Unavailable(what, Reason.GARBLED, detail, remedy="this is a bug of lustre-doctor or of a plugin")
        return value, "".join(traceback.format_exception(bug))
