"""Markdown for a job's summary page: the verdict, what is wrong and how to fix it, the mount path in a table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diag.model.diagnosis import Diagnosis, Likelihood
from diag.model.finding import Finding
from diag.model.fix import Fix
from diag.model.verdict import Verdict
from diag.reports.diagram import diagram_of, to_mermaid
from diag.reports.grouping import by_cause, by_layer, worst_first
from diag.reports.report import Report
from diag.reports.summary import counts, inspected, verdict_of
from diag.sanitize import visible

MARKS = {Verdict.PASS: "✅", Verdict.SKIP: "➖", Verdict.WARN: "⚠️", Verdict.UNKNOWN: "❔", Verdict.FAIL: "❌"}

MOST_ROWS = 100
"""A job summary of GitHub holds 1 MiB; a fleet can have thousands of findings."""

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$@])")


def to_markdown(report: Report) -> str:
    """The page, in GitHub's dialect. Every stranger's text is escaped, so that it shows as it is."""
    verdict, words = verdict_of(report)
    lines = [f"## {MARKS[verdict]} {words}", ""]
    lines += [f"{counts(report)}; {escaped(inspected(report))}", ""] if report.coverage.checks else []
    for missing in report.missing_targets:
        lines += [f"### {escaped(f'{missing.what}: {missing.detail}')}", ""]
    for group in by_cause(report.diagnoses):
        for diagnosis in group.in_full:
            lines += [*_diagnosis(diagnosis), ""]
        lines += [f"### {escaped(group.summary)}", ""] if group.rest else []
    if report.findings:
        diagram = diagram_of(report)
        chart = ["```mermaid", to_mermaid(diagram), "```", ""] if diagram else []
        lines += [*chart, *_path(report), "", *_table(report)]
    lines += [f"> {escaped(error.message)}" for error in report.errors]
    return "\n".join(lines).rstrip() + "\n"


def escaped(text: str) -> str:
    """Text that Markdown shows letter by letter, on one line."""
    return _SPECIAL.sub(r"\\\1", visible(text))


def code(text: str) -> str:
    """Text as inline code, with a fence longer than any run of backticks in it."""
    shown = visible(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def linked(id: str, url: str) -> str:
    """An id as a link to its page, where it has one."""
    return f"[{code(id)}]({url})" if url else code(id)


def _diagnosis(diagnosis: Diagnosis) -> Iterator[str]:
    yield f"### {escaped(diagnosis.headline)}"
    yield ""
    best = diagnosis.best
    if best is None:
        yield "No cause is known for this."
        return
    yield f"**Cause:** {linked(best.id, best.url)} ({best.verdict.value}, layer {best.layer.value})"
    for reason in best.for_:
        yield f"- because {escaped(reason)}"
    for reason in best.against:
        yield f"- but {escaped(reason)}"
    others = [c for c in diagnosis.causes if c is not best and c.verdict is not Likelihood.RULED_OUT]
    if others:
        yield f"- or {', '.join(code(c.id) for c in others[:6])}"
    ruled_out = [c for c in diagnosis.causes if c.verdict is Likelihood.RULED_OUT]
    if ruled_out:
        yield f"- ruled out: {', '.join(code(c.id) for c in ruled_out)}"
    yield from _fix(best.fix)


def _fix(fix: Fix | None) -> Iterator[str]:
    if fix is None:
        return
    if fix.title:
        yield from ("", f"**Fix:** {escaped(fix.title)}")
    yield from (line for sentence in fix.opening for line in ("", escaped(sentence)))
    if fix.first:
        yield from ("", "Before you start:", "", *(f"- {escaped(sentence)}" for sentence in fix.first))
    longest = max((len(run) for line in fix.commands for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    for part in fix.parts:
        yield from ("", escaped(part.heading))
        if part.rows:
            yield from ("", f"{fence}sh", *map(visible, part.rows), fence)
        yield from (line for note in part.notes for line in ("", escaped(note)))
    if fix.undo:
        yield from ("", f"To undo it: {escaped(fix.undo)}")


def _path(report: Report) -> Iterator[str]:
    yield "| layer | | passed | most severe |"
    yield "| --- | --- | --- | --- |"
    for state in by_layer(report.findings):
        worst = state.worst
        said = escaped(worst.message) if worst.verdict.rank > Verdict.SKIP.rank else ""
        yield f"| {state.layer.value} | {MARKS[worst.verdict]} | {state.passed}/{state.ran} | {said} |"


def _table(report: Report) -> Iterator[str]:
    shown = [f for f in worst_first(report.findings) if f.verdict.rank > Verdict.SKIP.rank]
    if not shown:
        return
    yield "| | check | subject | message | where |"
    yield "| --- | --- | --- | --- | --- |"
    for finding in shown[:MOST_ROWS]:
        mark = MARKS[finding.verdict]
        message = escaped(finding.message) + (
            f" _suppressed: {escaped(finding.suppressed)}_" if finding.suppressed else ""
        )
        check = linked(finding.check, finding.url)
        yield f"| {mark} | {check} | {escaped(str(finding.subject))} | {message} | {_where(finding)} |"
    if len(shown) > MOST_ROWS:
        yield f"| | | | … and {len(shown) - MOST_ROWS} more | |"


def _where(finding: Finding) -> str:
    place = finding.location
    return "" if place is None else code(f"{place.file}:{place.line}" if place.line else place.file)
