"""Ids that name nothing: a cause without a runbook, a check that is not installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from diag.knowledge.cause import Cause, Severity
from diag.model.finding import Finding
from diag.model.symptom import Phase
from diag.model.tool_error import ToolError
from diag.model.verdict import Verdict
from diag.registry import Check


def broken_references(
    checks: Iterable[Check], causes: Mapping[str, Cause], findings: Iterable[Finding] = ()
) -> tuple[ToolError, ...]:
    """One error for each id that a check, a finding or a runbook uses and that nothing has.

    `checks` are all that are installed, `causes` those of all runbooks that were loaded.
    """
    by_id = {check.id: check for check in checks}
    known = {name for cause in causes.values() for name in (cause.id, *cause.aliases)}
    used = {(check.id, id) for check in by_id.values() for id in check.speaks_for}
    used |= {(finding.check, id) for finding in findings for id in (finding.cause, *finding.rules_out) if id}
    of_checks = [
        ToolError(check, f"check {check} names the cause {id!r}, which no runbook has")
        for check, id in sorted(used)
        if id not in known
    ]
    named = {c.id: {o.check for o in c.confirm} | {r.check for r in c.rule_out} for c in causes.values()}
    of_runbooks = [
        ToolError(cause, f"runbook {cause} names the check {id!r}, which is not installed")
        for cause, ids in named.items()
        for id in sorted(ids - by_id.keys() - {""})
    ]
    return tuple(dict.fromkeys((*of_checks, *of_runbooks)))


def causes_without_runbook(findings: Iterable[Finding], causes: Mapping[str, Cause]) -> dict[str, Cause]:
    """A cause for each id that a finding names and no runbook has, so that its diagnosis is not lost."""
    found: dict[str, Cause] = {}
    for finding in findings:
        if finding.cause and finding.cause not in causes and finding.verdict in (Verdict.FAIL, Verdict.WARN):
            title = f"no runbook describes this; check {finding.check} found it"
            found.setdefault(
                finding.cause,
                Cause(finding.cause, title, finding.layer, tuple(Phase), Severity.BLOCKS, ("any",), sources=()),
            )
    return found
