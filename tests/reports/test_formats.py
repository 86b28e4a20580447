"""Each format by a reader that somebody else wrote, and with texts that try to break out of it."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_fd_to_metric_families

from diag.model.finding import Location
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.reports.formats import MACHINE, machine_format
from diag.reports.github import to_github
from diag.reports.junit import MOST_CASES, to_junit
from diag.reports.markdown import MOST_ROWS, code, escaped, to_markdown
from diag.reports.openmetrics import to_openmetrics
from diag.reports.report import Policy, Report
from diag.reports.sarif import MOST_RESULTS, fingerprint, to_sarif
from tests.reports.made import HOSTILE, PLACE, everything, finding, report
from tests.test_sanitize import is_command

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0-rtm.5.json").read_text())
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
TEXTS = st.text(max_size=80) | st.sampled_from(HOSTILE)


def sarif(given_report: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(to_sarif(given_report))
    jsonschema.Draft4Validator(SCHEMA).validate(document)
    return document


def junit(given_report: Report) -> JUnitXml:
    return JUnitXml.fromstring(to_junit(given_report).encode())


def metrics(given_report: Report) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_fd_to_metric_families(io.StringIO(to_openmetrics(given_report)))  # type: ignore[no-untyped-call]
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


@pytest.mark.parametrize("form", [name for name in MACHINE if name != "openmetrics"])
def test_a_target_that_does_not_exist_is_in_every_format(form: str) -> None:
    missing = Unavailable("PersistentVolume nosuch", Reason.ABSENT, "not found")
    made = replace(report(exit_code=6), missing_targets=(missing,), unavailable=(missing,))
    shown = machine_format(form)(made)
    assert "PersistentVolume nosuch" in shown and "not found" in shown
    if form == "junit":
        assert junit(made).failures == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_breaks_out_of_any_format(text: str) -> None:
    made = everything(text)
    sarif(made)
    assert len(Xml.fromstring(to_junit(made)).findall(".//testcase")) == 8
    assert metrics(made)[("lustre_doctor_exit_code", ())] == 3
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in to_github(made).splitlines())
    assert len(to_github(made).splitlines()) == 6
    json.loads(machine_format("json")(made))
    for name in MACHINE:
        assert not re.search(
            r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", machine_format(name)(made)
        ), name
        assert not any(is_command(line) for line in machine_format(name)(made).splitlines()) or name == "github", name


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_any_text_survives_every_reader(text: str) -> None:
    made = everything(text)
    sarif(made)
    Xml.fromstring(to_junit(made))
    metrics(made)


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_markdown_shows_strangers_text_as_it_stands(text: str) -> None:
    html = MarkdownIt("gfm-like", {"linkify": False}).render(f"before {escaped(text)} {code(text)} after")
    assert re.fullmatch(r"<p>(?:[^<]|</?code>)*</p>\n", html), html


def test_markdown_keeps_each_finding_in_its_row_and_the_page_in_bounds() -> None:
    html = MarkdownIt("gfm-like", {"linkify": False}).render(to_markdown(everything("a | b\n# c <b>")))
    assert "<b>" not in html and "<h1>" not in html
    assert html.count("<table>") == 2
    many = report(*(finding(Verdict.FAIL, f"message {n}") for n in range(MOST_ROWS + 7)))
    assert "and 7 more" in to_markdown(many)


def test_a_command_with_backticks_stays_in_its_fence() -> None:
    html = MarkdownIt("gfm-like", {"linkify": False}).render(to_markdown(everything("```\n<img src=x>")))
    assert "<img" not in html


def test_junit_counts_what_makes_the_gate_red() -> None:
    for policy, red in ((Policy(), 2), (Policy(fail_on_warn=True), 3), (Policy(unknown_passes=True), 1)):
        made = report(*(finding(verdict) for verdict in Verdict), policy=policy)
        document = junit(made)
        results = [result for suite in document for case in suite for result in case.result]
        assert sum(isinstance(result, Failure | Error) for result in results) == red
        assert document.failures + document.errors == red
        assert document.tests == 5
        assert sum(isinstance(result, Skipped) for result in results) == 1


def test_junit_cases_have_distinct_names_and_their_place() -> None:
    document = junit(report(finding(Verdict.FAIL, location=PLACE), finding(Verdict.FAIL)))
    [suite] = document
    cases = list(suite)
    assert len({(case.classname, case.name) for case in cases}) == 2
    assert cases[0]._elem.get("file") == PLACE.file and cases[0]._elem.get("line") == "25"


def test_junit_is_red_when_only_a_diagnosis_is() -> None:
    made = everything()
    alone = report(finding(Verdict.PASS), diagnoses=made.diagnoses)
    assert junit(alone).failures == 1


def test_sarif_points_at_file_line_and_rule() -> None:
    run = sarif(replace(everything(), case_file="case.tar.gz"))["runs"][0]
    first = run["results"][0]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "deploy/fsx%20volume.yaml"
    assert place["region"] == {"startLine": 25, "startColumn": 16}
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"] == "mountname-match"
    assert [result["level"] for result in run["results"]] == ["error", "none", "warning", "error"]
    assert run["results"][1]["kind"] == "open"
    assert run["results"][3]["suppressions"][0]["kind"] == "external"
    assert run["invocations"][0]["executionSuccessful"] is False


def test_sarif_of_a_live_run_has_a_place_for_every_result_or_says_how_many_have_none() -> None:
    made = report(finding(Verdict.FAIL, location=None), finding(Verdict.WARN, location=PLACE))
    run = sarif(made)["runs"][0]
    assert [result["level"] for result in run["results"]] == ["warning"]
    [note] = run["invocations"][0]["toolExecutionNotifications"]
    assert note["level"] == "note" and note["message"]["text"].startswith("1 finding(s) of the live world")
    for case, uri in (("cases/a b.tar.gz", "cases/a%20b.tar.gz"), ("/tmp/a.json", "file:///tmp/a.json")):
        run = sarif(replace(made, case_file=case))["runs"][0]
        assert [result["level"] for result in run["results"]] == ["error", "warning"]
        assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri
        assert "toolExecutionNotifications" not in run["invocations"][0]


def test_sarif_keeps_githubs_limits() -> None:
    many = report(*(finding(Verdict.WARN, f"message {n}") for n in range(MOST_RESULTS + 7)), finding(Verdict.FAIL))
    run = sarif(replace(many, case_file="case.tar.gz"))["runs"][0]
    assert len(run["results"]) == MOST_RESULTS and run["results"][0]["level"] == "error"
    assert "8 less severe" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    for rule in sarif(everything())["runs"][0]["tool"]["driver"]["rules"]:
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024 and len(rule["properties"]["tags"]) <= 20
    assert run["tool"]["driver"]["informationUri"].startswith("https://")


def test_junit_is_bounded_and_leaves_out_no_failure() -> None:
    many = report(*(finding(Verdict.PASS, f"message {n}") for n in range(MOST_CASES + 7)), finding(Verdict.FAIL))
    document = junit(many)
    [suite] = document
    assert (suite.tests, suite.failures, suite.skipped) == (MOST_CASES + 1, 1, 1)


def test_sarif_knows_a_finding_again_when_its_line_and_words_change() -> None:
    one = finding(Verdict.FAIL, "mountname is 'a'", cause="wrong-mountname", location=PLACE)
    moved = finding(Verdict.FAIL, "mountname is 'c'", cause="wrong-mountname", location=Location("x.yaml", 1))
    other = finding(Verdict.FAIL, "mountname is 'a'", cause="mountname-missing", location=PLACE)
    assert fingerprint(one) == fingerprint(moved) != fingerprint(other)


def test_github_annotations_stand_at_their_line_gravest_first() -> None:
    lines = to_github(everything("100% a:b,c\nd")).splitlines()
    errors = [line for line in lines if "mountname-match" in line]
    assert errors[0].startswith("::error title=mountname-match%3A PersistentVolume fsx-pv,file=deploy/fsx volume.yaml,")
    assert ",line=25,col=16::100%25 a:b,c d" in errors[0]
    assert [line.split(" ")[0] for line in errors] == ["::error", "::warning", "::warning", "::notice"]


def test_openmetrics_tells_the_same_numbers_and_no_messages() -> None:
    text = to_openmetrics(everything("SECRET-MESSAGE-TEXT"))
    labels = re.findall(r'lustre_doctor_findings\{check="mountname-match",layer="request",verdict="fail".*', text)
    assert labels == [
        'lustre_doctor_findings{check="mountname-match",layer="request",verdict="fail",suppressed="false"} 1'
    ]
    made = report(finding(Verdict.FAIL, "SECRET"), finding(Verdict.FAIL, "other"))
    assert "SECRET" not in to_openmetrics(made)
    told = metrics(made)
    assert sum(value for (name, _), value in told.items() if name == "lustre_doctor_findings") == 2
    assert sum(value for (name, _), value in told.items() if name == "lustre_doctor_problem") == 1
    assert told[("lustre_doctor_run_timestamp_seconds", ())] == 1795521600


def test_a_healthy_report_says_nothing_wrong_in_any_format() -> None:
    healthy = report(finding(Verdict.PASS), exit_code=0)
    assert to_github(healthy) == ""
    assert sarif(healthy)["runs"][0]["results"] == []
    assert junit(healthy).failures + junit(healthy).errors == 0
    assert to_markdown(healthy).startswith("## ✅ Healthy")


def test_junit_lets_an_accepted_failure_through_and_says_why() -> None:
    document = junit(report(finding(Verdict.FAIL, suppressed="known (owner team, until 2027-01-31)"), exit_code=0))
    [case] = [case for suite in document for case in suite]
    [result] = case.result
    assert isinstance(result, Skipped)
    assert "owner team" in result.message
