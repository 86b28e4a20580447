"""Diagnoses of one cause, told as people tell them: the first few in full, of the rest how many and which.

A server that is down fails a thousand mounts. Machines get them all (JSON, JUnit); a person reads the first.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from diag.model.diagnosis import Diagnosis
from diag.model.verdict import Verdict

IN_FULL = 3
"""Diagnoses of one cause that are told in full."""
NAMED = 5
"""Subjects named of those that are not."""


class Alike(msgspec.Struct, frozen=True):
    """Diagnoses with one leading cause."""

    cause: str
    """Its id; empty where none is known."""
    gravity: Verdict
    in_full: tuple[Diagnosis, ...]
    rest: tuple[Diagnosis, ...] = ()

    @property
    def told(self) -> str:
        """`997 more fail of client-server-version-mismatch: PersistentVolume data-0003, … and 992 more`."""
        names = list(dict.fromkeys(str(diagnosis.subject) for diagnosis in self.rest))
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        verb = "fail" if self.gravity is Verdict.FAIL else "warn"
        why = f" of {self.cause}" if self.cause else " of a cause that is not known"
        return f"{len(self.rest)} more {verb}{why}: {', '.join(names[:NAMED])}{more}"


def alike(diagnoses: Iterable[Diagnosis]) -> tuple[Alike, ...]:
    """The diagnoses by leading cause, in the order of their first."""
    groups: dict[tuple[str, Verdict], list[Diagnosis]] = {}
    for diagnosis in diagnoses:
        cause = diagnosis.best.id if diagnosis.best else ""
        groups.setdefault((cause, diagnosis.gravity), []).append(diagnosis)
    return tuple(
        Alike(cause, gravity, tuple(group[:IN_FULL]), tuple(group[IN_FULL:]))
        for (cause, gravity), group in groups.items()
    )
