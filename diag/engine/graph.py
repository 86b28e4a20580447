"""Which facts a set of checks needs, in which order they can be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from diag.declare.check import Check
from diag.declare.fact import Fact


class GraphError(Exception):
    """A declaration names a fact that nobody provides, or facts need each other in a circle. A bug of a plugin."""


def catalogue(facts: Iterable[Fact]) -> dict[str, Fact]:
    """Facts by name. Raises GraphError when two facts share one name."""
    by_name: dict[str, Fact] = {}
    for fact in facts:
        other = by_name.setdefault(fact.name, fact)
        if other is not fact:
            raise GraphError(
                f"fact {fact.name!r} is declared in {other.function.__module__} and in {fact.function.__module__}"
            )
    return by_name


def closure(wanted: Iterable[str], facts: Mapping[str, Fact], given: Iterable[str]) -> tuple[Fact, ...]:
    """The facts that the wanted names depend on, each after those it needs.

    `given` are names that the run supplies itself (sources, target). Raises GraphError for an unknown name or a
    circle, naming the way to it.
    """
    supplied = frozenset(given)
    ordered: dict[str, Fact] = {}
    path: list[str] = []

    def visit(name: str) -> None:
        if name in ordered or name in supplied:
            return
        if name in path:
            raise GraphError("facts need each other in a circle: " + " → ".join([*path, name]))
        if name not in facts:
            raise GraphError(f"no fact is called {name!r}" + (f" (needed by {path[-1]})" if path else ""))
        path.append(name)
        for need in facts[name].needs:
            visit(need.name)
        path.pop()
        ordered[name] = facts[name]

    for name in wanted:
        visit(name)
    return tuple(ordered.values())


def wanted_by(checks: Iterable[Check]) -> tuple[str, ...]:
    """Names of the facts that the checks ask for, each once, in a stable order."""
    return tuple(dict.fromkeys(need.name for check in checks for need in check.needs))


def permissions_of(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Every permission that reading the facts takes, sorted."""
    return tuple(sorted({p for fact in facts for p in (*fact.permissions, *fact.optional_permissions)}))
