"""The differential diagnosis of one mount, one volume or one pasted text."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from diag.model.fix import Fix
from diag.model.layer import Layer
from diag.model.subject import Subject
from diag.model.verdict import Verdict


class Likelihood(enum.Enum):
    """How sure the tool is of one cause."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    POSSIBLE = "possible"
    RULED_OUT = "ruled-out"

    @property
    def rank(self) -> int:
        """0 for confirmed … 3 for ruled out."""
        return _RANK[self]


_RANK = {likelihood: rank for rank, likelihood in enumerate(Likelihood)}


class CauseVerdict(msgspec.Struct, frozen=True, rename={"for_": "for"}):
    """One cause with the evidence for and against it."""

    id: str
    title: str
    verdict: Likelihood
    layer: Layer
    broader: str = ""
    for_: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    """Single observations that settle it, most telling first: what to look at and, on a second line, the command."""
    fix: Fix | None = None
    url: str = ""
    """Page of the cause; empty for a team's own cause that names none."""


class Resemblance(msgspec.Struct, frozen=True):
    """A known text that a text without a known cause looks like. Not a diagnosis."""

    cause: str
    """The id of the cause whose text it is; empty for a message that is none's alone."""
    text: str
    likeness: int
    """In percent."""
    means: str = ""
    """What a message of the catalogue is and means; empty for a text of a runbook."""


class Diagnosis(msgspec.Struct, frozen=True):
    """Why one thing fails: its causes, best first."""

    subject: Subject
    headline: str
    """One sentence: what fails and why, in this incident's own values."""
    symptoms: tuple[str, ...] = ()
    causes: tuple[CauseVerdict, ...] = ()
    concerns: tuple[Subject, ...] = ()
    values: dict[str, str] = {}
    """Names and ids of this incident that fill a runbook's commands."""
    gravity: Verdict = Verdict.FAIL
    """Warn where nothing fails yet."""
    consequences: tuple[str, ...] = ()
    """Failures that the first cause explains, or that no request has reached yet because of it."""
    origins: tuple[str, ...] = ()
    """Where the texts were read, `messages.log:812`, each with how often it was seen."""
    reads: tuple[str, ...] = ()
    """What the texts are, where they show no cause: known messages that accompany one."""
    resembles: tuple[Resemblance, ...] = ()
    """Known texts that are the most alike, where the texts show no cause."""

    @property
    def best(self) -> CauseVerdict | None:
        """The leading cause; None where none is known or all are ruled out."""
        return best_of(self.causes)


def best_of(causes: Iterable[CauseVerdict]) -> CauseVerdict | None:
    """The first of causes, best first, that is not ruled out."""
    return next((cause for cause in causes if cause.verdict is not Likelihood.RULED_OUT), None)
