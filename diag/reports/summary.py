"""A report in one line: its verdict, how many checks ran and how they ended."""

from __future__ import annotations

from diag.model.diagnosis import Likelihood
from diag.model.exit_code import ExitCode
from diag.model.verdict import Verdict
from diag.reports.report import Report, Selection

_GOOD = {Selection.USUAL: "Healthy", Selection.SOME: "Passed", Selection.LEFTOVERS: "Nothing is left over"}
_SIDES = {"AWS": ("AWS credentials",), "Kubernetes": ("kubeconfig", "Kubernetes API server")}
"""What a run asks, and how the reasons begin that kept it from asking any of it."""

_VERDICTS = {
    ExitCode.WARNED: (Verdict.WARN, "Warnings"),
    ExitCode.UNDETERMINED: (Verdict.UNKNOWN, "Not determined"),
    ExitCode.NOTHING_INSPECTED: (Verdict.SKIP, "Nothing was inspected"),
}


def verdict_of(report: Report) -> tuple[Verdict, str]:
    """The verdict of the whole report, and its words: `Healthy`, `2 checks failed, AWS not asked`."""
    if report.is_of_texts:
        return _verdict_of_texts(report)
    if report.exit_code == ExitCode.FAILED:
        verdict, words = Verdict.FAIL, _failures(report)
    elif report.exit_code == ExitCode.OK:
        verdict, words = Verdict.PASS, _GOOD[report.selection]
    else:
        verdict, words = _VERDICTS.get(ExitCode(report.exit_code), (Verdict.UNKNOWN, "Incomplete"))
    silent = [
        side
        for side, reasons in _SIDES.items()
        if any(missing.what.startswith(reasons) for missing in report.unavailable)
    ]
    # Where nobody answered at all, the reasons stand alone.
    return verdict, f"{words}, {' and '.join(silent)} not asked" if silent and report.coverage.answered else words


def counts(report: Report) -> str:
    """`51 checks ran, 1 warning, 20 skipped`: what stands beside the verdict's words."""
    coverage = report.coverage
    failed = 0 if report.exit_code == ExitCode.FAILED else coverage.failed
    parts = [
        f"{plural(coverage.answered, 'check')} ran",
        f"{coverage.unknown} could not run" if coverage.unknown else "",
        f"{failed} failed" if failed else "",
        plural(coverage.warned, "warning") if coverage.warned else "",
        f"{coverage.skipped} skipped" if coverage.skipped else "",
        f"{coverage.suppressed} suppressed" if coverage.suppressed else "",
    ]
    return ", ".join(filter(None, parts))


def inspected(report: Report) -> str:
    """`1 volume, 1 file system, 1 node in training (ap-northeast-2)`."""
    coverage = report.coverage
    volumes, file_systems = plural(coverage.volumes, "volume"), plural(coverage.file_systems, "file system")
    region = f" ({report.region})" if report.region else ""
    return f"{volumes}, {file_systems}, {plural(coverage.nodes, 'node')} in {report.cluster or 'the cluster'}{region}"


def plural(number: int, noun: str) -> str:
    """`1 check`, `2 checks`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _failures(report: Report) -> str:
    """A mount can fail although every check passes: its events say so."""
    if report.coverage.failed:
        return f"{plural(report.coverage.failed, 'check')} failed"
    return plural(sum(1 for diagnosis in report.diagnoses if diagnosis.gravity is Verdict.FAIL), "failure")


def _verdict_of_texts(report: Report) -> tuple[Verdict, str]:
    """An explanation inspects nothing, so it is as certain as its best cause."""
    causes = [best for diagnosis in report.diagnoses if (best := diagnosis.best) is not None]
    if not causes and any(diagnosis.gravity is Verdict.PASS for diagnosis in report.diagnoses):
        return Verdict.PASS, "Mounted"
    if not causes:
        return Verdict.UNKNOWN, "Not recognised"
    likelihood = min((cause.verdict for cause in causes), key=lambda likelihood: likelihood.rank)
    verdicts = {Likelihood.CONFIRMED: Verdict.FAIL, Likelihood.LIKELY: Verdict.WARN}
    return verdicts.get(likelihood, Verdict.UNKNOWN), f"Cause {likelihood.value}"
