"""One run: select checks, gather what they need, judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from diag.declare.check import Check
from diag.declare.fact import Fact
from diag.engine.gather import gather
from diag.engine.graph import catalogue, closure, wanted_by
from diag.engine.judge import Judged, judge
from diag.engine.snapshot import Snapshot, is_read, not_in_snapshot
from diag.model.exit_code import WrongUsage
from diag.model.layer import Layer
from diag.model.tool_error import ToolError
from diag.model.unavailable import Reason, Unavailable
from diag.resources.target import Settings, Target

ALWAYS = (
    "cluster_identity",
    "volumes",
    "mounts",
    "claims",
    "mounted_file_systems",
    "warning_events",
    "claim_events",
    "pods",
)
"""Facts that the diagnosis and the report themselves need, whatever checks are selected."""


class Outcome(msgspec.Struct, frozen=True):
    """Everything a report is made from."""

    snapshot: Snapshot
    facts: dict[str, Any]
    judged: Judged
    checks: tuple[Check, ...]
    seconds: dict[str, float] = {}

    @property
    def unavailable(self) -> tuple[Unavailable, ...]:
        """The root reasons why facts that were asked for are missing, each once."""
        unasked = (Reason.NOT_ASKED, Reason.OFFLINE)
        missing = (v for v in self.facts.values() if isinstance(v, Unavailable) and v.reason not in unasked)
        return tuple(dict.fromkeys(missing))


class UnknownSelection(WrongUsage):
    """`--only` or `--skip` names neither a check nor a layer."""


def select(checks: Sequence[Check], only: Iterable[str] = (), skip: Iterable[str] = ()) -> tuple[Check, ...]:
    """The checks to run: by id or by layer, `skip` after `only`; opt-in ones only when named.

    Raises UnknownSelection for a name that is neither.
    """
    wanted, unwanted = tuple(only), frozenset(skip)
    known = selectable(checks)
    for name in (*wanted, *unwanted):
        if name not in known:
            raise UnknownSelection(f"{name!r} is neither a check nor a layer (see `lustre-doctor checks`)")

    def named(check: Check, names: Iterable[str]) -> bool:
        return bool({check.id, check.layer.value, _family(check)} & set(names))

    chosen = (c for c in checks if (named(c, wanted) if wanted else not c.opt_in))
    return tuple(c for c in chosen if not named(c, unwanted) and (not c.opt_in or {c.id, _family(c)} & set(wanted)))


def selectable(checks: Iterable[Check]) -> frozenset[str]:
    """What may be selected: ids of checks, layers, and families: a folder of checks that is no layer, or a module."""
    return frozenset(name for check in checks for name in (check.id, check.layer.value, _family(check)))


def _family(check: Check) -> str:
    """`leftovers` for the checks in `checks/leftovers/`; a plugin's own folder or module likewise."""
    package, _, module = check.origin.rpartition(".")
    folder = package.rpartition(".")[2]
    is_layer = folder in {layer.value.replace("-", "_") for layer in Layer}
    return (folder if folder and not is_layer else module).replace("_", "-")


def observe(
    checks: Sequence[Check],
    facts: Iterable[Fact],
    sources: Mapping[str, Any],
    *,
    target: Target,
    settings: Settings,
    taken_at: str,
    deadline: float,
    tool_version: str,
    progress: Callable[[str], None] = lambda name: None,
    meanwhile: Callable[[], None] | None = None,
) -> Outcome:
    """A live run: read the world until the `time.monotonic()` deadline, then judge.

    `meanwhile` is called once, in a thread, when the run has begun to wait for answers.
    """
    given = {**sources, "target": target, "settings": settings, "taken_at": taken_at}
    by_name = catalogue(facts)
    needed = closure((*wanted_by(checks), *(n for n in ALWAYS if n in by_name)), by_name, given)
    _expect(sources, needed)
    gathered = gather(
        needed,
        given,
        deadline=deadline,
        progress=progress,
        hurry=lambda: _hurry(sources),
        meanwhile=meanwhile,
    )
    read = {f.name: gathered.values[f.name] for f in needed if is_read(f, sources)}
    snapshot = Snapshot(taken_at, target, settings, read, tool_version)
    crashes = tuple(
        ToolError(name, f"reading {name.replace('_', ' ')} crashed", trace) for name, trace in gathered.crashes.items()
    )
    judged = judge(checks, {**given, **gathered.values})
    return Outcome(
        snapshot, gathered.values, Judged(judged.findings, (*crashes, *judged.errors)), tuple(checks), gathered.seconds
    )


def _expect(sources: Mapping[str, Any], facts: Sequence[Fact]) -> None:
    """Tell every source that can prepare itself which permissions will be used, in the order of their need."""
    permissions = tuple(dict.fromkeys(permission for fact in facts for permission in fact.permissions))
    for source in sources.values():
        if hasattr(source, "expect"):
            source.expect(permissions)


def _hurry(sources: Mapping[str, Any]) -> None:
    """Tell every source that can to end with what it has."""
    for source in sources.values():
        if hasattr(source, "hurry"):
            source.hurry()


def replay(checks: Sequence[Check], facts: Iterable[Fact], sources: Iterable[str], snapshot: Snapshot) -> Outcome:
    """A run over a snapshot: no source is touched."""
    names = tuple(sources)
    given = {"target": snapshot.target, "settings": snapshot.settings, "taken_at": snapshot.taken_at}
    by_name = catalogue(facts)
    needed = closure((*wanted_by(checks), *(n for n in ALWAYS if n in by_name)), by_name, (*given, *names))
    read = (fact for fact in needed if is_read(fact, names))
    known = {f.name: snapshot.facts[f.name] if f.name in snapshot.facts else not_in_snapshot(f) for f in read}
    gathered = gather(needed, given, deadline=time.monotonic() + 60, known=known)
    judged = judge(checks, {**given, **gathered.values})
    return Outcome(snapshot, gathered.values, judged, tuple(checks))
