"""Order in time: what came before a connection was lost, or a module was missing, and explains it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import takewhile
from typing import NamedTuple

import msgspec

from diag.grammar.regex import Pattern, compiled
from diag.knowledge.precursors import precursor, precursors_table
from diag.late import late
from diag.model.symptom import Symptom
from diag.texts.line import Moment, are_apart
from diag.texts.message import Reading

_HOST = late(r"\bip-\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}\b")
_FILE_SYSTEM = late(r"\bfs-[0-9a-f]{8,17}\b")
_SERVICE = late(r"\b[\w-]{1,64}?-(?:MDT|OST)[0-9a-f]{4}|\bMGC?\b")


class Seen(NamedTuple):
    """Where and when a message was read."""

    reading: Reading
    stream: str
    line: int
    moment: Moment | None
    kind: str = ""
    """`lost`, `restored`, or the id of a precursor."""


def seen(reading: Reading) -> Seen:
    """The place and time of a reading."""
    return Seen(reading, reading.stream, reading.line, reading.moment, reading.precursor)


def precursor_of(message: str) -> str:
    """The id of the precursor that a normalised message is; empty where it is none."""
    if _any_pattern().search(message) is None:
        return ""
    return next((id for id, pattern in _patterns() if pattern.search(message) is not None), "")


@cache
def precursor_words() -> tuple[str, ...]:
    """Plain texts in lower case of which every precursor holds one."""
    from diag.grammar.required_text import required_texts

    return tuple(sorted({text for one in precursors_table().precursors for text in required_texts(one.pattern)}))


def what_came_first(precursors: Iterable[Seen], others: Sequence[Seen], node: str, file_system: str) -> Symptom | None:
    """The precursor that explains the last loss of one mount, or that its module is missing; None where there is none.

    `others` are the messages of the mount. A loss is explained by what came before it, on the same node and not too
    long ago, while the connection worked: a loss that goes on, or a connection that came back in between, is not.
    """
    lost, restored = compiled(precursors_table().any_loss), compiled(precursors_table().restored)
    losses = [one._replace(kind="lost") for one in others if lost.search(one.reading.symptom.text) is not None]
    if not losses:
        return _before_the_module(precursors, others, node, file_system)
    returns = [one._replace(kind="restored") for one in others if restored.search(one.reading.symptom.text) is not None]
    fitting = _fitting(precursors, "loss", node, file_system)
    latest: Seen | None = None
    found: Seen | None = None
    down: set[str] = set()
    for one in _in_order((*losses, *returns, *fitting), min(losses, key=lambda loss: (loss.stream, loss.line))):
        service = _service(one)
        if one.kind == "lost":
            if not down:
                found = latest if latest is not None and _explains(latest, one) else None
            down.add(service)
        elif one.kind == "restored":
            down = down - {service} if service else set()
            latest = None
        elif not down:
            latest = one
    return None if found is None else _as_symptom(found)


def _before_the_module(precursors: Iterable[Seen], others: Sequence[Seen], node: str, fs: str) -> Symptom | None:
    missing = compiled(precursors_table().any_module)
    failures = [one._replace(kind="lost") for one in others if missing.search(one.reading.symptom.text) is not None]
    fitting = _fitting(precursors, "module", node, fs)
    if not failures or not fitting:
        return None
    first = min(failures, key=lambda failure: (failure.stream, failure.line))
    earlier = list(takewhile(lambda one: one.kind != "lost", _in_order((*failures, *fitting), first)))
    return _as_symptom(earlier[-1]) if earlier and _explains(earlier[-1], first) else None


def _fitting(precursors: Iterable[Seen], explains: str, node: str, file_system: str) -> list[Seen]:
    return [
        one
        for one in precursors
        if precursor(one.kind).explains == explains and _is_of(one.reading.symptom, node, file_system)
    ]


def _as_symptom(found: Seen) -> Symptom:
    return msgspec.structs.replace(found.reading.symptom, hits=(), precursor=found.reading.precursor)


def _in_order(marks: Sequence[Seen], loss: Seen) -> list[Seen]:
    """By time where all that was read beside the loss is on its clock, else by line and in its stream alone."""
    own = [one for one in marks if one.stream == loss.stream]
    clock = loss.moment.clock if loss.moment is not None else ""
    if clock and all(_on(clock, one) for one in own):
        timed = [one for one in marks if _on(clock, one)]
        return sorted(timed, key=lambda one: (one.moment.seconds if one.moment else 0, one.stream, one.line))
    return sorted(own, key=lambda one: one.line)


def _on(clock: str, one: Seen) -> bool:
    return one.moment is not None and one.moment.clock == clock


def _explains(first: Seen, loss: Seen) -> bool:
    if are_apart(first.moment, loss.moment, precursor(first.reading.precursor).within):
        return False
    if first.stream == loss.stream or first.moment is None or loss.moment is None:
        return True
    return first.moment.seconds < loss.moment.seconds


def _is_of(symptom: Symptom, node: str, file_system: str) -> bool:
    """Whether it may be of this node and file system: what it speaks of says more than who wrote it."""
    named = _HOST.search(symptom.text)
    host = (named.group() if named else symptom.mount.node).split(".")[0].lower()
    if node and host and host != node:
        return False
    other = _FILE_SYSTEM.search(symptom.text)
    return not (other and file_system and other.group() != file_system)


def _service(one: Seen) -> str:
    found = _SERVICE.search(one.reading.symptom.text)
    return found.group() if found else ""


@cache
def _any_pattern() -> Pattern:
    """One for all of them: most messages are none."""
    return Pattern("|".join(f"(?:{one.pattern})" for one in precursors_table().precursors))


@cache
def _patterns() -> tuple[tuple[str, Pattern], ...]:
    return tuple((one.id, compiled(one.pattern)) for one in precursors_table().precursors)
