"""Finds checks and facts through entry points, the built-in ones like anybody else's."""

from __future__ import annotations

import importlib
import pkgutil
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import msgspec

from diag.declare.check import Check
from diag.declare.fact import Fact
from diag.model.tool_error import ToolError

GROUP = "lustre_doctor.checks"
"""Entry-point group. An entry names a module, or a package whose modules are all loaded: their checks and facts are
taken."""

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
    return [item for item in own if isinstance(item, Check | Fact) and name in (None, item.function.__module__)]


def _load_all(entries: Sequence[EntryPoint]) -> Iterator[tuple[EntryPoint, Any]]:
    """Each entry with each of its modules, or with the error. One thread loads them in turn: a thread for each takes
    as long as the loading itself. The one that hangs stays behind with its plugin, another goes on."""
    waiting = list(entries)
    while waiting:
        loaded: queue.SimpleQueue[Any] = queue.SimpleQueue()
        left_behind = threading.Event()
        arguments = (tuple(waiting), loaded, left_behind)
        threading.Thread(target=_load, args=arguments, name="plugins", daemon=True).start()
        while waiting and not left_behind.is_set():
            entry = waiting[0]
            try:
                module = loaded.get(timeout=IMPORT_PATIENCE_S)
            except queue.Empty:
                left_behind.set()
                module = ToolError(entry.name, f"plugin {entry.name} ({entry.value}) hung while it was imported")
            if module is _END or left_behind.is_set():
                waiting.pop(0)
            if module is not _END:
                yield entry, module


_END = object()
"""Stands after the last module of an entry."""


def _load(entries: Sequence[EntryPoint], loaded: queue.SimpleQueue[Any], left_behind: threading.Event) -> None:
    for entry in entries:
        module = _imported(entry, entry.load)
        loaded.put(module)
        for name in _modules_of(module):
            if left_behind.is_set():
                return
            loaded.put(_imported(entry, partial(importlib.import_module, name)))
        loaded.put(_END)


def _modules_of(package: Any) -> Iterator[str]:
    """The names of all modules below a package, in order. A plain module has none."""
    if isinstance(package, ModuleType) and hasattr(package, "__path__"):
        yield from _names_below(package.__path__, package.__name__)


def _names_below(folders: Iterable[str], prefix: str) -> Iterator[str]:
    for found in sorted(pkgutil.iter_modules(folders), key=lambda module: module.name):
        name = f"{prefix}.{found.name}"
        yield name
        if found.ispkg:
            yield from _names_below([f"{folder}/{found.name}" for folder in folders], name)


def _imported(entry: EntryPoint, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except BaseException as error:
        message = f"plugin {entry.name} ({entry.value}) cannot be imported: {type(error).__name__}: {error}"
        return ToolError(entry.name, message)
