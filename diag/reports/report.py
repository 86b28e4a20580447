"""The model that every format is made from. It holds all that is printed."""

from __future__ import annotations

from enum import Enum

import msgspec

from diag.model.diagnosis import Diagnosis
from diag.model.exit_code import ExitCode
from diag.model.finding import Finding
from diag.model.fix import Fix
from diag.model.layer import Layer
from diag.model.symptom import ReadLine
from diag.model.tool_error import ToolError
from diag.model.unavailable import Unavailable
from diag.model.verdict import Verdict
from diag.secret_filter import scrubbed

SCHEMA = "lustre-doctor/v1"


class Policy(msgspec.Struct, frozen=True):
    """What makes a gate go red."""

    fail_on_warn: bool = False
    unknown_passes: bool = False

    def fails(self, finding: Finding) -> bool:
        """Whether the finding alone makes the gate red."""
        if finding.suppressed:
            return False
        match finding.verdict:
            case Verdict.FAIL:
                return True
            case Verdict.WARN:
                return self.fail_on_warn
            case Verdict.UNKNOWN:
                return not self.unknown_passes
        return False


class Coverage(msgspec.Struct, frozen=True):
    """How much was inspected. A question is one finding that is not a skip."""

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
    url: str = ""
    """The same on the site; empty for a plugin's."""


class Look(msgspec.Struct, frozen=True):
    """One thing to look at that settles a cause."""

    what: str
    commands: tuple[str, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    """What the answer is if this is the cause, and if it is not, each behind what it says."""


class Guide(msgspec.Struct, frozen=True):
    """The runbook of a cause that a diagnosis names first."""

    id: str
    title: str
    text: str
    """The file, front matter included, its placeholders not filled."""
    values: dict[str, str] = {}
    """What fills them, of the first diagnosis that names the cause."""
    fix: Fix | None = None
    """The runbook's remedies with these values."""
    numbers: tuple[int, ...] = ()
    """By which number the text names each of them."""
    looks: tuple[Look, ...] = ()
    """What settles the cause."""


class AccountFileSystem(msgspec.Struct, frozen=True):
    """One Lustre file system of the account, where no cluster says which of them it mounts."""

    id: str
    state: str
    version: str
    """FileSystemTypeVersion."""
    deployment_type: str
    capacity_gib: int
    cannot_mount: dict[str, tuple[str, ...]] = {}
    """Version of a client that this version refuses: the systems that have it."""


class Selection(Enum):
    """Which checks a run was made of."""

    USUAL = "usual"
    """All that a run without options has."""
    SOME = "some"
    LEFTOVERS = "leftovers"
    """Those alone that ask what a teardown left over."""


class Report(msgspec.Struct, frozen=True):
    """One run, or one explanation of texts, ready to be printed."""

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
    collect: tuple[str, ...] = ()
    """What to collect where a diagnosis has no cause."""
    guides: tuple[Guide, ...] = ()
    account: tuple[AccountFileSystem, ...] = ()
    """The Lustre file systems of account and Region; only where the cluster's volumes could not be read."""
    case_file: str = ""
    """The snapshot or case that was judged, or that the run was saved to."""
    lines: tuple[ReadLine, ...] = ()
    """The given texts line by line, where that was asked."""
    selection: Selection = Selection.USUAL

    @property
    def is_of_texts(self) -> bool:
        """An explanation: no check ran."""
        return not self.findings and not self.coverage.checks and self.exit_code in (ExitCode.OK, ExitCode.UNDETERMINED)


def report_on_texts(
    diagnoses: tuple[Diagnosis, ...],
    tool_version: str,
    collect: tuple[str, ...] = (),
    guides: tuple[Guide, ...] = (),
    lines: tuple[ReadLine, ...] = (),
    unavailable: tuple[Unavailable, ...] = (),
) -> Report:
    """The report of an explanation: exit 0 when a cause was found or nothing fails, 5 when no cause was found.

    `unavailable` is what of the texts was not read, or is not shown.
    """
    found = any(diagnosis.best is not None or diagnosis.gravity is Verdict.PASS for diagnosis in diagnoses)
    code = int(ExitCode.OK if found else ExitCode.UNDETERMINED)
    return Report(
        code,
        scrubbed(diagnoses),
        unavailable=scrubbed(unavailable),
        tool_version=tool_version,
        collect=collect,
        guides=guides,
        lines=scrubbed(lines),
    )
