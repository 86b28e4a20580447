"""Texts that no signature was written from: what a person gets for them, diagnosis by diagnosis."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from diag.diagnosis.explain import explain
from diag.knowledge.runbooks import Knowledge
from diag.model.diagnosis import Likelihood
from diag.model.symptom import TextStream
from diag.texts.symptoms import read_symptoms
from tests.accuracy.measure import is_right

OUT_OF_SAMPLE = Path(__file__).parent / "out_of_sample.jsonl"
"""Each record's expectation was written down before the tool saw the text."""


class Kind(StrEnum):
    """What a text is worth."""

    CAUSE = "cause"
    """It shows one of the named causes, or for each of several diagnoses one of its causes."""
    UNPROVEN = "unproven"
    """Nobody can name its cause from it: no verdict beyond the record's."""
    NONE = "none"
    """Healthy, or somebody else's failure: no cause at all."""


class Expected(NamedTuple):
    """A text and what may be said of it."""

    id: str
    source: str
    medium: str
    kind: Kind
    diagnoses: tuple[tuple[str, ...], ...]
    """For each diagnosis the causes that may come first; a refinement of one counts too."""
    verdicts: tuple[Likelihood, ...]
    """The verdicts that the first cause (of an unproven text: any cause) may get."""
    text: str


class Outcome(NamedTuple):
    """What the tool answered for one text: for each diagnosis its causes, best first, ruled-out ones left out."""

    expected: Expected
    diagnoses: tuple[tuple[tuple[str, Likelihood], ...], ...]

    @property
    def tops(self) -> tuple[tuple[str, Likelihood], ...]:
        """The first cause of each diagnosis that names one."""
        return tuple(causes[0] for causes in self.diagnoses if causes)


def expected(file: Path = OUT_OF_SAMPLE) -> tuple[Expected, ...]:
    """The records of the file."""
    return tuple(_record(line) for line in file.read_text("utf-8").splitlines() if line.strip())


def _record(line: str) -> Expected:
    fields = json.loads(line)
    return Expected(
        id=fields["id"],
        source=fields["source"],
        medium=fields["medium"],
        kind=Kind(fields["kind"]),
        diagnoses=tuple(tuple(causes) for causes in fields["diagnoses"]),
        verdicts=tuple(Likelihood(verdict) for verdict in fields["verdicts"]),
        text=fields["text"],
    )


def explained(record: Expected, text: str, knowledge: Knowledge) -> Outcome:
    """What a person gets who pastes `text` (the record's own or another form of it)."""
    report = read_symptoms((TextStream("", iter((text.encode("utf-8"),))),), knowledge)
    diagnoses = explain(report.groups, knowledge.causes)
    return Outcome(
        record,
        tuple(
            tuple((c.id, c.verdict) for c in diagnosis.causes if c.verdict is not Likelihood.RULED_OUT)
            for diagnosis in diagnoses
        ),
    )


def is_top_right(answer: Outcome, knowledge: Knowledge) -> bool:
    """Every expected diagnosis is there with a right first cause, and the first one is one of them."""
    open_ = list(answer.tops)
    for causes in answer.expected.diagnoses:
        found = next((top for top in open_ if _is_one_of(top[0], causes, knowledge)), None)
        if found is None:
            return False
        open_.remove(found)
    return bool(answer.tops) and any(
        _is_one_of(answer.tops[0][0], causes, knowledge) for causes in answer.expected.diagnoses
    )


def wrong_verdicts(answer: Outcome) -> tuple[tuple[str, Likelihood], ...]:
    """What was said with another certainty than the text bears."""
    record = answer.expected
    if record.kind is Kind.NONE:
        return tuple(cause for causes in answer.diagnoses for cause in causes)
    if record.kind is Kind.UNPROVEN:
        said = (cause for causes in answer.diagnoses for cause in causes)
        return tuple(cause for cause in said if cause[1] not in record.verdicts)
    return tuple(top for top in answer.tops if top[1] not in record.verdicts)


def wrongly_confirmed(answer: Outcome, knowledge: Knowledge) -> tuple[str, ...]:
    """Causes called confirmed that are none of the record's."""
    allowed = answer.expected.diagnoses
    if answer.expected.kind is Kind.UNPROVEN and Likelihood.CONFIRMED in answer.expected.verdicts:
        return ()
    return tuple(
        id
        for causes in answer.diagnoses
        for id, verdict in causes
        if verdict is Likelihood.CONFIRMED and not any(_is_one_of(id, one, knowledge) for one in allowed)
    )


class Figures(NamedTuple):
    """How a set of answers did."""

    right: int
    asked: int
    misjudged: int
    """Right causes with another certainty than the text bears."""
    wrongly_confirmed: int
    false_positives: int
    """Texts of no cause for which one was named."""
    harmless: int
    """Texts of no cause."""
    overstated: int
    """Unproven texts of which more was said than they bear."""
    unproven: int

    @property
    def top_1(self) -> float:
        """Share of right answers."""
        return self.right / self.asked if self.asked else 1.0


def figures(answers: Iterable[Outcome], knowledge: Knowledge) -> Figures:
    """The figures of a set of answers."""
    by_kind: dict[Kind, list[Outcome]] = {kind: [] for kind in Kind}
    for answer in answers:
        by_kind[answer.expected.kind].append(answer)
    right = [answer for answer in by_kind[Kind.CAUSE] if is_top_right(answer, knowledge)]
    everything = [answer for some in by_kind.values() for answer in some]
    return Figures(
        right=len(right),
        asked=len(by_kind[Kind.CAUSE]),
        misjudged=sum(bool(wrong_verdicts(answer)) for answer in right),
        wrongly_confirmed=sum(bool(wrongly_confirmed(answer, knowledge)) for answer in everything),
        false_positives=sum(bool(wrong_verdicts(answer)) for answer in by_kind[Kind.NONE]),
        harmless=len(by_kind[Kind.NONE]),
        overstated=sum(bool(wrong_verdicts(answer)) for answer in by_kind[Kind.UNPROVEN]),
        unproven=len(by_kind[Kind.UNPROVEN]),
    )


def _is_one_of(named: str, causes: Iterable[str], knowledge: Knowledge) -> bool:
    return any(is_right(named, cause, knowledge) for cause in causes)
