"""What `explain` makes of samples, and how often it is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from diag.diagnosis.explain import explain
from diag.knowledge.runbooks import Knowledge
from diag.model.diagnosis import Likelihood
from diag.model.symptom import TextStream
from diag.texts.symptoms import read_symptoms
from tests.accuracy.samples import Sample


class Answer(NamedTuple):
    """The causes named for one sample, best first, ruled-out ones left out."""

    sample: Sample
    causes: tuple[tuple[str, Likelihood], ...]

    @property
    def top(self) -> str:
        """The first cause named, empty when none is."""
        return self.causes[0][0] if self.causes else ""

    @property
    def is_confirmed(self) -> bool:
        """Some cause is called confirmed."""
        return any(likelihood is Likelihood.CONFIRMED for _, likelihood in self.causes)


def answer(sample: Sample, text: str, knowledge: Knowledge) -> Answer:
    """What a person gets who pastes `text` (the sample's own or a variant of it)."""
    report = read_symptoms((TextStream("", iter((text.encode("utf-8"),))),), knowledge)
    diagnoses = explain(report.groups, knowledge.causes)
    named: dict[str, Likelihood] = {}
    for diagnosis in diagnoses:
        for cause in diagnosis.causes:
            if cause.verdict is not Likelihood.RULED_OUT:
                named.setdefault(cause.id, cause.verdict)
    return Answer(sample, tuple(named.items()))


def is_right(named: str, cause: str, knowledge: Knowledge) -> bool:
    """Whether the named cause is the right one or a special case of it."""
    while named:
        if named == cause:
            return True
        named = knowledge.causes[named].broader if named in knowledge.causes else ""
    return False


class Score(NamedTuple):
    """How a set of answers did."""

    right: int
    asked: int
    confusions: Counter[tuple[str, str]]
    """(established cause, named cause) of the wrong answers."""
    per_cause: dict[str, tuple[float, float, int]]
    """Precision, recall and number of samples by cause."""

    @property
    def top_1(self) -> float:
        """Share of right answers."""
        return self.right / self.asked if self.asked else 1.0


def score(answers: Iterable[Answer], knowledge: Knowledge) -> Score:
    """Top-1 over the samples whose cause was established."""
    asked = [answer for answer in answers if answer.sample.confirmed and answer.sample.cause]
    right = [answer for answer in asked if is_right(answer.top, answer.sample.cause, knowledge)]
    wrong = [answer for answer in asked if answer not in right]
    named: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    wanted = Counter(answer.sample.cause for answer in asked)
    for answer in asked:
        found = answer in right
        named[answer.sample.cause if found else answer.top] += 1
        hit[answer.sample.cause] += found
    per_cause = {
        cause: (hit[cause] / named[cause] if named[cause] else 0.0, hit[cause] / wanted[cause], wanted[cause])
        for cause in sorted(wanted)
    }
    confusions = Counter((answer.sample.cause, answer.top or "not recognised") for answer in wrong)
    return Score(len(right), len(asked), confusions, per_cause)
