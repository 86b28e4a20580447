"""JUnit XML as Jenkins, GitLab and GitHub's report actions read it: a suite for each layer, a case for each finding.

Source: Jenkins xunit-plugin junit-10.xsd; GitLab documentation, unit test reports.
"""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from diag.model.finding import Finding
from diag.model.layer import Layer
from diag.model.verdict import Verdict
from diag.reports.grouping import worst_first
from diag.reports.report import Report
from diag.sanitize import visible

TOOL = "lustre-doctor"
MOST_CASES = 10_000
"""Of one layer. Readers take minutes for more (GitLab parses 30 MB at most)."""


def to_junit(report: Report) -> str:
    """The report as one XML document. A part of the tool that broke is a case of its own, with an error."""
    suites = [suite for layer in Layer if (suite := _suite(layer, report)) is not None]
    if report.diagnoses:
        suites.insert(0, _diagnoses(report))
    if report.missing_targets:
        suites.insert(0, _missing_targets(report))
    if report.errors:
        suites.append(_broken(report))
    root = Xml.Element("testsuites", {"name": TOOL, **_totals(suites)})
    root.extend(suites)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _missing_targets(report: Report) -> Xml.Element:
    """A target that does not exist fails its case: a suite without one would be green."""
    suite = Xml.Element("testsuite", {"name": f"{TOOL}.targets"})
    for missing in report.missing_targets:
        case = Xml.SubElement(suite, "testcase", {"classname": "target", "name": visible(missing.what), "time": "0"})
        Xml.SubElement(case, "failure", {"message": visible(missing.detail), "type": "not-found"})
    _count(suite)
    return suite


def _diagnoses(report: Report) -> Xml.Element:
    """A mount can fail with every check green: what its events say is a failure too."""
    suite = Xml.Element("testsuite", {"name": f"{TOOL}.diagnoses"})
    for number, diagnosis in enumerate(report.diagnoses, 1):
        name = f"{visible(str(diagnosis.subject))} ({number})"
        case = Xml.SubElement(suite, "testcase", {"classname": "diagnosis", "name": name, "time": "0"})
        if diagnosis.gravity is Verdict.FAIL:
            cause = diagnosis.causes[0].id if diagnosis.causes else "not-recognised"
            failure = Xml.SubElement(case, "failure", {"message": visible(diagnosis.headline), "type": cause})
            if diagnosis.causes and diagnosis.causes[0].url:
                failure.text = f"see {diagnosis.causes[0].url}"
        else:
            Xml.SubElement(case, "system-out").text = visible(diagnosis.headline)
    _count(suite)
    return suite


def _suite(layer: Layer, report: Report) -> Xml.Element | None:
    own = [finding for finding in report.findings if finding.layer is layer]
    if not own:
        return None
    if (omitted := len(own) - MOST_CASES) > 0:
        own = list(worst_first(own)[:MOST_CASES])
    suite = Xml.Element("testsuite", {"name": f"{TOOL}.{layer.value}"})
    if report.taken_at:
        suite.set("timestamp", report.taken_at.removesuffix("Z"))
    seen: dict[tuple[str, str], int] = {}
    for finding in own:
        name = visible(str(finding.subject))
        seen[finding.check, name] = nth = seen.get((finding.check, name), 0) + 1
        suite.append(_case(finding, name if nth == 1 else f"{name} ({nth})", report))
    if omitted > 0:
        case = Xml.SubElement(suite, "testcase", {"classname": TOOL, "name": f"{omitted} more", "time": "0"})
        Xml.SubElement(case, "skipped", {"message": f"{omitted} less severe finding(s) left out"})
    _count(suite)
    return suite


def _case(finding: Finding, name: str, report: Report) -> Xml.Element:
    case = Xml.Element("testcase", {"classname": finding.check, "name": name, "time": "0"})
    if finding.location is not None:
        case.set("file", visible(finding.location.file))
        case.set("line", str(max(1, finding.location.line)))
    message = visible(finding.message)
    if report.policy.fails(finding):
        tag = "error" if finding.verdict is Verdict.UNKNOWN else "failure"
        outcome = Xml.SubElement(case, tag, {"message": message, "type": finding.cause or finding.verdict.value})
        outcome.text = "\n".join(visible(line) for line in _lines(finding))
    elif finding.verdict is Verdict.SKIP or finding.suppressed:
        Xml.SubElement(case, "skipped", {"message": visible(finding.suppressed) or message})
    elif finding.verdict is not Verdict.PASS:
        Xml.SubElement(case, "system-out").text = f"{finding.verdict.value}: {message}"
    return case


def _lines(finding: Finding) -> list[str]:
    fix = ["", "To fix it:", *finding.fix.in_order] if finding.fix else []
    see = ["", f"see {finding.url}"] if finding.url else []
    return [finding.message, *finding.evidence, *fix, *see]


def _broken(report: Report) -> Xml.Element:
    suite = Xml.Element("testsuite", {"name": f"{TOOL}.itself"})
    for error in report.errors:
        case = Xml.SubElement(suite, "testcase", {"classname": TOOL, "name": visible(error.component), "time": "0"})
        Xml.SubElement(case, "error", {"message": visible(error.message), "type": "ToolError"})
    _count(suite)
    return suite


def _count(suite: Xml.Element) -> None:
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite)))
    suite.set("time", "0")


def _totals(suites: list[Xml.Element]) -> dict[str, str]:
    names = ("tests", "failures", "errors", "skipped")
    return {name: str(sum(int(suite.get(name, "0")) for suite in suites)) for name in names}
