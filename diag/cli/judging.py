"""From an outcome to its report, for commands that judge."""

from __future__ import annotations

from collections.abc import Iterable

from diag.diagnosis.diagnose import diagnose
from diag.engine.run import Outcome
from diag.knowledge.runbooks import Knowledge
from diag.model.tool_error import ToolError
from diag.reports.report import Policy, Report
from diag.reports.tally import of_run
from diag.symptoms.match import match_text

LENIENT = Policy()


def report_of(
    outcome: Outcome, knowledge: Knowledge, policy: Policy = LENIENT, errors: Iterable[ToolError] = ()
) -> Report:
    """The report of a run or of a replay; `errors` are plugins that could not be loaded."""
    diagnoses = diagnose(
        outcome.judged.findings,
        outcome.facts,
        knowledge.causes,
        lambda text, medium: match_text(text, medium, knowledge),
    )
    return of_run(outcome, diagnoses, policy, errors)
