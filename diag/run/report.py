"""From the outcome of a run to its report: configuration, diagnoses, exit code."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from diag.run.request import RunRequest

if TYPE_CHECKING:
    from diag.engine.run import Outcome
    from diag.knowledge.runbooks import Knowledge
    from diag.model.diagnosis import Diagnosis
    from diag.model.finding import Finding
    from diag.reports.report import Report


def preload(request: RunRequest) -> None:
    """Load knowledge and modules before `report_on` needs them. What fails here fails again there, with its message."""
    with contextlib.suppress(ImportError):
        import diag.config.apply
        import diag.diagnosis.diagnose
        import diag.reports.tally
        import diag.reports.text
        import diag.texts.symptoms  # noqa: F401
    _ = request.knowledge


def report_on(outcome: Outcome, request: RunRequest) -> Report:
    """The findings as the configuration counts them, the diagnoses and the exit code."""
    from msgspec.structs import replace

    from diag.config.apply import decided
    from diag.diagnosis.references import broken_references
    from diag.reports.tally import of_run

    findings = decided(outcome.judged.findings, request.config, outcome.snapshot.taken_at)
    diagnoses = diagnoses_of(outcome, [finding for finding in findings if not finding.suppressed], request.knowledge)
    outcome = replace(outcome, judged=replace(outcome.judged, findings=findings))
    broken = broken_references(request.registry.checks, request.knowledge.causes, findings)
    return of_run(outcome, diagnoses, request.policy, (*request.registry.errors, *broken), request.unread)


def diagnoses_of(outcome: Outcome, findings: Sequence[Finding], knowledge: Knowledge) -> tuple[Diagnosis, ...]:
    """The diagnoses from the findings and from the texts in the facts."""
    from diag.diagnosis.diagnose import diagnose
    from diag.texts.symptoms import match_text

    return diagnose(findings, outcome.facts, knowledge.causes, partial(match_text, knowledge=knowledge))
