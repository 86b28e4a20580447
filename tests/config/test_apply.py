"""Severities and suppressions over findings."""

from __future__ import annotations

import datetime

import pytest

from diag.config.apply import decided
from diag.config.file import Config, Suppression
from diag.model.finding import Finding
from diag.model.subject import Kind, Subject
from diag.model.verdict import Verdict
from tests.reports.made import finding

TODAY = "2026-11-24T12:00:00Z"


def accepted(**fields: object) -> Config:
    usual: dict[str, object] = {
        "check": "mountname-match", "subject": "*", "verdict": Verdict.WARN, "reason": "known", "owner": "team",
        "expires": datetime.date(2026, 11, 24),
    }  # fmt: skip
    return Config(suppressions=(Suppression(**{**usual, **fields}),))  # type: ignore[arg-type]


def only(given: Finding, config: Config, taken_at: str = TODAY) -> Finding:
    [found] = decided((given,), config, taken_at)
    return found


def test_an_accepted_finding_keeps_its_verdict_and_says_who_answers_for_it() -> None:
    found = only(finding(Verdict.WARN), accepted())
    assert found.verdict is Verdict.WARN
    assert found.suppressed == "known (owner team, until 2026-11-24)"


@pytest.mark.parametrize("taken_at", ["2026-11-25T00:00:00Z", "", "not a day"])
def test_it_comes_back_when_expired_or_when_no_day_is_known(taken_at: str) -> None:
    found = only(finding(Verdict.WARN), accepted(), taken_at)
    assert found.suppressed == ""
    assert "expired" in found.evidence[-1]


def test_it_comes_back_when_it_is_worse() -> None:
    found = only(finding(Verdict.FAIL), accepted())
    assert found.suppressed == ""
    assert "accepted as warn, now it is fail" in found.evidence[-1]
    assert only(finding(Verdict.WARN), accepted(verdict=Verdict.FAIL)).suppressed


@pytest.mark.parametrize(
    ("subject", "glob", "held"),
    [
        (Subject(Kind.VOLUME, "scratch-1"), "PersistentVolume scratch-*", True),
        (Subject(Kind.VOLUME, "other"), "PersistentVolume scratch-*", False),
        (Subject(Kind.CLAIM, "c", "ml"), "PersistentVolumeClaim ml/*", True),
        (Subject(Kind.CLAIM, "c", "prod"), "PersistentVolumeClaim ml/*", False),
        (Subject(Kind.CLAIM, "c", "ml"), "persistentvolumeclaim ml/*", False),
    ],
)
def test_only_the_subjects_that_the_glob_means(subject: Subject, glob: str, held: bool) -> None:
    assert bool(only(finding(Verdict.WARN, subject=subject), accepted(subject=glob)).suppressed) is held


def test_another_check_and_what_is_fine_are_left_alone() -> None:
    assert only(finding(Verdict.WARN, check="dns-name"), accepted()) == finding(Verdict.WARN, check="dns-name")
    for verdict in (Verdict.PASS, Verdict.SKIP):
        assert only(finding(verdict), accepted()) == finding(verdict)


@pytest.mark.parametrize("wanted", [Verdict.WARN, Verdict.FAIL])
def test_a_severity_tells_warnings_and_failures_as_wanted(wanted: Verdict) -> None:
    config = Config(severities={"mountname-match": wanted})
    for verdict in (Verdict.WARN, Verdict.FAIL):
        assert only(finding(verdict), config).verdict is wanted
    for verdict in (Verdict.PASS, Verdict.SKIP, Verdict.UNKNOWN):
        assert only(finding(verdict), config).verdict is verdict
    assert only(finding(Verdict.FAIL, check="dns-name"), config).verdict is Verdict.FAIL


def test_what_a_severity_made_worse_is_worse_than_what_was_accepted() -> None:
    both = Config(severities={"mountname-match": Verdict.FAIL}, suppressions=accepted().suppressions)
    assert only(finding(Verdict.WARN), both).suppressed == ""
