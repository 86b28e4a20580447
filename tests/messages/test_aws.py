"""Every error code that the services' own models name is one that the catalogue knows."""

from __future__ import annotations

import botocore.session
import pytest

from diag.diagnosis.explain import explain
from diag.knowledge.runbooks import load_knowledge
from diag.model.symptom import TextStream
from diag.texts.recognise import recognise
from diag.texts.symptoms import read_symptoms

FORMS = (
    "An error occurred ({}) when calling the Create operation: see the documentation",
    "operation error: Create, https response error StatusCode: 400, RequestID: 7, {}: see the documentation",
)


def codes_of(service: str) -> list[str]:
    model = botocore.session.get_session().get_service_model(service)
    shapes = [model.shape_for(name) for name in model.shape_names]
    return [
        shape.metadata.get("error", {}).get("code") or shape.name
        for shape in shapes
        if shape.metadata.get("exception") or shape.metadata.get("fault")
    ]


@pytest.mark.parametrize("service", ["fsx", "sts", "iam", "ecr", "ecr-public", "kms", "s3", "eks", "route53"])
def test_every_error_of_a_service_has_a_meaning(service: str) -> None:
    codes = codes_of(service)
    known = {code: [recognise(form.format(code)) for form in FORMS] for code in codes}
    assert codes
    assert [code for code, found in known.items() if any(k is None or k.program != "AWS" for k in found)] == []


def test_a_code_that_no_service_has_is_not_known() -> None:
    assert recognise(FORMS[0].format("PurpleFileSystemException")) is None


@pytest.mark.parametrize(
    "operation",
    ["CreateFileSystem", "DescribeFileSystems", "UpdateFileSystem", "CreateDataRepositoryAssociation", "TagResource"],
)
def test_every_error_of_a_call_to_fsx_is_answered(operation: str) -> None:
    """By a cause, or by what the error is."""
    knowledge = load_knowledge()
    errors = botocore.session.get_session().get_service_model("fsx").operation_model(operation).error_shapes
    unanswered = []
    for shape in errors:
        code = shape.metadata.get("error", {}).get("code") or shape.name
        text = f"operation error FSx: {operation}, https response error StatusCode: 400, RequestID: 7, {code}: no"
        read = read_symptoms((TextStream("", iter((text.encode(),))),), knowledge)
        found = explain(read.groups, knowledge.causes, unknown=read.unknown)
        if not any(diagnosis.causes or diagnosis.reads for diagnosis in found):
            unanswered.append(code)
    assert errors
    assert unanswered == []
