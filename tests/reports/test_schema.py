"""The published JSON Schema is the one of the types, and every document keeps it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from diag.model.verdict import Verdict
from diag.reports.json import to_json
from diag.reports.report import report_on_texts
from diag.reports.schema import document_schema, to_text
from tests.reports.made import HOSTILE, everything, finding, report

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema" / "lustre-doctor-v1.schema.json"


def check(document: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document)
    jsonschema.Draft202012Validator(document_schema()).validate(found)
    return found


def test_the_published_file_is_not_stale() -> None:
    told = "write it anew: python -m diag.reports.schema > docs/schema/lustre-doctor-v1.schema.json"
    assert PUBLISHED.read_text() == to_text(), told


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(PUBLISHED.read_text()))


@pytest.mark.parametrize("text", HOSTILE)
def test_every_document_keeps_it(text: str) -> None:
    check(to_json(everything(text)))


def test_an_explanation_keeps_it_too() -> None:
    assert check(to_json(report_on_texts((), "0.1.0")))["exit_code"] == 5


@pytest.mark.parametrize("damage", [{"exit_code": 9}, {"schema": "lustre-doctor/v2"}, {"findings": [{}]}])
def test_what_breaks_the_promise_is_seen(damage: dict[str, Any]) -> None:
    document = {**json.loads(to_json(report(finding(Verdict.PASS)))), **damage}
    with pytest.raises(jsonschema.ValidationError):
        check(json.dumps(document))
