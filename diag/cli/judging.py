"""From what a run observed to its report. All that this takes is loaded while the world is asked."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diag.config.file import Config
    from diag.engine.run import Outcome
    from diag.knowledge.runbooks import Knowledge
    from diag.model.tool_error import ToolError
    from diag.reports.report import Report


class Judging:
    """The knowledge, the configuration and the policy that turn outcomes into reports."""

    def __init__(
        self,
        folders: Sequence[str],
        errors: tuple[ToolError, ...],
        *,
        config: Config | None = None,
        fail_on_warn: bool = False,
        unknown_passes: bool = False,
    ) -> None:
        """`folders` hold a team's own runbooks, `errors` are plugins that could not be loaded.

        Raises click.UsageError for a team's runbook that is wrong: before the world is asked.
        """
        self._folders = folders
        self._errors = errors
        self._config = config
        self._fail_on_warn = fail_on_warn
        self._unknown_passes = unknown_passes
        if folders:
            _ = self.knowledge

    @cached_property
    def knowledge(self) -> Knowledge:
        """The built-in causes and the team's own."""
        from diag.cli.knowledge import load

        return load(self._folders)

    def load(self) -> None:
        """Load knowledge and modules ahead of their use. What goes wrong goes wrong again, and is told, in use."""
        with contextlib.suppress(ImportError):
            import diag.config.apply
            import diag.diagnosis.diagnose
            import diag.reports.tally
            import diag.reports.text
            import diag.texts.symptoms  # noqa: F401
        _ = self.knowledge

    def report_of(self, outcome: Outcome) -> Report:
        """Findings under the configuration, diagnoses, exit code."""
        from msgspec.structs import replace

        from diag.diagnosis.diagnose import diagnose
        from diag.reports.report import Policy
        from diag.reports.tally import of_run
        from diag.texts.symptoms import match_text

        knowledge = self.knowledge
        findings = outcome.judged.findings
        if self._config is not None:
            from diag.config.apply import decided

            findings = decided(findings, self._config, outcome.snapshot.taken_at)
            outcome = replace(outcome, judged=replace(outcome.judged, findings=findings))
        diagnoses = diagnose(
            tuple(finding for finding in findings if not finding.suppressed),
            outcome.facts,
            knowledge.causes,
            lambda text, medium: match_text(text, medium, knowledge),
        )
        policy = Policy(fail_on_warn=self._fail_on_warn, unknown_passes=self._unknown_passes)
        return of_run(outcome, diagnoses, policy, self._errors)
