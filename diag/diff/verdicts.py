"""Which checks say something else than before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from diag.model.finding import Finding
from diag.model.layer import Layer
from diag.model.subject import Subject
from diag.model.verdict import Verdict


class VerdictChange(msgspec.Struct, frozen=True):
    """The worst verdict of one check about one subject, before and after; None where it said nothing."""

    layer: Layer
    check: str
    subject: Subject
    before: Verdict | None
    after: Verdict | None
    message: str
    """What the worse side says."""


def verdict_changes(before: Iterable[Finding], after: Iterable[Finding]) -> tuple[VerdictChange, ...]:
    """Every change, in the order of the mount path."""
    old, new = _gravest(before), _gravest(after)
    changes = []
    for key in dict.fromkeys((*old, *new)):
        one, other = old.get(key), new.get(key)
        worse = max((f for f in (one, other) if f is not None), key=lambda f: f.verdict.rank)
        if (one.verdict if one else None) != (other.verdict if other else None):
            changes.append(
                VerdictChange(
                    worse.layer, *key, one.verdict if one else None, other.verdict if other else None, worse.message
                )
            )
    return tuple(sorted(changes, key=lambda change: (change.layer.depth, change.check, change.subject)))


def _gravest(findings: Iterable[Finding]) -> Mapping[tuple[str, Subject], Finding]:
    found: dict[tuple[str, Subject], Finding] = {}
    for finding in findings:
        key = (finding.check, finding.subject)
        if key not in found or found[key].verdict.rank < finding.verdict.rank:
            found[key] = finding
    return found
