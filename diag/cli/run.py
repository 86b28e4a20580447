"""`lustre-doctor run`: inspect a cluster and its account, or a snapshot of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from diag.cli import _options
from diag.cli._output import OUTPUT, print_refusal, print_report, progress_line, safe, warn, write_outputs
from diag.model.exit_code import ExitCode, WrongUsage

if TYPE_CHECKING:
    from diag.engine.run import Outcome
    from diag.reports.report import Report
    from diag.run.request import RunRequest

MANIFESTS = _options.Group("Manifests", (
    click.option("-f", "--filename", "manifests", multiple=True, metavar="FILE|DIR|-",
                 help="Judge these manifests, Helm values of the driver or Terraform plan before they are applied."),
    click.option("--fix", "corrects", is_flag=True,
                 help="Write what is certain into the manifests, show it as a diff, and judge them again."),
    click.option("--offline", is_flag=True, help="Judge only the manifests; contact no cluster and no account."),
))  # fmt: skip

SAVE = _options.Group("Snapshot", (
    click.option("--save", "saved", type=_options.PATH, help="Save what was read as a snapshot."),
    click.option("--redact", type=_options.Choice(("none", "shareable", "strict")), default="none", show_default=True,
                 help="What is replaced in what --save writes (see `collect`)."),
))  # fmt: skip

GATE = _options.Group("Gate", (
    click.option("--wait", "patience", type=_options.DURATION, default=0.0, metavar="DURATION",
                 help="Repeat the run until it is healthy, for at most this long: 90s, 10m."),
    click.option("--fail-on", type=_options.Choice(("fail", "warn")),
                 help="Lowest verdict that makes the exit code non-zero. [default: fail]"),
    click.option("--unknown", type=_options.Choice(("fail", "pass")),
                 help="Whether unknown results fail or pass the gate. [default: fail]"),
    click.option("--config", default="", type=_options.PATH,
                 help="Configuration instead of ./lustre-doctor.toml or [tool.lustre-doctor] in ./pyproject.toml."),
))  # fmt: skip

PAUSE_S = 5.0
"""Between two attempts of --wait: what is waited for takes minutes, and every attempt reads the APIs."""

_MAY_CHANGE = frozenset({ExitCode.FAILED, ExitCode.WARNED, ExitCode.UNDETERMINED, ExitCode.NOTHING_INSPECTED})
"""Codes that waiting can change; a failure of the tool itself it cannot."""


@click.command(
    "run",
    cls=_options.Command,
    examples=(
        "lustre-doctor run                                     # every FSx for Lustre volume of the current context",
        "lustre-doctor run --pvc training/data --via exec      # one claim, and the node where it does not mount",
        "lustre-doctor run -f manifests/ --offline             # before anything is applied",
        "lustre-doctor run -o junit=report.xml --fail-on warn  # as a gate",
        "lustre-doctor run --wait 10m -q                       # until it is healthy",
    ),
)
@_options.options(
    MANIFESTS,
    _options.TARGET,
    _options.SELECTION,
    _options.WORLD,
    _options.SNAPSHOT,
    SAVE,
    _options.deadline(30.0, "Time limit of the run: 30, 90s, 2m. With --wait it applies to each attempt.", "--budget"),
    GATE,
    _options.RUNBOOKS,
    _options.NODES,
    OUTPUT,
)
def command(
    saved: str | None,
    redact: str,
    patience: float,
    form: str,
    outputs: tuple[tuple[str, str], ...],
    everything: bool,
    quiet: bool,
    corrects: bool,
    **options: Any,
) -> int:
    """Find out why volumes do not mount, and print the fix.

    Inspects every FSx for Lustre volume of the cluster unless a target is named. Read-only. The exit code
    decides a pipeline: 3 when something failed, 5 when something could not be determined.
    """
    first = time.monotonic()
    from msgspec.structs import replace

    from diag.run.execute import execute
    from diag.run.report import preload, report_on
    from diag.run.request import build_request

    if corrects and not options["manifests"]:
        raise WrongUsage("--fix writes into manifests: name them with -f FILE or -f DIR")
    try:
        with progress_line() as progress:
            request = build_request(options, progress=progress)
    except WrongUsage as error:
        print_refusal(str(error), form)
        raise
    for note in request.notes:
        warn(note)
    starts = iter((first,))

    def attempt() -> Report:
        with progress_line() as progress:
            outcome = execute(request, started=next(starts, None), progress=progress, preload=lambda: preload(request))
        if saved:
            _save(outcome, request, saved, redact)
        report = report_on(outcome, request)
        return replace(report, case_file=saved) if saved else report

    report = repeat_until_healthy(attempt, patience)
    if corrects and _correct(report):
        request = build_request(options)
        report = attempt()
    write_outputs(report, outputs, everything=everything)
    return print_report(report, form, everything=everything, quiet=quiet)


def _correct(report: Report) -> bool:
    """Show what is certain as a diff and write it; whether there was anything."""
    from diag.sources.manifests.corrections import changes_of, corrected, diff, write_corrected

    changes = changes_of(report.findings)
    for file in dict.fromkeys(file for file, _ in changes):
        before, after = corrected(file, [change for other, change in changes if other == file])
        click.echo("\n".join(safe(line) for line in diff(file, before, after).splitlines()), err=True)
        write_corrected(file, after)
    return bool(changes)


def _save(outcome: Outcome, request: RunRequest, path: str, redact: str) -> None:
    from diag.engine.snapshot import encode
    from diag.sources.files import write_private

    if redact == "none":
        write_private(path, encode(outcome.snapshot))
    else:
        from diag.redaction.tokens import Level
        from diag.run.case import redact_snapshot

        write_private(path, redact_snapshot(outcome.snapshot, Level(redact), request))


def repeat_until_healthy(
    attempt: Callable[[], Report],
    patience: float,
    *,
    pause: float = PAUSE_S,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Report:
    """The first report with exit code 0, or the last one before `patience` seconds are over. 0 is one attempt."""
    until = clock() + patience
    while True:
        report = attempt()
        left = until - clock()
        if report.exit_code not in _MAY_CHANGE or left <= 0:
            return report
        if sys.stderr.isatty():
            warn(f"not healthy yet ({left:.0f} s left): {reason_of(report)[:160]}")
        sleep(min(pause, left))


def reason_of(report: Report) -> str:
    """The most severe thing of a report in one sentence."""
    if report.diagnoses:
        return report.diagnoses[0].headline
    worst = max(report.findings, key=lambda finding: finding.verdict.rank, default=None)
    if worst is None or report.exit_code == ExitCode.NOTHING_INSPECTED:
        return "there is nothing to inspect yet"
    return f"{worst.subject}: {worst.message}"
