"""The report a person reads in a terminal: the diagnosis first, then the mount path, then the findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from diag.model.diagnosis import CauseVerdict, Diagnosis, Likelihood
from diag.model.exit_code import ExitCode
from diag.model.finding import Finding
from diag.model.subject import Kind
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.reports.grouping import SameCause, by_cause, by_layer, by_message
from diag.reports.report import Report
from diag.reports.summary import counts, inspected, plural, verdict_of
from diag.reports.terminal import Style, bold, command, fix_lines, headline, labelled, mark, wrap
from diag.sanitize import visible

QUOTED = 420
"""Characters of an event's text, unless everything is asked."""
REASONS = 3
"""Pieces of evidence for the first cause, unless everything is asked."""
OTHER_CAUSES = 6
"""Other causes, unless everything is asked."""
CHECK_ROWS = 5
"""Rows of one check with one verdict, unless everything is asked."""

MOST_FILES = 20
"""Files that are named where nothing was inspected."""

Row = tuple[Finding, str]
"""A finding, and what is said of its subjects."""

_BY_CHECK = re.compile(r"\(check ([\w-]+)\)$")


def to_text(report: Report, style: Style) -> str:
    """The whole report with a final newline."""
    parts = (
        _lines(report, style),
        _missing_targets(report, style),
        _diagnoses(report, style),
        _mount_path(report.findings, style),
        _findings(report.findings, style),
        _not_determined(report, style),
        _errors(report, style),
        _last_line(report, style),
    )
    sections = ("\n".join(lines) for part in parts if (lines := list(part)))
    return "\n\n".join(sections) + "\n"


def _lines(report: Report, style: Style) -> Iterator[str]:
    """The given texts, and under each line what it is."""
    indent, file = " " * 8, ""
    for line in report.lines:
        name, _, number = line.origin.rpartition(":")
        if name != file:
            yield bold(name, style)
            file = name
        text = line.text if len(line.text) <= QUOTED else f"{line.text[:QUOTED]} …"
        yield from wrap(text, style, f"{number:>6}  ", indent)
        program = f"{line.program} {line.versions}".rstrip()
        about = [line.role, program, line.means, ", ".join(line.causes)]
        if line.means:
            yield from wrap(" · ".join(filter(None, about)), style, f"{indent}└ ", f"{indent}  ")


def _missing_targets(report: Report, style: Style) -> Iterator[str]:
    for missing in report.missing_targets:
        yield from headline(f"{missing.what}: {missing.detail}", style, Verdict.FAIL)


def _diagnoses(report: Report, style: Style) -> Iterator[str]:
    groups = by_cause(report.diagnoses)
    if style.everything:
        groups = (SameCause("", Verdict.FAIL, report.diagnoses),)
    between = False
    for group in groups:
        for diagnosis in group.in_full:
            yield from [""] if between else []
            yield from _diagnosis(diagnosis, report.collect, style)
            between = True
        if group.rest:
            yield from ["", *headline(f"{group.summary} (--all)", style, group.gravity)]


def _diagnosis(diagnosis: Diagnosis, collect: Sequence[str], style: Style) -> Iterator[str]:
    yield from headline(diagnosis.headline, style, diagnosis.gravity)
    best = diagnosis.best
    if best is not None:
        yield from _cause(best, diagnosis, style)
        yield from labelled("other causes", _other_causes(diagnosis.causes, best, style), style)
    elif diagnosis.gravity is Verdict.FAIL:
        yield from labelled("collect", collect, style)
    yield from labelled("what it is", diagnosis.reads, style)
    yield from labelled("also failed", diagnosis.consequences, style)
    yield from labelled("ruled out", _ruled_out(diagnosis.causes, style), style)
    yield from labelled("event text", (_shortened(text, style) for text in diagnosis.symptoms[:2]), style)


def _cause(cause: CauseVerdict, diagnosis: Diagnosis, style: Style) -> Iterator[str]:
    certainty = cause.verdict.value if diagnosis.gravity is Verdict.FAIL else "warning: nothing fails yet"
    yield from labelled("cause", [f"{cause.id} ({certainty}, layer {cause.layer.value})"], style)
    yield from labelled("because", _because(diagnosis.headline, cause.for_, style), style)
    yield from labelled("but", cause.against, style)
    label = "to confirm"
    for step in cause.next:
        what, _, line = step.partition("\n")
        yield from labelled(label, [what], style)
        yield from command("", line)
        label = ""
    if cause.fix is not None:
        yield from fix_lines(cause.fix, style, "fix" if cause.verdict is Likelihood.CONFIRMED else "if confirmed")
    yield from command("runbook", f"lustre-doctor runbook {cause.id}")


def _because(sentence: str, reasons: Sequence[str], style: Style) -> Sequence[str]:
    """The evidence that the headline does not say already."""
    if style.everything:
        return reasons
    new = [reason for reason in reasons if reason.rpartition(" (check ")[0] not in sentence or " (check " not in reason]
    return new[:REASONS] + ([f"… and {len(new) - REASONS} more (--all)"] if len(new) > REASONS else [])


def _other_causes(causes: Iterable[CauseVerdict], best: CauseVerdict, style: Style) -> Iterator[str]:
    others = [cause for cause in causes if cause is not best and cause.verdict is not Likelihood.RULED_OUT]
    shown = others if style.everything else others[:OTHER_CAUSES]
    for cause in shown:
        why = f": {cause.for_[0]}" if cause.verdict is Likelihood.CONFIRMED and cause.for_ else ""
        confirm = f"; to confirm: {cause.next[0].partition(chr(10))[0]}" if cause.next else ""
        yield f"{cause.id} ({cause.verdict.value}){why}{confirm}"
    if len(others) > len(shown):
        yield f"… and {len(others) - len(shown)} more (--all)"


