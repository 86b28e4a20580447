"""From the outcome of a run to its report: configuration, diagnoses, exit code."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diag.engine.run import Outcome
    from diag.knowledge.runbooks import Knowledge
    from diag.model.diagnosis import Diagnosis
    from diag.model.finding import Finding
    from diag.reports.report import Guide, Report, Selection
    from diag.run.request import RunRequest


def preload(request: RunRequest) -> None:
    """Load knowledge and modules before `report_on` needs them. What fails here fails again there, with its message."""
    with contextlib.suppress(ImportError):
        import diag.config.apply
        import diag.diagnosis.diagnose
        import diag.reports.text
        import diag.run.totals
        import diag.texts.symptoms  # noqa: F401
        from diag.secret_filter import without_credentials

        without_credentials("password: mount -o")  # compiles its patterns
    _ = request.knowledge


def report_on(outcome: Outcome, request: RunRequest) -> Report:
    """The findings as the configuration counts them, the diagnoses and the exit code."""
    from msgspec.structs import replace

    from diag.config.apply import decided
    from diag.diagnosis.references import broken_references
    from diag.reports.report import Selection
    from diag.run.totals import add_up

    if any(finding.correction for finding in outcome.judged.findings):
        from diag.sources.manifests.corrections import placed_corrections

        judged = replace(outcome.judged, findings=placed_corrections(outcome.judged.findings))
        outcome = replace(outcome, judged=judged)
    findings = decided(outcome.judged.findings, request.config, outcome.snapshot.taken_at)
    findings = tuple(_resolved(finding, request.knowledge) for finding in findings)
    diagnoses: tuple[Diagnosis, ...] = ()
    selection = _selection(outcome, request)
    # Who asks for leftovers alone asks of something else than mounts.
    if selection is not Selection.LEFTOVERS:
        counted = [finding for finding in findings if not finding.suppressed]
        diagnoses = diagnoses_of(outcome, counted, request.knowledge)
    outcome = replace(outcome, judged=replace(outcome.judged, findings=findings))
    broken = broken_references(request.registry.checks, request.knowledge.causes, findings)
    guides = guides_of(diagnoses, request.knowledge)
    errors = (*request.registry.errors, *broken)
    report = add_up(outcome, diagnoses, request.policy, errors, guides, request.unread)
    return replace(report, case_file=request.snapshot, selection=selection)


def _selection(outcome: Outcome, request: RunRequest) -> Selection:
    """Checks that are no part of a usual run (leftovers) were named."""
    from diag.reports.report import Selection

    if all(check.opt_in for check in outcome.checks):
        return Selection.LEFTOVERS
    ran = {check.id for check in outcome.checks}
    usual = {check.id for check in request.registry.select((), ())}
    return Selection.USUAL if usual <= ran else Selection.SOME


def _resolved(finding: Finding, knowledge: Knowledge) -> Finding:
    """The finding with the present ids of its causes: a plugin may name one that was merged into another."""
    from msgspec.structs import replace

    cause, rules_out = knowledge.resolve(finding.cause), tuple(map(knowledge.resolve, finding.rules_out))
    if (cause, rules_out) == (finding.cause, finding.rules_out):
        return finding
    return replace(finding, cause=cause, rules_out=rules_out)


def guides_of(diagnoses: Sequence[Diagnosis], knowledge: Knowledge) -> tuple[Guide, ...]:
    """The runbooks of the causes that the diagnoses name first, each once."""
    from diag.secret_filter import scrubbed

    first: dict[str, Diagnosis] = {}
    for diagnosis in diagnoses:
        if diagnosis.best is not None and diagnosis.best.id in knowledge.files:
            first.setdefault(diagnosis.best.id, diagnosis)
    return tuple(_guide(id, scrubbed(diagnosis.values), knowledge) for id, diagnosis in first.items())


def _guide(id: str, values: dict[str, str], knowledge: Knowledge) -> Guide:
    from diag.advice.runbook import answers_of, fix_of, look_at, numbers_of_options
    from diag.advice.verify import with_verify
    from diag.reports.report import Guide, Look

    cause = knowledge.causes[id]
    fix = fix_of(cause, values, on_page=True)
    looks = []
    for observation in cause.confirm:
        what, *commands = look_at(observation, values).splitlines()
        looks.append(Look(what, tuple(commands), tuple(answers_of(observation, values))))
    shown = with_verify(fix, values) if fix else None
    return Guide(id, cause.title, knowledge.page(id), values, shown, numbers_of_options(cause, values), tuple(looks))


def diagnoses_of(outcome: Outcome, findings: Sequence[Finding], knowledge: Knowledge) -> tuple[Diagnosis, ...]:
    """The diagnoses from the findings and from the texts in the facts."""
    from diag.diagnosis.diagnose import diagnose
    from diag.texts.symptoms import match_text

    return diagnose(findings, outcome.facts, knowledge.causes, partial(match_text, knowledge=knowledge))
