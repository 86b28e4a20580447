"""The model that every format is made from."""

from __future__ import annotations

import msgspec

from diag.credentials import scrubbed
from diag.model.diagnosis import Diagnosis
from diag.model.exit_code import ExitCode
from diag.model.finding import Finding
from diag.model.layer import Layer
from diag.model.tool_error import ToolError
from diag.model.unavailable import Unavailable

SCHEMA = "lustre-doctor/v1"


class Policy(msgspec.Struct, frozen=True):
    """What makes a gate go red."""

    fail_on_warn: bool = False
    unknown_passes: bool = False


class Coverage(msgspec.Struct, frozen=True):
    """How much was looked at. A question is one finding that is not a skip."""

    checks: int = 0
    questions: int = 0
    answered: int = 0
    passed: int = 0
    warned: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0
    suppressed: int = 0
    """Of those that warned, failed or are unknown: how many do not count for the exit code."""
    volumes: int = 0
    file_systems: int = 0
    nodes: int = 0
    mounts: int = 0


class Rule(msgspec.Struct, frozen=True):
    """One check that ran, as a reader of a report looks it up."""

    id: str
    title: str
    page: str
    layer: Layer


class Report(msgspec.Struct, frozen=True):
    """One run, or one explanation, ready to be told."""

    exit_code: int
    diagnoses: tuple[Diagnosis, ...] = ()
    findings: tuple[Finding, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()
    coverage: Coverage = Coverage()
    errors: tuple[ToolError, ...] = ()
    cluster: str = ""
    region: str = ""
    taken_at: str = ""
    tool_version: str = ""
    schema: str = SCHEMA
    rules: tuple[Rule, ...] = ()
    policy: Policy = Policy()
    missing_targets: tuple[Unavailable, ...] = ()
    """What was named and could not be inspected: said first. They are in `unavailable` too."""


def of_texts(diagnoses: tuple[Diagnosis, ...], tool_version: str) -> Report:
    """The report of an explanation: exit 0 when a cause was found, 5 when none."""
    found = any(diagnosis.causes for diagnosis in diagnoses)
    code = ExitCode.OK if found else ExitCode.UNDETERMINED
    return scrubbed(Report(exit_code=int(code), diagnoses=diagnoses, tool_version=tool_version))
