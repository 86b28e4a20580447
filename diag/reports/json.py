"""The JSON document: schema `lustre-doctor/v1`, documented in docs/json.md."""

from __future__ import annotations

from typing import Any

import msgspec

from diag.reports.report import Report


def to_json(report: Report) -> str:
    """The report as one JSON document with a final newline, keys in a fixed order."""
    first = {"schema": report.schema, "exit_code": report.exit_code}
    rest = {name: getattr(report, name) for name in ("diagnoses", "findings", "unavailable", "coverage", "errors")}
    about = {name: getattr(report, name) for name in ("cluster", "region", "taken_at", "tool_version")}
    document = {**first, **rest, **about}
    try:
        encoded = msgspec.json.encode(document)
    except UnicodeEncodeError:
        # The name of a file need not be text; JSON is.
        encoded = msgspec.json.encode(_as_text(msgspec.to_builtins(document)))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def _as_text(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_as_text(key): _as_text(item) for key, item in value.items()}
    return [_as_text(item) for item in value] if isinstance(value, list | tuple) else value
