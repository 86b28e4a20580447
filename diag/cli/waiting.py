"""`--wait`: look again until all is well or the time is up."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import click

from diag.model.exit_code import ExitCode
from diag.reports.report import Report
from diag.sanitize import visible

PAUSE_S = 5.0
"""Between two looks: what is waited for takes minutes, and every look asks the APIs."""

_MAY_CHANGE = frozenset({ExitCode.FAILED, ExitCode.WARNED, ExitCode.UNDETERMINED, ExitCode.NOTHING_INSPECTED})
"""Codes that waiting can mend; a failure of the tool itself it cannot."""


def look_until_well(
    look: Callable[[], Report], patience: float, *, pause: float = PAUSE_S, sleep: Callable[[float], None] = time.sleep
) -> Report:
    """The first report that exits 0, or the last one before `patience` seconds are over. One look where it is 0."""
    until = time.monotonic() + patience
    while True:
        report = look()
        left = until - time.monotonic()
        if report.exit_code not in _MAY_CHANGE or left <= 0:
            return report
        _say(report, left)
        sleep(min(pause, left))


def _say(report: Report, left: float) -> None:
    """On a terminal one line that tells why it still waits."""
    if sys.stderr.isatty():
        click.echo(f"not yet ({left:.0f} s left): {visible(reason_of(report))[:160]}", err=True)


def reason_of(report: Report) -> str:
    """The gravest thing of a report in one sentence."""
    if report.diagnoses:
        return report.diagnoses[0].headline
    grave = max(report.findings, key=lambda finding: finding.verdict.rank, default=None)
    return f"{grave.subject}: {grave.message}" if grave and report.exit_code != 6 else "there is nothing to inspect yet"
