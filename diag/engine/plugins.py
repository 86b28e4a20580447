"""Finds checks and facts through entry points, the built-in ones like anybody else's."""

from __future__ import annotations

import threading
from collections.abc import Iterable
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
    for entry in entries:
        module = _load(entry)
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


def _load(entry: EntryPoint) -> Any:
    outcome: list[Any] = []

    def load() -> None:
        try:
            outcome.append(entry.load())
        except BaseException as error:
            message = f"plugin {entry.name} ({entry.value}) cannot be imported: {type(error).__name__}: {error}"
            outcome.append(ToolError(entry.name, message))

    loader = threading.Thread(target=load, name=f"plugin {entry.name}", daemon=True)
    loader.start()
    loader.join(IMPORT_PATIENCE_S)
    if not outcome:
        return ToolError(entry.name, f"plugin {entry.name} ({entry.value}) hung while it was imported")
    return outcome[0]
