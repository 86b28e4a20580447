"""Texts as people retell them: causes that are possible at most; nothing of other software."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from diag.diagnosis.explain import explain
from diag.knowledge.runbooks import load_knowledge
from diag.model.diagnosis import Diagnosis, Likelihood
from diag.model.symptom import TextStream
from diag.texts import loose
from diag.texts.line import normalise
from diag.texts.loose import loose_hits
from diag.texts.symptoms import read_symptoms
from tests.accuracy.measure import answer, is_right
from tests.accuracy.samples import INCIDENTS, REAL_OUTPUTS, samples
from tests.runbooks.test_other_software import TEXTS

KNOWLEDGE = load_knowledge()
ANY = loose._OPEN


def diagnosed(*texts: str) -> tuple[Diagnosis, ...]:
    read = read_symptoms((TextStream("", iter((text.encode(),))) for text in texts), KNOWLEDGE)
    groups = ((group.mount, group.symptoms) for group in read.groups)
    return explain(groups, KNOWLEDGE.causes, owner=read.owner, unknown=read.unknown)


def verdicts(*texts: str) -> dict[str, Likelihood]:
    return {cause.id: cause.verdict for diagnosis in diagnosed(*texts) for cause in diagnosis.causes}


REFUSED = "Server MGS version (2.10.5.0) refused connection from this client with an incompatible version (2.15.6)"


def test_a_text_as_printed_keeps_its_verdict() -> None:
    assert verdicts(f"LustreError: 16a-d: {REFUSED}")["client-server-version-mismatch"] is Likelihood.CONFIRMED


@pytest.mark.parametrize(
    "text",
    [
        f"lustre: {REFUSED.lower()}",
        f"lustreerror {re.sub(r'[^A-Za-z0-9]+', ' ', REFUSED)}",
        "Lustre: Server <mgs> version <server> refused connection from this client with an incompatible version <x>",
        f"**Lustre** {REFUSED.replace('refused', '**refused**').replace('incompatible', '`incompatible`')}",
    ],
)
def test_the_same_text_retold_is_possible(text: str) -> None:
    assert verdicts(text) == {"client-server-version-mismatch": Likelihood.POSSIBLE}


def test_an_error_alone_speaks_for_the_causes_that_end_a_mount_with_it() -> None:
    found = verdicts("exit status 19 / No such device")
    assert "lustre-module-missing" in found
    assert set(found.values()) == {Likelihood.POSSIBLE}


def test_of_the_causes_of_an_error_those_with_few_words_of_their_own_are_named() -> None:
    assert verdicts("mount failed: exit status 22, EINVAL") == {"client-server-version-mismatch": Likelihood.POSSIBLE}


def test_an_error_alone_in_another_language_too() -> None:
    assert "lustre-module-missing" in verdicts("mount: 그런 장치가 없음")


@pytest.mark.parametrize(
    "text",
    [
        "No such device", "nvidia-smi: exit status 19: No such device", "Connection timed out", "exit status 22",
        # `tar: … Input/output error` is no part of another word.
        "Der Pod startet nicht: sbatch: error: I/O error writing script to 10.0.0.70@tcp:/smart",
    ],
)  # fmt: skip
def test_an_error_of_who_knows_what_shows_nothing(text: str) -> None:
    assert verdicts(text) == {}


def test_a_module_that_is_not_among_those_of_lustre_is_not_one_of_them() -> None:
    assert verdicts("kernel: m0mero: disagrees about version of symbol LNetEQAlloc") == {}


def test_of_several_texts_none_is_read_so() -> None:
    assert verdicts(f"lustre: {REFUSED.lower()}", "another text") == {}


def _lower(text: str) -> str:
    return text.lower()


def _without_punctuation(text: str) -> str:
    return re.sub(r"[^\w\s]", " ", text)


def _marked(text: str) -> str:
    return re.sub(r"\b(\w{9,})\b", r"**\1**", text)


@pytest.mark.parametrize(("retold", "bar"), [(_lower, 0.8), (_without_punctuation, 0.65), (_marked, 0.75)])
def test_most_causes_are_named_first_however_the_text_is_retold(retold: Callable[[str], str], bar: float) -> None:
    given = [sample for sample in samples(INCIDENTS, REAL_OUTPUTS) if sample.confirmed and sample.cause]
    answers = [answer(sample, retold(sample.text), KNOWLEDGE) for sample in given]
    assert sum(is_right(a.top, a.sample.cause, KNOWLEDGE) for a in answers) >= bar * len(answers)


@pytest.mark.parametrize("retold", [str, _lower, _without_punctuation])
def test_no_text_of_other_software_is_claimed_in_other_words(retold: Callable[[str], str]) -> None:
    assert {text: hits for _, text in TEXTS if (hits := loose_hits(normalise(retold(text)), KNOWLEDGE))} == {}


@pytest.mark.parametrize("retold", [str, _lower])
def test_no_text_of_other_software_is_claimed_or_resembles_ours(retold: Callable[[str], str]) -> None:
    ours = {"pod-unschedulable"}
    found = {text: diagnosed(retold(text)) for _, text in TEXTS}
    claimed = {t: d for t, ds in found.items() for d in ds if {c.id for c in d.causes} - ours or d.resembles}
    assert claimed == {}


def test_what_is_not_recognised_names_the_nearest_known_text() -> None:
    (only,) = diagnosed(
        "lustre client says Server MGS versoin 2.10 refuesd conection from the client with incmopatible version 2.15"
    )
    assert only.causes == ()
    assert only.resembles[0].cause == "client-server-version-mismatch"
    assert only.resembles[0].likeness >= 60


def test_a_text_like_a_message_of_the_catalogue_resembles_it_with_what_it_means() -> None:
    (only,) = diagnosed("Lustre: a node said that it could not find any ethernet or network interface today")
    assert only.causes == ()
    (nearest, *_) = only.resembles
    assert "ethernet network interface" in nearest.text
    assert nearest.means.startswith("consequence: ")


def test_a_few_words_that_some_message_has_too_resemble_nothing() -> None:
    assert not any(found.resembles for found in diagnosed("lustre on my laptop is slow today please help me"))


def test_what_is_like_nothing_resembles_nothing() -> None:
    (only,) = diagnosed(
        "our lustre file system is lovely and my cat likes to sleep on the warm rack in the machine room"
    )
    assert only.resembles == ()


@pytest.mark.parametrize(
    ("parts", "kept"),
    [
        (["a", ANY, ANY, "b"], ["a", ANY, "b"]),
        (["a", "", ANY, "", ANY], ["a", "", "", ANY]),
        (["(?:", "a", ANY, "|", "b", ANY, ")", ANY, "c"], ["(?:", "a", "|", "b", ")", ANY, "c"]),
        (["(?:", "a", ANY, ")", "?", ANY], ["(?:", "a", ANY, ")", "?", ANY]),
        (["(?:", "a", ANY, "|", ANY, "b", ")", "c"], ["(?:", "a", ANY, "|", ANY, "b", ")", "c"]),
        ([ANY, "(?:", ANY, "a", ")"], [ANY, "(?:", ANY, "a", ")"]),
    ],
)
def test_what_is_open_twice_in_a_row_is_open_once(parts: list[str], kept: list[str]) -> None:
    assert loose._without_doubled(parts) == kept
