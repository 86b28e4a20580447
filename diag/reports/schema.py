"""The JSON Schema of the JSON document, made from the types that it is encoded from.

`python -m diag.reports.schema > docs/schema/lustre-doctor-v1.schema.json` writes it again.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from diag.model.diagnosis import Diagnosis
from diag.model.exit_code import ExitCode
from diag.model.finding import Finding
from diag.model.symptom import ReadLine
from diag.model.tool_error import ToolError
from diag.model.unavailable import Unavailable
from diag.reports.report import SCHEMA, AccountFileSystem, Coverage

PARTS: dict[str, Any] = {
    "diagnoses": tuple[Diagnosis, ...],
    "findings": tuple[Finding, ...],
    "unavailable": tuple[Unavailable, ...],
    "coverage": Coverage,
    "errors": tuple[ToolError, ...],
    "account": tuple[AccountFileSystem, ...],
    "lines": tuple[ReadLine, ...],
}
TEXTS = {
    "cluster": "EKS cluster, empty when not known.",
    "region": "AWS region, empty when not known.",
    "taken_at": "RFC 3339, UTC: when the facts were read; empty for `explain`.",
    "tool_version": "Version of lustre-doctor.",
}
LINES = {
    "commands": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Shell lines to run in this order. A guard is part of the line that it protects.",
    },
    "note": {"type": "string", "description": "What the commands change and what to watch, or what a person does."},
    "undo": {"type": "string", "description": "How to take the commands back."},
    "verify": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Shell lines that show whether the fix worked.",
    },
}
"""What the document adds to the steps of a fix: the same, as a shell and a person read it."""


AFFECTED = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"subject": {"$ref": "#/$defs/Subject"}, "headline": {"type": "string"}},
        "required": ["subject", "headline"],
    },
    "description": "Others that fail of the same cause: after three of one cause they are named in the first of them.",
}
"""What the document adds to a diagnosis."""


def document_schema() -> dict[str, Any]:
    """The schema (draft 2020-12). Every key is always there; readers let keys that they do not know pass."""
    parts, components = msgspec.json.schema_components(PARTS.values(), ref_template="#/$defs/{name}")
    properties: dict[str, Any] = {
        "schema": {"const": SCHEMA},
        "exit_code": {"enum": [int(code) for code in ExitCode], "description": ExitCode.__doc__},
        **dict(zip(PARTS, parts, strict=True)),
        **{name: {"type": "string", "description": text} for name, text in TEXTS.items()},
    }
    components["Fix"]["properties"].update(LINES)
    components["Diagnosis"]["properties"]["affected"] = AFFECTED
    for component in components.values():
        if "properties" in component:
            component["required"] = list(component["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lustre-doctor:v1",
        "title": "lustre-doctor report",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "$defs": components,
    }


def to_text() -> str:
    """The schema as the published file holds it."""
    return json.dumps(document_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(to_text())
