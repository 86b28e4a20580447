"""How the formats sort and group what a report holds, so that all of them say the same."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from diag.model.diagnosis import Diagnosis
from diag.model.finding import Finding
from diag.model.layer import Layer
from diag.model.verdict import Verdict

WORST_FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS, Verdict.SKIP)

IN_FULL = 3
"""Diagnoses of one cause that a person reads in full: a server that is down fails a thousand mounts."""
NAMED = 5
"""Subjects named of the other diagnoses."""
SAME_ROWS = 3
"""Subjects named for findings that say the same."""


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By severity, then in the order of the mount path; suppressed ones after the others."""
    order = {verdict: rank for rank, verdict in enumerate(WORST_FIRST)}
    return tuple(sorted(findings, key=lambda f: (bool(f.suppressed), order[f.verdict], f.layer.depth)))


class SameCause(msgspec.Struct, frozen=True):
    """Diagnoses with one leading cause. Machines get them all (JSON, JUnit)."""

    cause: str
    """Its id; empty where none is known."""
    gravity: Verdict
    in_full: tuple[Diagnosis, ...]
    rest: tuple[Diagnosis, ...] = ()

    @property
    def summary(self) -> str:
        """`997 more with the same cause (mgs-not-running): PersistentVolume data-0003, … and 992 more`."""
        kind = "" if self.gravity is Verdict.FAIL else "warnings "
        why = f"with the same cause ({self.cause})" if self.cause else "without a known cause"
        names = _first((str(diagnosis.subject) for diagnosis in self.rest), NAMED)
        return f"{len(self.rest)} more {kind}{why}: {names}"


def by_cause(diagnoses: Iterable[Diagnosis], in_full: int = IN_FULL) -> tuple[SameCause, ...]:
    """The diagnoses by leading cause, in the order of their first; so many of each are shown in full."""
    groups: dict[tuple[str, Verdict], list[Diagnosis]] = {}
    for diagnosis in diagnoses:
        cause = diagnosis.best.id if diagnosis.best else ""
        groups.setdefault((cause, diagnosis.gravity), []).append(diagnosis)
    return tuple(
        SameCause(cause, gravity, tuple(group[:in_full]), tuple(group[in_full:]))
        for (cause, gravity), group in groups.items()
    )


class SameMessage(msgspec.Struct, frozen=True):
    """Findings of one check that say the same of several subjects."""

    finding: Finding
    subjects: str


def by_message(findings: Iterable[Finding]) -> tuple[SameMessage, ...]:
    """Findings that say the same together, in the order of their first."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.check, finding.verdict, finding.message, finding.location, finding.suppressed)
        groups.setdefault(key, []).append(finding)
    return tuple(SameMessage(same[0], _first((str(f.subject) for f in same), SAME_ROWS)) for same in groups.values())


class LayerState(msgspec.Struct, frozen=True):
    """What the checks of one layer come to."""

    layer: Layer
    worst: Finding
    worst_checks: tuple[str, ...]
    """The checks with the verdict of the worst."""
    ran: int
    passed: int


def by_layer(findings: Iterable[Finding]) -> tuple[LayerState, ...]:
    """Each layer that has findings, in the order of the mount path. What was skipped counts where all was."""
    own: dict[Layer, list[Finding]] = {layer: [] for layer in Layer}
    for finding in findings:
        own[finding.layer].append(finding)
    return tuple(_state(layer, found) for layer, found in own.items() if found)


def _state(layer: Layer, findings: list[Finding]) -> LayerState:
    ran = [finding for finding in findings if finding.verdict is not Verdict.SKIP]
    worst = max(ran or findings, key=lambda finding: (not finding.suppressed, finding.verdict.rank))
    same = (f.check for f in findings if (f.verdict, bool(f.suppressed)) == (worst.verdict, bool(worst.suppressed)))
    passed = sum(1 for finding in ran if finding.verdict is Verdict.PASS)
    return LayerState(layer, worst, tuple(dict.fromkeys(same)), len(ran), passed)


def _first(names: Iterable[str], number: int) -> str:
    """`a, b, c and 7 more`, each once."""
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - number} more" if len(distinct) > number else ""
    return ", ".join(distinct[:number]) + more
