"""From the outcome of a run to its report: configuration, diagnoses, exit code."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from diag.run.request import RunRequest

if TYPE_CHECKING:
    from diag.engine.run import Outcome
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
    from diag.diagnosis.diagnose import diagnose
    from diag.reports.tally import of_run
    from diag.texts.symptoms import match_text

    knowledge = request.knowledge
    findings = decided(outcome.judged.findings, request.config, outcome.snapshot.taken_at)
    diagnoses = diagnose(
        tuple(finding for finding in findings if not finding.suppressed),
        outcome.facts,
        knowledge.causes,
        lambda text, medium: match_text(text, medium, knowledge),
    )
    outcome = replace(outcome, judged=replace(outcome.judged, findings=findings))
    return of_run(outcome, diagnoses, request.policy, request.registry.errors)
