"""OpenMetrics text, for a node exporter's textfile collector or a push gateway: what the run found, in numbers.

Labels hold only ids of this tool and kinds and names of objects; messages change and would make new series each time.
Source: OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/).
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator

from diag.model.diagnosis import Likelihood
from diag.model.verdict import Verdict
from diag.reports.report import Report
from diag.sanitize import visible


def to_openmetrics(report: Report) -> str:
    """One exposition, ended by `# EOF`."""
    return "\n".join((*_lines(report), "# EOF")) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from _gauge("exit_code", "Exit code of the run.")
    yield f"lustre_doctor_exit_code {report.exit_code}"
    yield from _gauge("findings", "Findings by check, layer and verdict; suppressed ones apart.")
    counted = Counter((f.check, f.layer.value, f.verdict.value, bool(f.suppressed)) for f in report.findings)
    for (check, layer, verdict, hidden), number in sorted(counted.items()):
        labels = _labels(check=check, layer=layer, verdict=verdict, suppressed="true" if hidden else "false")
        yield f"lustre_doctor_findings{labels} {number}"
    yield from _gauge("problem", "1 for each subject that fails, warns or could not be judged.")
    bad = {
        (f.check, f.verdict.value, f.cause, f.subject.kind.value, f.subject.namespace, f.subject.name)
        for f in report.findings
        if f.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.UNKNOWN) and not f.suppressed
    }
    for check, verdict, cause, kind, namespace, name in sorted(bad):
        labels = _labels(check=check, verdict=verdict, cause=cause, kind=kind, namespace=namespace, name=name)
        yield f"lustre_doctor_problem{labels} 1"
    yield from _gauge("diagnosis", "1 for the first cause of each diagnosis.")
    first = {
        (d.causes[0].id, d.causes[0].verdict.value, d.subject.kind.value, d.subject.namespace, d.subject.name)
        for d in report.diagnoses
        if d.causes and d.causes[0].verdict is not Likelihood.RULED_OUT
    }
    for cause, likelihood, kind, namespace, name in sorted(first):
        labels = _labels(cause=cause, likelihood=likelihood, kind=kind, namespace=namespace, name=name)
        yield f"lustre_doctor_diagnosis{labels} 1"
    coverage = report.coverage
    yield from _gauge("questions", "Results that were wanted, and those that a check gave.")
    yield f'lustre_doctor_questions{{state="asked"}} {coverage.questions}'
    yield f'lustre_doctor_questions{{state="answered"}} {coverage.answered}'
    yield from _gauge("inspected", "Objects that were inspected.")
    for kind in ("volumes", "file_systems", "nodes", "mounts"):
        yield f'lustre_doctor_inspected{{kind="{kind}"}} {getattr(coverage, kind)}'
    if (instant := _unix_seconds(report.taken_at)) is not None:
        yield from _gauge("run_timestamp_seconds", "When the run read its facts.", unit="seconds")
        yield f"lustre_doctor_run_timestamp_seconds {instant}"


def _gauge(name: str, text: str, *, unit: str = "") -> Iterator[str]:
    yield f"# TYPE lustre_doctor_{name} gauge"
    if unit:
        yield f"# UNIT lustre_doctor_{name} {unit}"
    yield f"# HELP lustre_doctor_{name} {text}"


def _labels(**labels: str) -> str:
    given = ",".join(f'{key}="{_value(value)}"' for key, value in labels.items())
    return f"{{{given}}}"


def _value(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')


def _unix_seconds(taken_at: str) -> int | None:
    try:
        return int(datetime.datetime.fromisoformat(taken_at).timestamp())
    except ValueError:
        return None
