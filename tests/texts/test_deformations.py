"""A known text keeps its cause whatever was done to it on its way here; a text of other software stays nobody's.

Prints with `-rP` how many of each kind keep it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from diag.knowledge.cause import Weight
from diag.model.diagnosis import Likelihood
from diag.model.symptom import Phase
from tests.runbooks.test_other_software import TEXTS
from tests.texts.deformations import AS_PRINTED, RETOLD
from tests.texts.test_loose import KNOWLEDGE, verdicts

REASONS = {
    Phase.MOUNT: "FailedMount",
    Phase.PROVISION: "ProvisioningFailed",
    Phase.SCHEDULE: "FailedScheduling",
    Phase.UNMOUNT: "UnmountVolume",
    Phase.USE: "BackOff",
}
LEAST = {"without_marks": 0.6}
"""Of a text without punctuation a third of the patterns have too few letters in a row left."""
FOREIGN = [text for _, text in TEXTS[::4]]


def shown(text: str) -> dict[str, Likelihood]:
    return {cause: verdict for cause, verdict in verdicts(text).items() if verdict is not Likelihood.RULED_OUT}


def known_texts() -> dict[str, str]:
    """The sample of a telling signature by its cause, where it is recognised as it stands."""
    found: dict[str, str] = {}
    for cause in KNOWLEDGE.causes.values():
        for signature in cause.signatures:
            telling = signature.weight in (Weight.DECISIVE, Weight.STRONG)
            if telling and cause.id not in found and cause.id in shown(signature.sample):
                found[cause.id] = signature.sample
    return found


KNOWN = known_texts()


def deformed(text: str, cause: str, deform: Callable[[str], str]) -> str:
    return deform(text).replace("FailedMount", REASONS[KNOWLEDGE.causes[cause].phase[0]])


@pytest.mark.parametrize("kind", [*AS_PRINTED, *RETOLD])
def test_a_known_text_keeps_its_cause(kind: str) -> None:
    deform = (AS_PRINTED | RETOLD)[kind]
    lost = [id for id, text in KNOWN.items() if id not in shown(deformed(text, id, deform))]
    print(f"{kind}: {len(KNOWN) - len(lost)} of {len(KNOWN)} keep their cause; lost: {lost}")
    assert len(lost) <= (1 - LEAST.get(kind, 0.95)) * len(KNOWN), lost


@pytest.mark.parametrize("kind", RETOLD)
def test_in_other_letters_no_cause_becomes_surer(kind: str) -> None:
    for id, text in list(KNOWN.items())[::4]:
        retold = shown(RETOLD[kind](text))
        assert id not in retold or retold[id].rank >= shown(text)[id].rank, text


@pytest.mark.parametrize("kind", [*AS_PRINTED, *RETOLD])
def test_a_text_of_other_software_stays_unclaimed(kind: str) -> None:
    deform = (AS_PRINTED | RETOLD)[kind]
    claimed = {text: new for text in FOREIGN if (new := shown(deform(text)).keys() - shown(text).keys())}
    assert not claimed
