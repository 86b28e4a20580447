"""The JSON document: schema `lustre-doctor/v1`, documented in docs/json.md."""

from __future__ import annotations

from typing import Any

import msgspec

from diag.model.diagnosis import Diagnosis
from diag.model.finding import Finding
from diag.model.fix import Fix
from diag.reports.grouping import SameCause, by_cause
from diag.reports.report import Report
from diag.sanitize import json_safe

KEYS = (
    "schema", "exit_code", "diagnoses", "findings", "unavailable", "coverage", "errors", "cluster", "region",
    "taken_at", "tool_version", "account", "lines",
)  # fmt: skip
"""What the document holds of a report, in this order."""


def to_json(report: Report) -> str:
    """The report as one JSON document with a final newline, keys in a fixed order."""
    found = {key: getattr(report, key) for key in KEYS}
    found["diagnoses"] = [document for group in by_cause(report.diagnoses) for document in _diagnoses(group)]
    found["findings"] = [finding_with_lines(finding) for finding in report.findings]
    return document(found)


def finding_with_lines(finding: Finding) -> Finding | dict[str, Any]:
    """A finding as the document holds it: its fix has shell lines beside the steps."""
    return finding if finding.fix is None else {**msgspec.to_builtins(finding), "fix": _fix(finding.fix)}


def _diagnoses(group: SameCause) -> list[dict[str, Any]]:
    """The first diagnoses of a cause in full; the first of them names what the others are about."""
    documents = [_diagnosis(diagnosis) for diagnosis in group.in_full]
    documents[0]["affected"] = [{"subject": other.subject, "headline": other.headline} for other in group.rest]
    return documents


def _diagnosis(diagnosis: Diagnosis) -> dict[str, Any]:
    causes = [
        cause if cause.fix is None else {**msgspec.to_builtins(cause), "fix": _fix(cause.fix)}
        for cause in diagnosis.causes
    ]
    return {**msgspec.to_builtins(diagnosis), "causes": causes, "affected": []}


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "title": fix.title,
        "when": fix.when,
        "commands": fix.commands,
        "note": fix.note,
        "undo": fix.undo,
        "verify": fix.verify,
        "steps": fix.steps,
        "alternatives": [_fix(other) for other in fix.alternatives],
    }


def document(value: Any, indent: int = 2) -> str:
    """Any value as a JSON document with a final newline that is safe on a terminal and in a log."""
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:
        # The name of a file need not be text; JSON is.
        encoded = msgspec.json.encode(_as_text(msgspec.to_builtins(value)))
    return json_safe(msgspec.json.format(encoded, indent=indent).decode()) + "\n"


def _as_text(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_as_text(key): _as_text(item) for key, item in value.items()}
    return [_as_text(item) for item in value] if isinstance(value, list | tuple) else value
