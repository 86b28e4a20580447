"""One run: gather the facts that the checks need, live, from a snapshot or from manifests alone, and judge them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from diag.engine.judge import Judged, judge
from diag.engine.refusals import refusals_in
from diag.engine.scheduler import Gathered, gather
from diag.engine.snapshot import Snapshot, not_in_snapshot
from diag.model.tool_error import ToolError
from diag.model.unavailable import Reason, Unavailable
from diag.registry import Check, Fact, Registry
from diag.resources.eks import ClusterIdentity
from diag.resources.manifests import ManifestSet
from diag.sources.source import Source
from diag.watchdog import end_process_after

OFFLINE = Unavailable("cluster and account", Reason.OFFLINE, "not asked: --offline", remedy="run without --offline")

PRELOAD_S = 1.0
"""How long plugins' checks wait for `preload` to end."""

REPLAY_S = 60.0
"""How long facts may take to be worked out from a snapshot."""


class Outcome(msgspec.Struct, frozen=True):
    """Everything a report is made from."""

    snapshot: Snapshot
    facts: dict[str, Any]
    judged: Judged
    checks: tuple[Check, ...]
    seconds: dict[str, float] = {}
    is_complete: bool = True
    """Whether everything could be read without which the diagnosis may have missed a failure."""

    @property
    def unavailable(self) -> tuple[Unavailable, ...]:
        """The root reasons why facts that were asked for are missing, and every refused call, each once."""
        missing = (v for v in self.facts.values() if isinstance(v, Unavailable) and v.reason not in _UNASKED)
        refused = (refusal for value in self.facts.values() for refusal in refusals_in(value))
        return tuple(dict.fromkeys((*missing, *refused)))


_UNASKED = (Reason.NOT_ASKED, Reason.OFFLINE)


class _Tally:
    """How far a run is, in a person's words: `Kubernetes 12/31, AWS 8/19, nodes 40/1000`."""

    def __init__(self, needed: Sequence[Fact], sources: Mapping[str, object], show: Callable[[str], None]) -> None:
        self._show = show
        self._sources = {
            name: source for name, source in sources.items() if isinstance(source, Source) and source.label
        }
        self._of = {fact.name: name for fact in needed for name in self._named_by(fact)[:1]}
        self._read: Counter[str] = Counter()
        self._all = Counter(self._of.values())
        for source in self._sources.values():
            source.moved = self._say

    def __call__(self, fact: str) -> None:
        """One more fact was read."""
        self._read.update([self._of[fact]] if fact in self._of else [])
        self._say()

    def _named_by(self, fact: Fact) -> list[str]:
        return [need.name for need in fact.needs if need.name in self._sources]

    def _say(self) -> None:
        counts = ((s.label, s.counted or (self._read[name], self._all[name])) for name, s in self._sources.items())
        self._show(", ".join(f"{label} {done}/{all_}" for label, (done, all_) in counts if all_))


def observe(
    registry: Registry,
    checks: Sequence[Check],
    sources: Mapping[str, object],
    asked: Snapshot,
    *,
    deadline: float,
    also: Iterable[str] = (),
    progress: Callable[[str], None] | None = None,
    preload: Callable[[], None] | None = None,
) -> Outcome:
    """A live run: read what the checks need, and the facts `also`, until the `time.monotonic()` deadline, then judge.

    `asked` is the snapshot to fill: its target and settings, no facts yet. `preload` runs once in a background thread
    when the run has begun to wait for answers.
    """
    needed = registry.facts_of_run(checks, *also)
    readers = [source for source in sources.values() if isinstance(source, Source)]
    permissions = tuple(dict.fromkeys(permission for fact in needed for permission in fact.permissions))
    for reader in readers:
        reader.expect(permissions)

    def cancel() -> None:
        for reader in readers:
            reader.cancel()

    tally = _Tally(needed, sources, progress) if progress else None
    given = {**sources, **_asked(asked)}
    loading = threading.Thread(target=preload, name="preload", daemon=True) if preload else None
    start_loading = loading.start if loading else None
    with end_process_after(deadline - time.monotonic()):
        gathered = gather(needed, given, deadline=deadline, progress=tally, cancel=cancel, on_wait=start_loading)
    read = {fact.name: gathered.values[fact.name] for fact in needed if registry.is_read(fact)}
    if loading is not None and loading.ident and not all(check.is_built_in for check in checks):
        # A child process would wait for ever for a module that another thread was loading when it was forked.
        loading.join(PRELOAD_S)
    return _judged(registry, msgspec.structs.replace(asked, facts=read), checks, given, gathered, deadline)


def replay(
    registry: Registry, checks: Sequence[Check], snapshot: Snapshot, *, deadline: float | None = None
) -> Outcome:
    """A run over a snapshot: no source is touched.

    The deadline is for checks that hang. Facts have their own time: a large snapshot takes as long as it takes.
    """
    needed = registry.facts_of_run(checks)
    known = {fact.name: _recorded(fact, snapshot) for fact in needed if registry.is_read(fact)}
    given = _asked(snapshot)
    until = time.monotonic() + REPLAY_S
    with end_process_after(REPLAY_S):
        gathered = gather(needed, given, deadline=until, known=known)
    return _judged(registry, snapshot, checks, given, gathered, until if deadline is None else deadline)


def offline(registry: Registry, asked: Snapshot, manifests: ManifestSet) -> Snapshot:
    """The snapshot of a run over manifests alone: facts that would need an API are not asked, which is no unknown."""
    settings = asked.settings
    facts = {fact.name: OFFLINE for fact in registry.facts.values() if registry.is_read(fact)}
    identity = ClusterIdentity(settings.cluster, settings.region, "", "--cluster", "--region")
    return msgspec.structs.replace(asked, facts={**facts, "manifest_set": manifests, "cluster_identity": identity})


def _judged(
    registry: Registry,
    snapshot: Snapshot,
    checks: Sequence[Check],
    given: Mapping[str, Any],
    gathered: Gathered,
    deadline: float,
) -> Outcome:
    crashes = tuple(
        ToolError(name, f"reading {name.replace('_', ' ')} crashed", trace) for name, trace in gathered.crashes.items()
    )
    judged = judge(checks, {**given, **gathered.values}, deadline=deadline)
    judged = Judged(judged.findings, (*crashes, *judged.errors))
    needed = (gathered.values.get(fact.name) for fact in registry.facts.values() if fact.always == "diagnosis")
    is_complete = not any(isinstance(value, Unavailable) and value.reason not in _UNASKED for value in needed)
    return Outcome(snapshot, gathered.values, judged, tuple(checks), gathered.seconds, is_complete)


def _asked(snapshot: Snapshot) -> dict[str, Any]:
    return {"target": snapshot.target, "settings": snapshot.settings, "taken_at": snapshot.taken_at}


def _recorded(fact: Fact, snapshot: Snapshot) -> Any:
    return snapshot.facts[fact.name] if fact.name in snapshot.facts else not_in_snapshot(fact)
