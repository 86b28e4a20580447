"""Markdown for a job's summary page: the verdict, what is wrong and how to mend it, the mount path in a table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diag.model.diagnosis import Diagnosis, Likelihood
from diag.model.finding import Finding
from diag.model.fix import Fix
from diag.model.layer import Layer
from diag.model.verdict import Verdict
from diag.reports.alike import alike
from diag.reports.mermaid import to_mermaid
from diag.reports.ordered import worst_first
from diag.reports.picture import picture_of
from diag.reports.report import Report
from diag.sanitize import visible

MARKS = {Verdict.PASS: "✅", Verdict.SKIP: "➖", Verdict.WARN: "⚠️", Verdict.UNKNOWN: "❔", Verdict.FAIL: "❌"}
VERDICTS = {0: "✅ Healthy", 1: "💥 lustre-doctor failed", 3: "❌ Broken", 4: "⚠️ Warnings", 5: "❔ Not determined",
            6: "➖ Nothing was inspected"}  # fmt: skip

MOST_ROWS = 100
"""A job summary of GitHub holds 1 MiB; a fleet can have thousands of findings."""

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$@])")


def to_markdown(report: Report) -> str:
    """The page, in GitHub's dialect. Every stranger's text is escaped, so that it shows as it is."""
    lines = [f"## {VERDICTS.get(report.exit_code, 'Incomplete')}", "", _summary(report), ""]
    for missing in report.missing_targets:
        lines += [f"### {escaped(f'{missing.what}: {missing.detail}')}", ""]
    for group in alike(report.diagnoses):
        for diagnosis in group.in_full:
            lines += [*_diagnosis(diagnosis), ""]
        lines += [f"### {escaped(group.told)}", ""] if group.rest else []
    if report.findings:
        picture = picture_of(report)
        drawn = ["```mermaid", to_mermaid(picture), "```", ""] if picture else []
        lines += [*drawn, *_path(report), "", *_table(report)]
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


def _summary(report: Report) -> str:
    coverage = report.coverage
    parts = [f"{coverage.answered} of {coverage.questions} questions answered"]
    counts = ((coverage.failed, "failed"), (coverage.warned, "warned"), (coverage.unknown, "unknown"))
    parts += [f"{number} {name}" for number, name in counts if number]
    where = f" in {escaped(report.cluster)}" if report.cluster else ""
    return f"{', '.join(parts)}{where}{f' ({escaped(report.region)})' if report.region else ''}"


def _diagnosis(diagnosis: Diagnosis) -> Iterator[str]:
    yield f"### {escaped(diagnosis.headline)}"
    yield ""
    best = diagnosis.best
    if best is None:
        yield "No cause is known for this."
        return
    yield f"**Cause:** {code(best.id)} ({best.verdict.value}, layer {best.layer.value})"
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
    if fix.commands:
        longest = max((len(run) for command in fix.commands for run in re.findall("`+", command)), default=0)
        fence = "`" * max(3, longest + 1)
        yield from ("", f"{fence}sh", *(visible(command) for command in fix.commands), fence)
    if fix.note:
        yield from ("", escaped(fix.note))
    if fix.undo:
        yield from ("", f"To undo it: {escaped(fix.undo)}")


def _path(report: Report) -> Iterator[str]:
    yield "| layer | | passed | gravest |"
    yield "| --- | --- | --- | --- |"
    for layer in Layer:
        own = [finding for finding in report.findings if finding.layer is layer]
        if own:
            gravest = max(own, key=lambda finding: (not finding.suppressed, finding.verdict.rank))
            asked = [finding for finding in own if finding.verdict is not Verdict.SKIP]
            passed = sum(1 for finding in asked if finding.verdict is Verdict.PASS)
            told = escaped(gravest.message) if gravest.verdict.rank > Verdict.SKIP.rank else ""
            yield f"| {layer.value} | {MARKS[gravest.verdict]} | {passed}/{len(asked)} | {told} |"


def _table(report: Report) -> Iterator[str]:
    shown = [f for f in worst_first(report) if f.verdict.rank > Verdict.SKIP.rank]
    if not shown:
        return
    yield "| | check | subject | message | where |"
    yield "| --- | --- | --- | --- | --- |"
    for finding in shown[:MOST_ROWS]:
        mark = MARKS[finding.verdict]
        message = escaped(finding.message) + (
            f" _suppressed: {escaped(finding.suppressed)}_" if finding.suppressed else ""
        )
        yield f"| {mark} | {code(finding.check)} | {escaped(str(finding.subject))} | {message} | {_where(finding)} |"
    if len(shown) > MOST_ROWS:
        yield f"| | | | … and {len(shown) - MOST_ROWS} more | |"


def _where(finding: Finding) -> str:
    place = finding.location
    return "" if place is None else code(f"{place.file}:{place.line}" if place.line else place.file)
