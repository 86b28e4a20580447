"""The JSON document: schema `lustre-doctor/v1`, documented in docs/json.md."""

from __future__ import annotations

import msgspec

from diag.reports.report import Report


def to_json(report: Report) -> str:
    """The report as one JSON document with a final newline, keys in a fixed order."""
    first = {"schema": report.schema, "exit_code": report.exit_code}
    rest = {name: getattr(report, name) for name in ("diagnoses", "findings", "unavailable", "coverage", "errors")}
    about = {name: getattr(report, name) for name in ("cluster", "region", "taken_at", "tool_version")}
    encoded = msgspec.json.encode({**first, **rest, **about})
    return msgspec.json.format(encoded, indent=2).decode() + "\n"
