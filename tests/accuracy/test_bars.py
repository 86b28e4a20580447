"""The bars that the matcher and the diagnosis must clear, on the samples and on variants of them."""

from __future__ import annotations

import pytest

from diag.knowledge.runbooks import load_knowledge
from tests.accuracy.measure import Answer, answer, is_right, score
from tests.accuracy.samples import INCIDENTS, REAL_OUTPUTS, samples
from tests.accuracy.variants import VARIANTS, variants

KNOWLEDGE = load_knowledge()
BAR = 0.95
KNOWN = samples(INCIDENTS, REAL_OUTPUTS)


def answers(kind: str = "") -> list[Answer]:
    return [
        answer(sample, variants(sample.text, number)[kind] if kind else sample.text, KNOWLEDGE)
        for number, sample in enumerate(KNOWN)
    ]


def test_the_established_cause_or_a_special_case_of_it_comes_first() -> None:
    given = answers()
    assert score([a for a in given if a.sample in samples(INCIDENTS)], KNOWLEDGE).top_1 >= BAR
    assert score([a for a in given if a.sample in samples(REAL_OUTPUTS)], KNOWLEDGE).top_1 >= BAR


@pytest.mark.parametrize("kind", VARIANTS)
def test_it_comes_first_in_other_words_too(kind: str) -> None:
    assert score(answers(kind), KNOWLEDGE).top_1 >= BAR


@pytest.mark.parametrize("kind", ["", *VARIANTS])
def test_what_is_not_established_is_never_confirmed(kind: str) -> None:
    unproven = [a for a in answers(kind) if not (a.sample.confirmed and a.sample.cause)]
    assert [a.sample.id for a in unproven if a.is_confirmed] == []


@pytest.mark.parametrize("sample", [s for s in samples(REAL_OUTPUTS) if not s.cause], ids=lambda sample: sample.id)
def test_a_mount_that_worked_has_no_cause(sample: object) -> None:
    assert isinstance(sample, type(KNOWN[0]))
    assert answer(sample, sample.text, KNOWLEDGE).causes == ()


def test_a_refinement_counts_and_a_broader_cause_does_not() -> None:
    assert is_right("kernel-module-version-mismatch", "lustre-module-missing", KNOWLEDGE)
    assert not is_right("lustre-module-missing", "kernel-module-version-mismatch", KNOWLEDGE)
