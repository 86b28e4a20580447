"""GitHub Actions workflow commands: each finding as an annotation on its file and line.

Source: GitHub documentation, workflow commands for GitHub Actions (error, warning, notice; percent-encoded data).
"""

from __future__ import annotations

from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.reports.grouping import worst_first
from diag.reports.report import Report
from diag.sanitize import visible

_COMMANDS = {Verdict.FAIL: "error", Verdict.WARN: "warning", Verdict.UNKNOWN: "warning"}


def to_github(report: Report) -> str:
    """One line for each diagnosis and each finding that is not fine.

    A step shows ten of each kind, so the most severe come first.
    """
    lines = [_command("error", {"title": "lustre-doctor itself"}, visible(error.message)) for error in report.errors]
    lines += [
        _command("error", {"title": f"lustre-doctor: {visible(missing.what)}"}, visible(missing.detail))
        for missing in report.missing_targets
    ]
    for diagnosis in report.diagnoses:
        kind = "error" if diagnosis.gravity is Verdict.FAIL else "warning"
        see = (f"see {best.url}",) if (best := diagnosis.best) is not None and best.url else ()
        text = "\n".join(map(visible, (diagnosis.headline, *see)))
        lines.append(_command(kind, {"title": "lustre-doctor: diagnosis"}, text))
    lines += [_annotation(finding) for finding in worst_first(report.findings) if finding.verdict in _COMMANDS]
    return "".join(f"{line}\n" for line in lines)


def _annotation(finding: Finding) -> str:
    command = "notice" if finding.suppressed else _COMMANDS[finding.verdict]
    properties = {"title": f"{finding.check}: {visible(str(finding.subject))}"}
    if finding.location is not None and finding.location.file:
        properties["file"] = visible(finding.location.file)
        if finding.location.line:
            properties |= {"line": str(finding.location.line), "col": str(max(1, finding.location.column))}
    lines = [finding.message, *(finding.fix.in_order if finding.fix else ())]
    if finding.suppressed:
        lines.append(f"suppressed: {finding.suppressed}")
    if finding.url:
        lines.append(f"see {finding.url}")
    return _command(command, properties, "\n".join(map(visible, lines)))


def _command(command: str, properties: dict[str, str], text: str) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{command} {given}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
