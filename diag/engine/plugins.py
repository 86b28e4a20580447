"""Finds checks and facts through entry points, the built-in ones like anybody else's."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import msgspec

from diag.declare.check import Check
from diag.declare.fact import Fact
from diag.model.tool_error import ToolError

GROUP = "lustre_doctor.checks"
"""Entry-point group. Each entry names a module (or a package's module) whose Check and Fact objects are taken."""

IMPORT_PATIENCE_S = 5.0


class Plugins(msgspec.Struct, frozen=True):
    """What the installed plugins offer, and which of them could not be loaded."""

    checks: tuple[Check, ...]
    facts: tuple[Fact, ...]
    errors: tuple[ToolError, ...] = ()


def load_plugins(found: Iterable[EntryPoint] | None = None) -> Plugins:
    """Load every entry of the group, sorted by name.

    A plugin that fails to import, or hangs while importing, costs only its own checks. Two checks with one id: the
    first keeps it, the second is an error.
    """
    checks: dict[str, Check] = {}
    facts: dict[str, Fact] = {}
    errors: list[ToolError] = []
    entries = sorted(entry_points(group=GROUP) if found is None else found, key=lambda e: (e.name, e.value))
    for entry, module in _load_all(entries):
        if isinstance(module, ToolError):
            errors.append(module)
            continue
        for item in _members(module):
            if isinstance(item, Check):
                other = checks.setdefault(item.id, item)
                if other is not item:
                    errors.append(ToolError(entry.name, f"check id {item.id!r} is taken by {other.origin}"))
            else:
                facts[item.name] = item
    ordered = sorted(checks.values(), key=lambda c: (c.layer.depth, c.id))
    return Plugins(tuple(ordered), tuple(facts.values()), tuple(errors))


def _members(module: Any) -> list[Check | Fact]:
    own = [module] if isinstance(module, Check | Fact) else list(vars(module).values())
    name = getattr(module, "__name__", None)
    return [
        item
        for item in own
        if isinstance(item, Check | Fact) and (name is None or item.function.__module__.startswith(name))
    ]


def _load_all(entries: Sequence[EntryPoint]) -> Iterator[tuple[EntryPoint, Any]]:
    """Each entry with its module, or with the error. One thread loads them in turn: a thread for each takes as long
    as the loading itself. The one that hangs stays behind with its plugin, another goes on."""
    position = 0
    while position < len(entries):
        loaded: queue.SimpleQueue[Any] = queue.SimpleQueue()
        left_behind = threading.Event()
        arguments = (entries[position:], loaded, left_behind)
        threading.Thread(target=_load, args=arguments, name="plugins", daemon=True).start()
        while position < len(entries) and not left_behind.is_set():
            entry = entries[position]
            position += 1
            try:
                yield entry, loaded.get(timeout=IMPORT_PATIENCE_S)
            except queue.Empty:
                left_behind.set()
                yield entry, ToolError(entry.name, f"plugin {entry.name} ({entry.value}) hung while it was imported")


def _load(entries: Sequence[EntryPoint], loaded: queue.SimpleQueue[Any], left_behind: threading.Event) -> None:
    for entry in entries:
        if left_behind.is_set():
            return
        try:
            loaded.put(entry.load())
        except BaseException as error:
            message = f"plugin {entry.name} ({entry.value}) cannot be imported: {type(error).__name__}: {error}"
            loaded.put(ToolError(entry.name, message))
