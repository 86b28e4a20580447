"""Every signature matches the real text it stands on, and a decisive one leaves other causes' texts alone."""

from __future__ import annotations

import pytest

from diag.knowledge.cause import Signature, Weight
from diag.knowledge.runbooks import load_knowledge
from diag.model.symptom import Symptom
from diag.texts.grouping import Collector
from diag.texts.matching import build_matcher
from diag.texts.scanning import Scan

KNOWLEDGE = load_knowledge()
SAMPLES = [(cause.id, signature) for cause in KNOWLEDGE.causes.values() for signature in cause.signatures]
NAMES = [f"{cause}/{signature.id}" for cause, signature in SAMPLES]


def hits_in(text: str) -> set[tuple[str, str, str]]:
    """(cause, signature, weight) that a pasted text shows: each of its messages alone, and several together."""
    collector = Collector(build_matcher(KNOWLEDGE))
    alone: list[Symptom] = []
    for reading in Scan(KNOWLEDGE).read(iter((text.encode(),))):
        alone.append(reading.symptom)
        collector.add(reading)
    return {(hit.cause, hit.signature, hit.weight) for one in (*alone, *collector.symptoms()) for hit in one.hits}


@pytest.mark.parametrize(("cause", "signature"), SAMPLES, ids=NAMES)
def test_a_signature_matches_its_sample(cause: str, signature: Signature) -> None:
    assert (cause, signature.id, signature.weight.value) in hits_in(signature.sample)


def related(one: str, other: str) -> bool:
    """The same cause, or one refines the other."""

    def above(id_: str) -> set[str]:
        seen = {id_}
        while (id_ := KNOWLEDGE.causes[id_].broader) and id_ not in seen:
            seen.add(id_)
        return seen

    return one in above(other) or other in above(one)


@pytest.mark.parametrize(
    ("cause", "signature"),
    [(cause, signature) for cause, signature in SAMPLES if signature.weight in (Weight.DECISIVE, Weight.STRONG)],
)
def test_no_unrelated_cause_is_certain_of_a_sample(cause: str, signature: Signature) -> None:
    certain = {other for other, _, weight in hits_in(signature.sample) if weight == "decisive"}
    assert not {other for other in certain if not related(cause, other)}


def test_lines_show_a_signature_together_to_a_matcher_that_has_read_nothing_before() -> None:
    """A pasted text is the first that a process reads: it asks about each pattern by itself."""
    over_lines = [(cause, one) for cause, one in SAMPLES if len(one.all) > 1 and "\n" in one.sample.strip()]
    assert len(over_lines) > 20
    missed = []
    for cause, signature in over_lines:
        build_matcher.cache_clear()
        if (cause, signature.id, signature.weight.value) not in hits_in(signature.sample):
            missed.append((cause, signature.id))
    assert missed == []
