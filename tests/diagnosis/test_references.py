"""A cause without a runbook and a check that is not installed are errors, and nothing is lost by them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from diag import Draft, Kind, Layer, Subject, Verdict, check, fail
from diag.diagnosis.diagnose import diagnose
from diag.diagnosis.references import broken_references, causes_without_runbook
from diag.engine.judge import run_check
from diag.knowledge.cause import Observation, Refutation
from diag.knowledge.runbooks import load_knowledge
from diag.model.diagnosis import Likelihood
from diag.model.finding import Finding
from diag.sources.world import load_registry
from tests.checks.given import volume

CAUSES = load_knowledge().causes
CHECKS = load_registry().checks


@check("theirs", layer=Layer.REQUEST, each="volumes", speaks_for=("wrong-mountname", "their-cause"))
def theirs(volume: Subject) -> Iterator[Draft]:
    """It holds."""
    yield fail(volume, "their volume is wrong", cause="their-other-cause")


def finding(**fields: object) -> Finding:
    [found] = run_check(theirs, {"volumes": (volume(),)}).findings
    return replace(found, **fields)


def test_our_own_set_refers_to_nothing_that_is_not_there() -> None:
    assert broken_references(CHECKS, CAUSES) == ()


def test_a_check_that_speaks_for_a_cause_without_a_runbook() -> None:
    [error] = broken_references((*CHECKS, theirs), CAUSES)
    assert (error.component, error.message) == (
        "theirs", "check theirs names the cause 'their-cause', which no runbook has",
    )  # fmt: skip


def test_a_finding_of_a_cause_without_a_runbook() -> None:
    passed = finding(verdict=Verdict.PASS, cause="", rules_out=("wrong-mountname", "their-third-cause"))
    errors = broken_references(CHECKS, CAUSES, (finding(), finding(), passed))
    assert [error.message.split("'")[1] for error in errors] == ["their-other-cause", "their-third-cause"]


def test_a_runbook_that_names_a_check_that_is_not_installed() -> None:
    cause = replace(
        CAUSES["wrong-mountname"],
        confirm=(Observation("look", check="no-such-check"), Observation("look", check="mountname-match")),
        rule_out=(Refutation("it is", check="no-such-check-either"),),
    )
    errors = broken_references(CHECKS, {**CAUSES, cause.id: cause})
    assert [error.message for error in errors] == [
        "runbook wrong-mountname names the check 'no-such-check', which is not installed",
        "runbook wrong-mountname names the check 'no-such-check-either', which is not installed",
    ]


def test_its_failure_is_diagnosed_all_the_same() -> None:
    """It used to vanish."""
    [diagnosis] = diagnose([finding()], {"volumes": (volume(),)}, CAUSES, lambda text, medium: ())
    assert diagnosis.subject == Subject(Kind.VOLUME, "fsx-pv")
    [cause] = diagnosis.causes
    assert (cause.id, cause.verdict, cause.layer) == ("their-other-cause", Likelihood.CONFIRMED, Layer.REQUEST)
    assert cause.title == "no runbook describes this; check theirs found it"
    assert cause.for_ == ("their volume is wrong (check theirs)",)


def test_its_warning_is_diagnosed_all_the_same() -> None:
    [diagnosis] = diagnose([finding(verdict=Verdict.WARN)], {}, CAUSES, lambda text, medium: ())
    assert [cause.id for cause in diagnosis.causes] == ["their-other-cause"]


def test_a_cause_with_a_runbook_is_the_runbooks() -> None:
    assert causes_without_runbook([finding(cause="wrong-mountname"), finding(cause="")], CAUSES) == {}
