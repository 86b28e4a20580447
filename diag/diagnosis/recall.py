"""Takes an incident's values out of a document that an earlier command printed or saved."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from diag.decode import decode_json
from diag.model.diagnosis import Diagnosis
from diag.model.exit_code import WrongUsage


class NoDiagnosis(WrongUsage):
    """The document holds no incident; the message says what it is."""


class _Cause(msgspec.Struct):
    id: str


class _Diagnosis(msgspec.Struct):
    causes: tuple[_Cause, ...] = ()
    values: dict[str, str] = {}


class _Document(msgspec.Struct):
    schema: str = ""
    diagnoses: tuple[_Diagnosis, ...] = ()


def is_snapshot(data: bytes) -> bool:
    """Whether the document is a snapshot, which has to be judged first."""
    try:
        return _decode(data).schema.startswith("lustre-doctor/snapshot/")
    except NoDiagnosis:
        return False


def values_in(data: bytes, cause: str) -> dict[str, str]:
    """The values in a JSON report. Raises NoDiagnosis when the document is none or diagnoses nothing."""
    document = _decode(data)
    if not document.schema.startswith("lustre-doctor/v"):
        raise NoDiagnosis("not a lustre-doctor document")
    return values_of(document.diagnoses, cause)


def values_of(diagnoses: Sequence[_Diagnosis | Diagnosis], cause: str) -> dict[str, str]:
    """The values of the diagnosis that names the cause, else of the first one. Raises NoDiagnosis when none is."""
    if not diagnoses:
        raise NoDiagnosis("it diagnoses nothing")
    named = (d for d in diagnoses if any(c.id == cause for c in d.causes))
    return next(named, diagnoses[0]).values


def _decode(data: bytes) -> _Document:
    try:
        return decode_json(data, _Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoDiagnosis(f"not a lustre-doctor document: {error}") from error