def _ruled_out(causes: Iterable[CauseVerdict], style: Style) -> Iterator[str]:
    """What the texts suggest and the facts refute, then how much else the checks that passed rule out."""
    ruled_out = [cause for cause in causes if cause.verdict is Likelihood.RULED_OUT]
    if style.everything:
        yield from (f"{cause.id}: {'; '.join(cause.against)}" for cause in ruled_out)
        return
    if suggested := [cause.id for cause in ruled_out if cause.for_]:
        yield ", ".join(suggested)
    reasons = (text for cause in ruled_out for text in cause.against)
    if checks := {match[1] for text in reasons if (match := _BY_CHECK.search(text))}:
        more = f"{len(ruled_out) - len(suggested)} more causes" if suggested else plural(len(ruled_out), "cause")
        yield f"{more}: {plural(len(checks), 'other check')} passed (--all)"


def _shortened(text: str, style: Style) -> str:
    """A long text by its beginning and its end, where programs put what they tried and why it failed."""
    text = visible(text)
    if style.everything or len(text) <= QUOTED:
        return text
    return f"{text[: QUOTED // 3].rsplit(' ', 1)[0]} … {text[-QUOTED * 2 // 3 :].split(' ', 1)[-1]}"


def _mount_path(findings: Sequence[Finding], style: Style) -> Iterator[str]:
    if findings:
        yield bold("Mount path", style)
    for state in by_layer(findings):
        worst = state.worst
        said = f"{state.passed} of {state.ran} passed" if state.ran else worst.message
        if word := {Verdict.FAIL: "failed", Verdict.WARN: "warning"}.get(worst.verdict):
            said += f"; {word}: {', '.join(state.worst_checks)}"
        yield from wrap(said, style, f"  {mark(worst.verdict, style)} {state.layer.value:<12} ", " " * 17)


def _findings(findings: Iterable[Finding], style: Style) -> Iterator[str]:
    shown = [f for f in findings if style.everything or f.verdict in (Verdict.WARN, Verdict.FAIL)]
    if not shown:
        return
    yield bold("Findings", style)
    order = sorted(shown, key=lambda f: (bool(f.suppressed), -f.verdict.rank, f.layer.depth))
    rows = [(same.finding, f"{same.subjects}: {_message(same.finding)}") for same in by_message(order)]
    column = max(len(finding.check) for finding, _ in rows)
    for finding, said in rows if style.everything else _few_of_each(rows):
        first = f"  {mark(finding.verdict, style)} {finding.verdict.value:<7} {visible(finding.check):<{column}}  "
        yield from wrap(said, style, first, " " * (column + 14))


def _message(finding: Finding) -> str:
    """The message, its place in a manifest, and why it does not count if it does not."""
    place = finding.location
    where = f" ({place.file}:{place.line})" if place and place.line else ""
    return f"{finding.message}{where}" + (f" [suppressed: {finding.suppressed}]" if finding.suppressed else "")


def _few_of_each(rows: Iterable[Row]) -> Iterator[Row]:
    """The first rows of each check's verdict, and how many more there are."""
    groups: dict[tuple[str, Verdict], list[Row]] = {}
    for row in rows:
        groups.setdefault((row[0].check, row[0].verdict), []).append(row)
    for group in groups.values():
        yield from group[:CHECK_ROWS]
        if len(group) > CHECK_ROWS:
            yield group[CHECK_ROWS][0], f"… and {len(group) - CHECK_ROWS} more (--all)"


def _not_determined(report: Report, style: Style) -> Iterator[str]:
    """What could not be determined, by its root reason: one reason often stops many checks."""
    checks: dict[Unavailable | str, dict[str, None]] = {reason: {} for reason in report.unavailable}
    for finding in report.findings:
        if finding.verdict is Verdict.UNKNOWN:
            for reason in finding.unavailable or (finding.message,):
                checks.setdefault(reason, {})[finding.check] = None
    if lines := list(_reasons(checks, style)):
        yield bold("Not determined", style)
        yield from lines


def _reasons(checks: Mapping[Unavailable | str, Iterable[str]], style: Style) -> Iterator[str]:
    """Reasons with the checks that could not run; that something is absent and no check needs it is no news."""
    for reason, stopped in checks.items():
        if not stopped and isinstance(reason, Unavailable) and reason.reason is Reason.ABSENT:
            continue
        remedy = f" — {reason.remedy}" if isinstance(reason, Unavailable) and reason.remedy else ""
        yield from wrap(f"{reason}{remedy}", style, f"  {mark(Verdict.UNKNOWN, style)} ", "    ")
        if stopped:
            yield from wrap(f"could not run: {', '.join(stopped)}", style, "    ", "    ")


def _errors(report: Report, style: Style) -> Iterator[str]:
    if report.errors:
        yield bold("Errors of lustre-doctor itself", style)
        for error in report.errors:
            yield from wrap(error.message, style, f"  {mark(Verdict.FAIL, style)} ", "    ")


def _last_line(report: Report, style: Style) -> Iterator[str]:
    if report.coverage.checks:
        yield from wrap(f"{verdict_of(report)[1]}: {counts(report)}; {inspected(report)}.", style, "", "")
    if report.exit_code == ExitCode.NOTHING_INSPECTED:
        seen = [f for f in report.findings if f.subject.kind is Kind.MANIFEST and f.verdict is Verdict.SKIP]
        for finding in seen[:MOST_FILES]:
            yield from wrap(f"{finding.subject.name}: {finding.message}", style, "  ", "    ")
        if len(seen) > MOST_FILES:
            yield f"  and {len(seen) - MOST_FILES} more files"
