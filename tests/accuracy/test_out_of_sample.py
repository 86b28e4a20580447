"""The bars on texts that no signature was written from, as they are and as other programs and people hand them on."""

from __future__ import annotations

import pytest

from diag.knowledge.runbooks import load_knowledge
from diag.model.diagnosis import Likelihood
from tests.accuracy.containers import CONTAINERS, fits
from tests.accuracy.out_of_sample import (
    Expected,
    Kind,
    Outcome,
    expected,
    explained,
    figures,
    wrong_verdicts,
    wrongly_confirmed,
)

KNOWLEDGE = load_knowledge()
BAR = 0.95
RECORDS = expected()


@pytest.fixture(scope="module")
def answers() -> dict[str, Outcome]:
    return {record.id: explained(record, record.text, KNOWLEDGE) for record in RECORDS}


def of_kind(kind: Kind) -> list[Expected]:
    return [record for record in RECORDS if record.kind is kind]


def test_there_are_enough_of_them() -> None:
    assert len(of_kind(Kind.CAUSE)) >= 120
    assert len(of_kind(Kind.NONE)) + len(of_kind(Kind.UNPROVEN)) >= 40
    assert len({record.id for record in RECORDS}) == len(RECORDS)


def test_every_expected_cause_has_a_runbook() -> None:
    assert {cause for record in RECORDS for causes in record.diagnoses for cause in causes} <= set(KNOWLEDGE.causes)


def test_the_right_cause_comes_first(answers: dict[str, Outcome]) -> None:
    assert figures(answers.values(), KNOWLEDGE).top_1 >= BAR


@pytest.mark.parametrize("record", of_kind(Kind.NONE), ids=lambda record: record.id)
def test_a_healthy_line_and_anothers_failure_have_no_cause(answers: dict[str, Outcome], record: Expected) -> None:
    assert answers[record.id].tops == ()


@pytest.mark.parametrize("record", of_kind(Kind.UNPROVEN), ids=lambda record: record.id)
def test_no_more_is_said_than_the_text_bears(answers: dict[str, Outcome], record: Expected) -> None:
    assert wrong_verdicts(answers[record.id]) == ()


def test_nothing_is_confirmed_that_is_not_so(answers: dict[str, Outcome]) -> None:
    assert [answer.expected.id for answer in answers.values() if wrongly_confirmed(answer, KNOWLEDGE)] == []


@pytest.mark.parametrize("container", CONTAINERS)
def test_it_is_the_same_in_other_wrappings(container: str) -> None:
    wrap = CONTAINERS[container]
    answers = [explained(record, wrap(record.text), KNOWLEDGE) for record in RECORDS if fits(record, container)]
    result = figures(answers, KNOWLEDGE)
    assert result.top_1 >= BAR
    assert (result.wrongly_confirmed, result.false_positives, result.overstated) == (0, 0, 0)


def test_two_mounts_of_one_pod_are_told_apart_by_name() -> None:
    """Each diagnosis of `kubectl describe`'s output names its own volume."""
    from diag.diagnosis.explain import explain
    from diag.model.symptom import TextStream
    from diag.texts.symptoms import read_symptoms

    text = next(record.text for record in RECORDS if record.id == "t-describe-two")
    report = read_symptoms((TextStream("", iter((text.encode(),))),), KNOWLEDGE)
    named = {d.subject.name: d.causes[0].id for d in explain(report.groups, KNOWLEDGE.causes)}
    assert named == {"data-a": "client-server-version-mismatch", "data-b": "mgs-unreachable-network"}


def test_an_old_incident_is_not_mixed_with_todays(answers: dict[str, Outcome]) -> None:
    answer: Outcome = answers["t-old-network-new-version"]
    (today, verdict), (old, _) = answer.tops
    assert (today, verdict) == ("client-server-version-mismatch", Likelihood.CONFIRMED)
    assert old in {"mgs-unreachable-network", "mgs-down"}, "last week's blocked port is reported by itself"
