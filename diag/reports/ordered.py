"""What every machine format asks of a report: which findings count, in which order, and where they point."""

from __future__ import annotations

from diag.model.finding import Finding
from diag.model.verdict import Verdict
from diag.reports.report import Report

WORST_FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS, Verdict.SKIP)


def counts_as_failure(finding: Finding, report: Report) -> bool:
    """Whether the finding alone makes the gate red, by the run's own policy."""
    if finding.suppressed:
        return False
    match finding.verdict:
        case Verdict.FAIL:
            return True
        case Verdict.WARN:
            return report.policy.fail_on_warn
        case Verdict.UNKNOWN:
            return not report.policy.unknown_passes
    return False


def worst_first(report: Report) -> tuple[Finding, ...]:
    """The findings by gravity, then in the order of the mount path; suppressed ones after the others."""
    order = {verdict: rank for rank, verdict in enumerate(WORST_FIRST)}
    return tuple(sorted(report.findings, key=lambda f: (bool(f.suppressed), order[f.verdict], f.layer.depth)))


def remedy_of(finding: Finding) -> str:
    """What mends a finding, as plain lines; empty where nothing is known."""
    if finding.fix is None:
        return ""
    return "\n".join((*finding.fix.commands, *filter(None, (finding.fix.note,))))
