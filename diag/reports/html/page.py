"""The whole page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from importlib import resources

from diag.knowledge.runbooks import load_knowledge
from diag.model.diagnosis import Diagnosis, Likelihood
from diag.model.verdict import Verdict
from diag.reports.alike import alike
from diag.reports.html.diagnosis import diagnosis_section
from diag.reports.html.drawing import draw
from diag.reports.html.findings import findings_section, nodes_section
from diag.reports.html.guide import to_html as guide_to_html
from diag.reports.html.markup import Markup, element, join
from diag.reports.picture import picture_of
from diag.reports.report import Report
from diag.reports.text import MARKS

_TOLD = {
    0: (Verdict.PASS, "Healthy"),
    3: (Verdict.FAIL, "Broken"),
    4: (Verdict.WARN, "Warnings"),
    5: (Verdict.UNKNOWN, "Not determined"),
    6: (Verdict.SKIP, "Nothing was inspected"),
}


def to_html(report: Report) -> str:
    """One self-contained document: its style is inside, it has no script, and it asks the network for nothing."""
    style = resources.files(__package__).joinpath("style.css").read_text()
    return "<!doctype html>\n" + element("html", _head(report, style), _body(report), lang="en") + "\n"


def _head(report: Report, style: str) -> Markup:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    word = _verdict(report)[1]
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("link", rel="icon", href="data:,"),
        element("title", f"{word}: lustre-doctor{f', {report.cluster}' if report.cluster else ''}"),
        element("style", Markup(style)),
    )


def _body(report: Report) -> Markup:
    picture = picture_of(report)
    sections = [
        ("mount-path", "Mount path", _section("mount-path", "Mount path", draw(picture)) if picture else None),
        *_diagnoses(report.diagnoses),
        ("node-by-node", "Node by node", nodes_section(report.findings)),
        ("evidence", "Evidence", findings_section(report.findings, picture)),
        ("runbook", "Runbook", _runbooks(report.diagnoses)),
        ("coverage", "Coverage", _coverage(report) if report.coverage.checks or report.findings else None),
    ]  # fmt: skip
    there = [(id, title, section) for id, title, section in sections if section is not None]
    links = [element("li", element("a", title, href=f"#{id}")) for id, title, _ in there]
    return element(
        "body",
        element("a", "Skip to the mount path", href="#content", class_="skip-link"),
        _header(report),
        element(
            "div",
            element("nav", element("ul", *links), aria_label="On this page"),
            element("main", *(section for _, _, section in there), id="content"),
            element("footer", f"lustre-doctor {report.tool_version}. The commands change nothing until you run them."),
            class_="page",
        ),
    )


def _diagnoses(diagnoses: Iterable[Diagnosis]) -> Iterator[tuple[str, str, Markup]]:
    """Anchor, title and section of each that is told in full, and of what is like them."""
    number = 0
    for group in alike(diagnoses):
        for diagnosis in group.in_full:
            number += 1
            title = "Why" if number == 1 else f"Why ({number})"
            yield f"diagnosis-{number}", title, diagnosis_section(diagnosis, number)
        if group.rest:
            subjects = [element("li", str(diagnosis.subject)) for diagnosis in group.rest]
            body = element(
                "details", element("summary", group.told), element("div", element("ul", *subjects), class_="body")
            )
            yield (
                f"like-{number}",
                f"{len(group.rest)} more",
                _section(f"like-{number}", f"{len(group.rest)} more", body),
            )


def _section(id: str, title: str, *children: Markup | None) -> Markup:
    return element("section", element("h2", title, id=id), *children, aria_labelledby=id)


_HOW_SURE = {
    Likelihood.CONFIRMED: "",
    Likelihood.LIKELY: "Likely: ",
    Likelihood.POSSIBLE: "Possibly: ",
    Likelihood.RULED_OUT: "",
}


def _of_text(report: Report) -> tuple[Verdict, str]:
    """What an explanation of texts comes to: it looked at nothing, so it is as good as its best cause."""
    causes = [best for diagnosis in report.diagnoses if (best := diagnosis.best) is not None]
    if not causes:
        return Verdict.UNKNOWN, "Not recognised"
    surest = min(causes, key=lambda cause: cause.verdict.rank).verdict
    told = {Likelihood.CONFIRMED: Verdict.FAIL, Likelihood.LIKELY: Verdict.WARN}
    return told.get(surest, Verdict.UNKNOWN), f"Explained, {surest.value}"


def _verdict(report: Report) -> tuple[Verdict, str]:
    if not report.findings and not report.coverage.checks and report.exit_code in (0, 5):
        return _of_text(report)
    return _TOLD.get(report.exit_code, (Verdict.UNKNOWN, "Incomplete"))


def _header(report: Report) -> Markup:
    verdict, word = _verdict(report)
    title, lead = _headline(report, verdict)
    volumes = f"{report.coverage.volumes} volume(s)" if report.coverage.volumes else ""
    where = " · ".join(filter(None, (report.cluster, report.region, report.taken_at, volumes)))
    return element(
        "header",
        element(
            "div",
            element("p", element("span", MARKS[verdict], aria_hidden="true"), word, class_="word"),
            element("h1", title),
            element("p", lead, class_="lead") if lead else None,
            element("p", where, class_="where") if where else None,
            class_="page",
        ),
        class_=f"verdict tone-{verdict.value}",
    )


def _headline(report: Report, verdict: Verdict) -> tuple[str, str]:
    """What a reader takes away, and the sentence that says it of this incident."""
    coverage = report.coverage
    if report.missing_targets:
        return f"{report.missing_targets[0].what}: {report.missing_targets[0].detail}", ""
    if report.diagnoses:
        first = report.diagnoses[0]
        best = first.best
        lead = first.headline[:1].upper() + first.headline[1:]
        return (f"{_HOW_SURE[best.verdict]}{best.title}", lead) if best is not None else (lead, "")
    if verdict is Verdict.PASS:
        return f"All {coverage.answered} questions about {coverage.mounts} mount(s) are answered well", ""
    return f"{coverage.failed} failed, {coverage.warned} warned, {coverage.unknown} not determined", ""


def _runbooks(diagnoses: tuple[Diagnosis, ...]) -> Markup | None:
    """The runbooks of the best causes, each once; a team's own are not ours to print."""
    knowledge = load_knowledge()
    shown: dict[str, Markup] = {}
    for diagnosis in diagnoses:
        best = diagnosis.best
        if best is not None and best.id in knowledge.files and best.id not in shown:
            body = guide_to_html(knowledge.page(best.id), diagnosis.values)
            title = element("summary", element("strong", best.title), " ", element("code", best.id))
            shown[best.id] = element("details", title, element("div", body, class_="body"), open=not shown)
    return _section("runbook", "Runbook", *shown.values()) if shown else None


def _coverage(report: Report) -> Markup:
    coverage = report.coverage
    numbers = (
        ("answered", coverage.answered, ""), ("in order", coverage.passed, "pass"), ("warned", coverage.warned, "warn"),
        ("failed", coverage.failed, "fail"), ("not determined", coverage.unknown, "unknown"),
        ("not asked", coverage.skipped, "skip"),
    )  # fmt: skip
    counted = [
        element("li", element("strong", str(number)), told, class_=f"tone-{tone}" if tone and number else None)
        for told, number, tone in numbers
    ]
    return _section("coverage", "Coverage", element("ul", *counted, class_="numbers"), *_missing(report))


def _missing(report: Report) -> Iterator[Markup]:
    if report.unavailable:
        yield element("h3", "What could not be read")
        yield element(
            "ul",
            *(
                element("li", str(reason), join(" — ", reason.remedy) if reason.remedy else None)
                for reason in report.unavailable
            ),
        )
    if report.errors:
        yield element("h3", "lustre-doctor itself failed in part")
        yield element("ul", *(element("li", error.message) for error in report.errors))
