"""Gathers facts: independent ones at the same time, each once, never past the deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty
from typing import Any

import msgspec

from diag.declare.fact import Fact
from diag.engine.reading import Reading
from diag.model.unavailable import Reason, Unavailable

LAST_WORDS_S = 0.5
"""After Ctrl-C: how long readers that hold partial answers have to hand them over."""


class Gathered(msgspec.Struct, frozen=True):
    """Every fact of a run by name, or why it is missing, with how long each took."""

    values: dict[str, Any]
    seconds: dict[str, float] = {}
    crashes: dict[str, str] = {}
    """Facts whose code broke: a bug of ours or of a plugin, never the world's fault."""


def gather(
    facts: Sequence[Fact],
    given: Mapping[str, Any],
    *,
    deadline: float,
    known: Mapping[str, Any] | None = None,
    progress: Callable[[str], None] = lambda name: None,
    hurry: Callable[[], None] = lambda: None,
    meanwhile: Callable[[], None] | None = None,
) -> Gathered:
    """Read the facts, given in dependency order.

    `given` are sources and settings by name; `known` facts come from a snapshot and are not read again; `deadline`
    is a `time.monotonic()` instant. A reader that is still busy then is abandoned, not waited for: its thread is a
    daemon, its fact becomes a timeout. Readers run in threads, so a hung socket in one costs no other.
    `meanwhile` is called once, in a thread, when a question that hung on another answer of the world is answered: by
    then all that asks is loaded, and what is left of the run is waiting.
    Ctrl-C brings the deadline forward: `hurry` tells sources to hand over what they have, and what is known is judged.
    """
    reading = Reading(facts, {**given, **(known or {})})
    of_world: set[str] = set()
    reading.start()
    while reading.under_way():
        try:
            fact = reading.answered.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            break
        except KeyboardInterrupt:
            hurry()
            deadline = min(deadline, time.monotonic() + LAST_WORDS_S)
            continue
        progress(fact.name)
        hung_on_another = any(need.name in of_world for need in fact.needs)
        if fact.permissions or hung_on_another:
            of_world.add(fact.name)
        if meanwhile is not None and fact.permissions and hung_on_another:
            threading.Thread(target=meanwhile, name="meanwhile", daemon=True).start()
            meanwhile = None
    values, running = reading.abandon()
    for name in (fact.name for fact in facts if fact.name not in values):
        waited_for = name if name in running else ", ".join(sorted(running)) or name
        values[name] = Unavailable(
            name.replace("_", " "),
            Reason.TIMEOUT,
            f"the deadline passed while reading {waited_for.replace('_', ' ')}",
            remedy="raise --deadline, or see which endpoint does not answer",
        )
    return Gathered(
        {name: value for name, value in values.items() if name not in given}, reading.seconds, reading.crashes
    )
