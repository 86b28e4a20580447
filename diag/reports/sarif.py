"""SARIF 2.1.0, as GitHub code scanning shows it: a rule for each check, a result for each finding that is not fine.

Code scanning shows a result in a file. What was found in the live world has none: its place is the case file of the run
(`--save`, `--snapshot`); without one it is left out, and a note says how many were.

Source: OASIS SARIF 2.1.0; GitHub documentation, SARIF support for code scanning.
"""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from diag.model.finding import Correction, Finding
from diag.model.site import SITE
from diag.model.verdict import Verdict
from diag.reports.grouping import worst_first
from diag.reports.json import document
from diag.reports.report import Report, Rule
from diag.sanitize import visible

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Verdict.FAIL: "error", Verdict.WARN: "warning", Verdict.UNKNOWN: "none"}

Json = dict[str, Any]

MOST_RESULTS = 5000
"""Source: GitHub documentation: of a run the 5,000 most severe results are shown, more than 25,000 are refused."""
MOST_LETTERS = 1024
"""Source: GitHub documentation: of a rule's descriptions."""


def to_sarif(report: Report) -> str:
    """The report as one SARIF log with one run."""
    wrong = [finding for finding in worst_first(report.findings) if finding.verdict in _LEVELS]
    placed = [finding for finding in wrong if _has_file(finding) or report.case_file]
    shown = placed[:MOST_RESULTS]
    index = {rule.id: number for number, rule in enumerate(report.rules)}
    run = {
        "tool": {"driver": _driver(report)},
        "results": [_result(finding, index, report.case_file) for finding in shown],
        "invocations": [_invocation(report, unplaced=len(wrong) - len(placed), omitted=len(placed) - len(shown))],
        "columnKind": "unicodeCodePoints",
    }
    return document({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _driver(report: Report) -> Json:
    driver: Json = {
        "name": "lustre-doctor",
        "informationUri": SITE,
        "rules": [_rule(rule) for rule in report.rules],
    }
    version = report.tool_version
    return driver | ({"version": version, "semanticVersion": version} if version else {})


def _rule(rule: Rule) -> Json:
    text = f"{rule.title}.\n\n{rule.page}".strip()
    made: Json = {
        "id": rule.id,
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": text[:MOST_LETTERS]},
        "help": {"text": text, "markdown": text},
        "properties": {"tags": ["lustre", rule.layer.value]},
    }
    return made | ({"helpUri": rule.url} if rule.url else {})


def _result(finding: Finding, index: dict[str, int], case_file: str) -> Json:
    text = "\n".join(map(visible, (finding.message, *(finding.fix.in_order if finding.fix else ()))))
    result: Json = {
        "ruleId": finding.check,
        "level": _LEVELS[finding.verdict],
        "message": {"text": f"{visible(str(finding.subject))}: {text}"},
        "locations": [_location(finding, case_file)],
        "partialFingerprints": {"lustreDoctor/v1": fingerprint(finding)},
    }
    if finding.check in index:
        result["ruleIndex"] = index[finding.check]
    if finding.verdict is Verdict.UNKNOWN:
        result["kind"] = "open"
    if finding.correction is not None and finding.correction.line and finding.location is not None:
        result["fixes"] = [_fix(finding.location.file, finding.correction)]
    if finding.suppressed:
        result["suppressions"] = [{"kind": "external", "justification": visible(finding.suppressed)}]
    return result


def _fix(file: str, correction: Correction) -> Json:
    """What a reviewer can apply. `reviewdog -f=sarif` makes a suggestion of it in a pull request."""
    region = {
        "startLine": correction.line,
        "startColumn": correction.column,
        "endLine": correction.line,
        "endColumn": correction.end_column,
    }
    replacement = {"deletedRegion": region, "insertedContent": {"text": correction.new}}
    return {
        "description": {"text": f"write {visible(correction.new)} instead of {visible(correction.old)}"},
        "artifactChanges": [{"artifactLocation": {"uri": _uri(file)}, "replacements": [replacement]}],
    }


def _location(finding: Finding, case_file: str) -> Json:
    subject = finding.subject
    name = f"{subject.namespace}/{subject.name}" if subject.namespace else subject.name
    location: Json = {
        "logicalLocations": [{"name": visible(name), "fullyQualifiedName": visible(str(subject)), "kind": "resource"}]
    }
    if finding.location is not None and finding.location.file:
        place: Json = {"artifactLocation": {"uri": _uri(finding.location.file)}}
        if finding.location.line > 0:
            place["region"] = {"startLine": finding.location.line}
            if finding.location.column > 0:
                place["region"]["startColumn"] = finding.location.column
        location["physicalLocation"] = place
    else:
        location["physicalLocation"] = {"artifactLocation": {"uri": _uri(case_file)}, "region": {"startLine": 1}}
    return location


def _has_file(finding: Finding) -> bool:
    return finding.location is not None and bool(finding.location.file)


def _uri(file: str) -> str:
    """A path as a URI: relative to the repository, where it is relative."""
    return ("file://" if PurePath(file).is_absolute() else "") + quote(file, safe="/._-~")


def fingerprint(finding: Finding) -> str:
    """The same for the same rule, subject and cause, whatever the message says and wherever it stands."""
    identity = "\0".join((finding.check, str(finding.subject), finding.cause))
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _invocation(report: Report, *, unplaced: int, omitted: int) -> Json:
    invocation: Json = {"executionSuccessful": not report.errors, "exitCode": report.exit_code}
    if report.taken_at:
        invocation["endTimeUtc"] = report.taken_at
    texts = [f"{missing.what}: {missing.detail}" for missing in report.missing_targets]
    texts += [error.message for error in report.errors]
    notes = []
    if unplaced:
        notes.append(
            f"{unplaced} finding(s) of the live world are in no file and left out: `run --save FILE` gives them one"
        )
    if omitted:
        notes.append(f"{omitted} less severe finding(s) left out: at most {MOST_RESULTS} are shown")
    said = [("error", text) for text in texts] + [("note", text) for text in notes]
    if said:
        invocation["toolExecutionNotifications"] = [
            {"level": level, "message": {"text": visible(text)}} for level, text in said
        ]
    return invocation
