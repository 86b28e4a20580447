"""What STS refuses comes before what could only fail after it: every refusal, every later failure.

Both sides are taken from the knowledge and the checks, so that a new cause of either kind is held to it as well.
"""

from __future__ import annotations

import functools
import itertools

import pytest

from diag import Finding, Kind, Layer, Subject, Verdict
from diag.diagnosis.weigh import NOT_REACHED, Evidence, weigh
from diag.knowledge.cause import Stage, Weight
from diag.knowledge.runbooks import load_knowledge
from diag.model.diagnosis import CauseVerdict, Likelihood
from diag.model.symptom import Medium, Phase, Symptom
from diag.texts.symptoms import match_text
from tests.checks.given import REGISTRY

KNOWLEDGE = load_knowledge()
CAUSES = KNOWLEDGE.causes
CLAIM = Subject(Kind.CLAIM, "fsx-pvc", "default")
BEFORE = "CreateFileSystem failed: operation error FSx: CreateFileSystem, get identity: get credentials: "
GATES = sorted(id for id, cause in CAUSES.items() if cause.stage is not None)
UNANSWERED = [id for id in GATES if CAUSES[id].stage is Stage.CONNECTION]
SAID = {
    f"{id}: {signature.id}": signature.sample
    for id in GATES
    for signature in CAUSES[id].signatures
    if signature.weight in (Weight.DECISIVE, Weight.STRONG)
}
REFUSED = {
    "a resource control policy": "with an explicit deny in a resource control policy",
    "the policy of the STS endpoint": "because no VPC endpoint policy allows the sts:AssumeRoleWithWebIdentity action",
    "a service control policy": "with an explicit deny in a service control policy: arn:aws:organizations::1:p",
}
"""Whose causes refuse calls of FSx as well: the text alone says which call it was."""
SAID |= {
    who: f"{BEFORE}operation error STS: AssumeRoleWithWebIdentity, api error AccessDenied: User: arn:aws:sts::1:x is"
    f" not authorized to perform: sts:AssumeRoleWithWebIdentity on resource: arn:aws:iam::1:role/fsx-csi {why}"
    for who, why in REFUSED.items()
}
SPOKEN_FOR = {id for check in REGISTRY.select() for id in check.speaks_for}
LATER = sorted(
    id
    for id in SPOKEN_FOR & set(CAUSES)
    if Phase.PROVISION in CAUSES[id].phase
    and Phase.SCHEDULE not in CAUSES[id].phase
    and CAUSES[id].layer is not Layer.DRIVER
    and id not in GATES
)


@functools.cache
def symptoms(text: str) -> tuple[Symptom, ...]:
    return tuple(match_text(text, Medium.EVENT, KNOWLEDGE))


def failing(id: str, verdict: Verdict = Verdict.FAIL) -> Finding:
    return Finding("a-check", CAUSES[id].layer, CLAIM, verdict, f"{id} is so", cause=id)


def weighed(text: str, *findings: Finding) -> tuple[CauseVerdict, ...]:
    return weigh(Evidence(symptoms(text) if text else (), findings, phase=Phase.PROVISION), CAUSES)


def shown_by(text: str) -> set[str]:
    return {hit.cause for symptom in symptoms(text) for hit in symptom.hits}


def test_there_is_much_of_either_kind() -> None:
    assert len(GATES) >= 12 and len(SAID) >= 25 and len(LATER) >= 15
    assert {"iam-missing-permission", "kms-key-unusable", "s3-access-denied", "subnet-out-of-addresses"} <= set(LATER)


@pytest.mark.parametrize("said", SAID)
def test_a_refusal_in_a_text_leads_whatever_checks_find_behind_it(said: str) -> None:
    text = SAID[said]
    for later in LATER:
        if later in shown_by(text):
            continue
        found = weighed(text, failing(later))
        assert found[0].id in shown_by(text) and found[0].verdict is not Likelihood.RULED_OUT, later
        (behind,) = (cause for cause in found if cause.id == later)
        assert any(said.startswith(NOT_REACHED) for said in behind.against), later


@pytest.mark.parametrize("gate", sorted(set(GATES) & SPOKEN_FOR))
def test_a_refusal_that_only_a_check_found_leads_too(gate: str) -> None:
    for later in LATER:
        found = weighed("", failing(later), failing(gate))
        assert [cause.id for cause in found] == [gate, later]
        assert any(said.startswith(NOT_REACHED) for said in found[1].against), later


@pytest.mark.parametrize("reason", sorted({*UNANSWERED} - {"aws-endpoint-unreachable"}))
def test_the_reason_that_a_check_found_leads_the_missing_answer_that_a_text_shows(reason: str) -> None:
    """A zone that hides the endpoint's name, a policy that drops what is sent to it."""
    for service, how in itertools.product(("fsx", "sts"), ("lookup x: no such host", "10.0.0.9:443: i/o timeout")):
        text = f'{BEFORE}Post "https://{service}.us-east-1.amazonaws.com/": dial tcp: {how}'
        assert weighed(text)[0].id == "aws-endpoint-unreachable"
        first = weighed(text, failing(reason))[0]
        assert (first.id, first.verdict, first.against) == (reason, Likelihood.CONFIRMED, ())


@pytest.mark.parametrize("said", [said for said, text in SAID.items() if "AccessDenied" in text or "ode: 40" in text])
def test_where_sts_answered_nothing_hid_it(said: str) -> None:
    """What keeps the next request from FSx then, such as a zone that hides its name alone, comes after the refusal."""
    for reason in UNANSWERED:
        alone, found = weighed(SAID[said])[0], weighed(SAID[said], failing(reason))
        assert (found[0].id, found[0].verdict) == (alone.id, alone.verdict), reason
        (behind,) = (cause for cause in found if cause.id == reason)
        assert any(said.startswith(NOT_REACHED) for said in behind.against), reason


@pytest.mark.parametrize("later", LATER)
def test_without_a_refusal_what_comes_later_is_reached(later: str) -> None:
    (alone,) = weighed("", failing(later))
    assert (alone.verdict, alone.against) == (Likelihood.CONFIRMED, ())


def test_what_keeps_the_driver_or_the_claim_from_asking_at_all_comes_earlier() -> None:
    for earlier in ("csi-controller-not-running", "storageclass-wrong-provisioner"):
        found = weighed("", failing("irsa-trust-policy"), failing(earlier))
        assert found[0].id == earlier and found[0].against == ()


def test_a_text_of_fsx_itself_proves_that_there_were_credentials() -> None:
    text = "User: arn:aws:sts::1:assumed-role/fsx-csi/s is not authorized to perform: fsx:CreateFileSystem "
    found = weighed(text, failing("kms-key-unusable"))
    assert not any(said.startswith(NOT_REACHED) for cause in found for said in cause.against)
