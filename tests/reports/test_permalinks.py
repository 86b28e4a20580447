"""Every format links to the page of the cause and of the check."""

from __future__ import annotations

import json

import pytest

from diag.knowledge.front_matter import BadRunbook, read_cause
from diag.knowledge.runbooks import load_knowledge
from diag.model.diagnosis import CauseVerdict, Diagnosis, Likelihood
from diag.model.layer import Layer
from diag.model.site import SITE, page_of_cause, page_of_check
from diag.model.verdict import Verdict
from diag.reports.formats import MACHINE, machine_format
from diag.reports.report import Report, Rule
from diag.reports.terminal import Style
from diag.reports.text import to_text
from diag.sources.world import load_registry
from tests.reports.made import PLACE, VOLUME, finding, report

CAUSE, CHECK = page_of_cause("wrong-mountname"), page_of_check("mountname-match")


def failing(cause_url: str, check_url: str) -> Report:
    """One failure with its cause, found by a check."""
    cause = CauseVerdict("wrong-mountname", "Wrong", Likelihood.CONFIRMED, Layer.REQUEST, url=cause_url)
    rule = Rule("mountname-match", "The name is right", "pass: it is", Layer.REQUEST, check_url)
    found = finding(Verdict.FAIL, cause="wrong-mountname", location=PLACE, url=check_url)
    return report(found, diagnoses=(Diagnosis(VOLUME, "the mount fails", (), (cause,)),), rules=(rule,))


@pytest.mark.parametrize("name", sorted(MACHINE.keys() - {"sarif", "openmetrics"}))
def test_a_format_links_to_the_cause_and_to_the_check(name: str) -> None:
    shown = machine_format(name)(failing(CAUSE, CHECK))
    assert CAUSE in shown and CHECK in shown


def test_a_rule_of_sarif_has_its_page() -> None:
    (rule,) = json.loads(machine_format("sarif")(failing(CAUSE, CHECK)))["runs"][0]["tool"]["driver"]["rules"]
    assert rule["helpUri"] == CHECK


@pytest.mark.parametrize("everything", [False, True])
def test_the_text_has_one_line_of_it_for_a_diagnosis(everything: bool) -> None:
    shown = to_text(failing(CAUSE, CHECK), Style(80, everything=everything))
    assert [line.split() for line in shown.splitlines() if SITE in line] == [["see", CAUSE]]


@pytest.mark.parametrize("name", sorted(MACHINE))
def test_what_has_no_page_has_no_link(name: str) -> None:
    shown = machine_format(name)(failing("", ""))
    assert f"{SITE}c" not in shown and "see http" not in shown and "helpUri" not in shown


def test_built_in_checks_and_causes_have_a_page() -> None:
    assert all(check.url == page_of_check(check.id) for check in load_registry().checks if check.is_built_in)
    assert all(cause.url == page_of_cause(id) for id, cause in load_knowledge().causes.items())


def team_runbook(url: str) -> str:
    """A built-in runbook with a page of its own."""
    knowledge = load_knowledge()
    return knowledge.page("wrong-mountname").replace("layer:", f"url: {json.dumps(url)}\nlayer:", 1)


def test_a_team_names_its_own_page() -> None:
    url = "https://wiki.example.com/runbooks?page=fsx#mount"
    assert read_cause(team_runbook(url), "a.md", "wrong-mountname").url == url


@pytest.mark.parametrize(
    "url", ["http://wiki", "javascript:alert(1)", "https://a b", "https://a)", 'https://a">', "https://a`"]
)
def test_a_page_that_could_break_out_of_a_report_is_refused(url: str) -> None:
    with pytest.raises(BadRunbook, match="url must begin with https"):
        read_cause(team_runbook(url), "a.md", "wrong-mountname")
