"""Gathers facts: independent ones at the same time, each once, never past the deadline."""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from diag.declare.fact import Fact
from diag.model.unavailable import Reason, Unavailable, Unreadable

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
    values: dict[str, Any] = {**given, **(known or {})}
    pending = {fact.name: fact for fact in facts if fact.name not in values}
    running: dict[str, float] = {}
    seconds: dict[str, float] = {}
    crashes: dict[str, str] = {}
    of_world: set[str] = set()
    done: queue.SimpleQueue[tuple[str, Any, str]] = queue.SimpleQueue()

    def start_ready() -> None:
        for name in list(pending):
            fact = pending[name]
            if name in running or any(need.name not in values for need in fact.needs):
                continue
            if (missing := _missing_need(fact, values)) is not None:
                del pending[name]
                values[name] = missing
                start_ready()
                return
            running[name] = time.monotonic()
            arguments = {need.name: values[need.name] for need in fact.needs}
            threading.Thread(target=_read, args=(fact, arguments, done), name=f"fact {name}", daemon=True).start()

    start_ready()
    while running:
        try:
            name, value, crash = done.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        except KeyboardInterrupt:
            hurry()
            deadline = min(deadline, time.monotonic() + LAST_WORDS_S)
            continue
        if name not in running:
            continue
        seconds[name] = time.monotonic() - running.pop(name)
        fact = pending.pop(name)
        hung_on_another = any(need.name in of_world for need in fact.needs)
        if fact.permissions or hung_on_another:
            of_world.add(name)
        if meanwhile is not None and fact.permissions and hung_on_another:
            threading.Thread(target=meanwhile, name="meanwhile", daemon=True).start()
            meanwhile = None
        values[name] = value
        if crash:
            crashes[name] = crash
        progress(name)
        start_ready()
    for name in pending:
        waited_for = name if name in running else ", ".join(sorted(running)) or name
        values[name] = Unavailable(
            name.replace("_", " "),
            Reason.TIMEOUT,
            f"the deadline passed while reading {waited_for.replace('_', ' ')}",
            remedy="raise --deadline, or see which endpoint does not answer",
        )
    return Gathered({name: value for name, value in values.items() if name not in given}, seconds, crashes)


def _missing_need(fact: Fact, values: Mapping[str, Any]) -> Unavailable | None:
    for need in fact.needs:
        value = values[need.name]
        if isinstance(value, Unavailable) and not need.tolerant:
            return value
    return None


def _read(fact: Fact, arguments: dict[str, Any], done: queue.SimpleQueue[tuple[str, Any, str]]) -> None:
    try:
        done.put((fact.name, fact.function(**arguments), ""))
    except Unreadable as missing:
        done.put((fact.name, missing.unavailable, ""))
    except BaseException as bug:
        what = fact.name.replace("_", " ")
        detail = f"reading it crashed: {type(bug).__name__}: {bug}"
        value = Unavailable(what, Reason.GARBLED, detail, remedy="this is a bug of lustre-doctor or of a plugin")
        done.put((fact.name, value, "".join(traceback.format_exception(bug))))
