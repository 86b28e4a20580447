"""The page as a document: whole, without script or request, and nothing of a stranger's text is markup."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import msgspec
import pytest

from diag.model.diagnosis import Likelihood
from diag.model.verdict import Verdict
from diag.reports.html.page import MOST_ALIKE, to_html
from diag.reports.report import Guide, Report, report_on_texts
from tests.html.reports import BROKEN, DIAGNOSIS, HEALTHY, HOSTILE, WARNED, finding, hostile, many

VOID = {"meta", "link", "input", "br", "hr"}


class Page(HTMLParser):
    """Elements, texts and ids of a page, checking that every element is closed."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self.open[-1:] != ["style"] else ""

    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


REPORTS = {"broken": BROKEN, "healthy": HEALTHY, "hostile": hostile(), "text": report_on_texts((DIAGNOSIS,), "1"),
           "nothing": Report(6)}  # fmt: skip


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_the_page_is_sound(report: Report) -> None:
    page = Page(to_html(report))
    ids = page.ids()
    assert len(ids) == len(set(ids))
    for tag, attributes in page.elements:
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids
        for name in ("aria-labelledby", "for"):
            assert attributes.get(name, ids[0]) in ids
        assert tag not in {"script", "iframe", "object", "embed", "img", "base", "form"}
        assert not any(name.startswith("on") or name == "style" for name in attributes)
    assert [tag for tag, _ in page.elements].count("h1") == 1
    assert {"header", "main", "nav", "footer"} <= {tag for tag, _ in page.elements}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_the_policy_allows_this_style_and_nothing_else(report: Report) -> None:
    source = to_html(report)
    [policy] = [a["content"] for tag, a in Page(source).elements if a.get("http-equiv") == "Content-Security-Policy"]
    style = re.search(r"<style>(.*?)</style>", source, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ") and f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy and "script-src" not in policy
    assert "url(" not in style[1] and "@import" not in style[1]


def test_the_page_links_nowhere_but_to_itself_and_to_references() -> None:
    links = {a[name] for _, a in Page(to_html(BROKEN)).elements for name in ("href", "src") if name in a}
    assert all(link.startswith(("#", "https://", "data:,")) for link in links)


def test_strangers_text_is_text_everywhere() -> None:
    source = to_html(hostile())
    assert "<script" not in source and "<img" not in source and "\x1b" not in source and "\u202e" not in source
    assert Page(source).text.count("<script>document.title='owned'</script>") > 50
    assert HOSTILE not in source


def test_the_page_says_the_verdict_the_cause_the_fix_and_what_was_ruled_out() -> None:
    text = Page(to_html(BROKEN)).text
    for said in (
        "2 checks failed", "The client and the server cannot talk to each other", "confirmed",
        "client-server-version-mismatch",
        "aws fsx update-file-system --x 2.15", "wrong-mountname", "FSx says so", "Port 988 is taken", "dmesg | tail",
        "mount failed: exit status 22", "allow pods/exec", "check x crashed", "How to prevent", "Node by node",
    ):  # fmt: skip
        assert said in text, said


def test_the_runbook_is_filled_with_the_incidents_values() -> None:
    body = "---\nid: x\n---\n\n## How to verify\n\nRun `kubectl get node {node}` for {file_system}.\n"
    guide = Guide("x", "A cause", body, {"node": "ip-10-0-1-4.internal", "file_system": "fs-0123456789abcdef0"})
    text = Page(to_html(msgspec.structs.replace(BROKEN, guides=(guide,)))).text
    assert "kubectl get node ip-10-0-1-4.internal" in text and "for fs-0123456789abcdef0." in text


def test_a_suppressed_finding_is_still_shown_with_its_reason() -> None:
    suppressed = finding(Verdict.FAIL, message="988 is missing", suppressed="ticket 12, by ops")
    text = Page(to_html(Report(0, findings=(*HEALTHY.findings, suppressed), coverage=HEALTHY.coverage))).text
    assert "988 is missing (suppressed)" in text and "ticket 12, by ops" in text and "Healthy" in text


def test_a_healthy_page_has_no_diagnosis_and_says_so() -> None:
    page = Page(to_html(HEALTHY))
    assert "Healthy" in page.text and "Why" not in page.text
    assert any(a.get("class") == "verdict tone-pass" for _, a in page.elements)


@pytest.mark.parametrize(
    ("likelihood", "word", "title"),
    [
        (Likelihood.CONFIRMED, "Cause confirmed", "The client and the server"),
        (Likelihood.LIKELY, "Cause likely", "Likely: The client and the server"),
        (Likelihood.POSSIBLE, "Cause possible", "Possibly: The client and the server"),
        (Likelihood.RULED_OUT, "Not recognised", "The mount of fsx-pv fails"),
    ],
)
def test_an_explanation_claims_no_more_than_its_best_cause(likelihood: Likelihood, word: str, title: str) -> None:
    cause = msgspec.structs.replace(DIAGNOSIS.causes[0], verdict=likelihood)
    source = to_html(report_on_texts((msgspec.structs.replace(DIAGNOSIS, causes=(cause,)),), "1"))
    assert word in Page(source).text and f"<h1>{title}" in source


def test_the_same_report_gives_the_same_page() -> None:
    assert to_html(BROKEN) == to_html(BROKEN)


def test_a_warning_alone_is_no_alarm() -> None:
    page = Page(to_html(WARNED))
    assert "3 of 4 checks passed for 1 mount, 1 warning: nothing fails" in page.text
    assert "Possibly" not in page.text and "Port 988 is taken" in page.text
    classes = [a.get("class") for _, a in page.elements]
    assert "verdict tone-pass" in classes and "cause tone-warn" in classes and "cause tone-fail" not in classes


def test_a_thousand_volumes_of_one_cause_are_a_page_that_opens() -> None:
    source = to_html(many())
    assert len(source) < 2_000_000
    assert source.count("check-7</span>") == MOST_ALIKE
    assert "997 more with the same cause" in source and "data-0999" in source
    assert "more findings of the same checks or less severe" in source
