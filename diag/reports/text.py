"""The report a person reads in a terminal: the diagnosis first, then the mount path, then the findings."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from diag.model.diagnosis import CauseVerdict, Diagnosis, Likelihood
from diag.model.finding import Finding
from diag.model.fix import Fix, StepKind
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.reports.alike import Alike, alike
from diag.reports.report import Coverage, Report
from diag.sanitize import visible

MARKS = {Verdict.PASS: "✓", Verdict.SKIP: "-", Verdict.WARN: "!", Verdict.UNKNOWN: "?", Verdict.FAIL: "✗"}
_COLOURS = {
    Verdict.PASS: "\x1b[32m", Verdict.SKIP: "\x1b[2m", Verdict.WARN: "\x1b[33m", Verdict.UNKNOWN: "\x1b[35m",
    Verdict.FAIL: "\x1b[31m",
}  # fmt: skip
_BY_CHECK = re.compile(r"\(check ([\w-]+)\)$")
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"

LABEL = 12
"""Columns of the label before each part of a diagnosis."""
QUOTED = 420
"""Characters of a symptom, unless everything is asked."""
REASONS = 3
"""Pieces of evidence for the first cause, unless everything is asked."""
SAME_ROWS = 3
"""Subjects named for findings that say the same."""
CHECK_ROWS = 5
"""Rows of one check with one verdict, unless everything is asked."""


class Style(msgspec.Struct, frozen=True):
    """How to print: columns, colour, and how much."""

    width: int = 80
    colour: bool = False
    everything: bool = False
    """Passes, skips and ruled-out causes in full."""


def to_text(report: Report, style: Style) -> str:
    """The whole report with a final newline."""
    lines: list[str] = []
    lines += _missing_targets(report, style)
    lines += _diagnoses(report.diagnoses, style)
    if report.findings:
        lines += [*_path(report.findings, style), ""]
        lines += _table(report.findings, style)
    lines += _undetermined(report, style)
    lines += _problems(report, style)
    if report.coverage.checks:
        lines += wrap(_summary(report), style, "", "")
    return "\n".join(lines).rstrip() + "\n"


def _missing_targets(report: Report, style: Style) -> Iterator[str]:
    for missing in report.missing_targets:
        yield from wrap(f"{missing.what}: {missing.detail}", style, f"{mark(Verdict.FAIL, style)} ", "  ", bold=True)
    if report.missing_targets:
        yield ""


def _diagnoses(diagnoses: Sequence[Diagnosis], style: Style) -> Iterator[str]:
    for group in (Alike("", Verdict.FAIL, tuple(diagnoses)),) if style.everything else alike(diagnoses):
        for diagnosis in group.in_full:
            yield from _diagnosis(diagnosis, style)
            yield ""
        if group.rest:
            yield from wrap(f"{group.told} (--all)", style, f"{mark(group.gravity, style)} ", "  ", bold=True)
            yield ""


def _diagnosis(diagnosis: Diagnosis, style: Style) -> Iterator[str]:
    best = diagnosis.best
    yield from wrap(diagnosis.headline, style, f"{mark(diagnosis.gravity, style)} ", "  ", bold=True)
    if best is None:
        yield from _labelled("collect", _collect(diagnosis), style)
    else:
        certainty = best.verdict.value if diagnosis.gravity is Verdict.FAIL else "a warning: nothing fails yet"
        yield from _labelled("cause", [f"{best.id} ({certainty}, layer {best.layer.value})"], style)
        yield from _labelled("because", _because(diagnosis.headline, best.for_, style), style)
        yield from _labelled("but", best.against, style)
        yield from _next(best.next, style)
        yield from fix_lines(best.fix, style, "fix" if best.verdict is Likelihood.CONFIRMED else "if so, fix")
        yield from _command("runbook", f"lustre-doctor runbook {best.id}")
        yield from _others(diagnosis.causes, best, style)
    yield from _labelled("also broken", diagnosis.consequences, style)
    ruled_out = [c for c in diagnosis.causes if c.verdict is Likelihood.RULED_OUT]
    yield from _ruled_out(ruled_out, style)
    yield from _labelled("seen", (_shortened(text, style) for text in diagnosis.symptoms[:2]), style)


def _shortened(text: str, style: Style) -> str:
    """A long text by its beginning and its end, where programs put what they tried and why it failed."""
    text = visible(text)
    if style.everything or len(text) <= QUOTED:
        return text
    return f"{text[: QUOTED // 3].rsplit(' ', 1)[0]} … {text[-QUOTED * 2 // 3 :].split(' ', 1)[-1]}"


def _collect(diagnosis: Diagnosis) -> Sequence[str]:
    from diag.diagnosis.explain import COLLECT

    return COLLECT if not diagnosis.causes else ()


def _next(steps: Iterable[str], style: Style) -> Iterator[str]:
    label = "settle it"
    for step in steps:
        look, _, command = step.partition("\n")
        yield from _labelled(label, [look], style)
        yield from _command("", command)
        label = ""


def fix_lines(fix: Fix | None, style: Style, label: str) -> Iterator[str]:
    """What a fix says, line by line: cautions, commands to copy, what they change, the way back, what comes after."""
    if fix is None:
        return
    yield from _labelled("first", _sentences(fix, StepKind.CAUTION), style)
    for command in fix.commands:
        yield from _command(label, command)
        label = ""
    yield from _labelled(label, _sentences(fix, StepKind.SAVE, StepKind.CHANGE, StepKind.WAIT), style)
    yield from _labelled("left open", (why for step in fix.steps for why in step.open), style)
    for step in fix.steps:
        if step.kind is StepKind.UNDO:
            yield from _command("undo", step.line) if step.line else _labelled("undo", [step.text], style)
    for command in fix.verify:
        yield from _command("then", command)
    for other in fix.alternatives[: None if style.everything else 1]:
        yield from fix_lines(other, style, "or")


def _sentences(fix: Fix, *kinds: StepKind) -> Sequence[str]:
    """What steps of some kinds say to a person: what to do, what a command changes, and who has to."""
    told = dict.fromkeys(
        f"{step.text or step.changes}{f' (by {step.by})' if step.by else ''}"
        for step in fix.steps
        if step.kind in kinds and (step.text or step.changes)
    )
    return tuple(told)


def _command(label: str, command: str) -> Iterator[str]:
    """A command is copied, so it is never wrapped, whatever the width."""
    if command:
        yield f"  {label:<{LABEL}}{visible(command)}"


def _because(headline: str, reasons: Sequence[str], style: Style) -> Sequence[str]:
    """The evidence that the headline does not tell already."""
    if style.everything:
        return reasons
    new = [reason for reason in reasons if reason.rpartition(" (check ")[0] not in headline or " (check " not in reason]
    return new[:REASONS] + ([f"… and {len(new) - REASONS} more (--all)"] if len(new) > REASONS else [])


def _others(causes: Iterable[CauseVerdict], best: CauseVerdict, style: Style) -> Iterator[str]:
    others = [c for c in causes if c is not best and c.verdict is not Likelihood.RULED_OUT]
    told = []
    for cause in others[: None if style.everything else 6]:
        settle = f"; look at {cause.next[0].partition(chr(10))[0]}" if cause.next else ""
        why = f": {cause.for_[0]}" if cause.verdict is Likelihood.CONFIRMED and cause.for_ else ""
        told.append(f"{cause.id} ({cause.verdict.value}){why}{settle}")
    if len(others) > len(told):
        told.append(f"… and {len(others) - len(told)} more (--all)")
    yield from _labelled("or", told, style)


def _ruled_out(causes: Sequence[CauseVerdict], style: Style) -> Iterator[str]:
    """What the texts suggest and the facts refute, then what else was looked at and is as it should be."""
    if style.everything:
        yield from _labelled("ruled out", [f"{c.id}: {'; '.join(c.against)}" for c in causes], style)
        return
    suggested = [c.id for c in causes if c.for_]
    if suggested:
        yield from _labelled("ruled out", [", ".join(suggested)], style)
    checks = dict.fromkeys(match[1] for c in causes for text in c.against if (match := _BY_CHECK.search(text)))
    if checks:
        told = f"nothing wrong with {', '.join(checks)} (--all lists the {len(causes)} causes that this rules out)"
        yield from _labelled("looked at", [told], style)


def _path(findings: Sequence[Finding], style: Style) -> Iterator[str]:
    yield _bold("Mount path", style)
    for layer in Layer:
        own = [finding for finding in findings if finding.layer is layer]
        if not own:
            continue
        asked = [f for f in own if f.verdict is not Verdict.SKIP]
        gravest = max(asked or own, key=lambda finding: (not finding.suppressed, finding.verdict.rank))
        passed = sum(1 for f in asked if f.verdict is Verdict.PASS)
        told = f"{passed} of {len(asked)} pass" if asked else gravest.message
        if gravest.verdict in (Verdict.WARN, Verdict.FAIL):
            told += f"; {gravest.message}"
        yield from wrap(told, style, f"  {mark(gravest.verdict, style)} {layer.value:<12} ", " " * 17)


def _table(findings: Sequence[Finding], style: Style) -> list[str]:
    shown = [f for f in findings if style.everything or f.verdict in (Verdict.WARN, Verdict.FAIL)]
    if not shown:
        return []
    from tabulate import tabulate

    told = _same_told_once(sorted(shown, key=lambda f: (bool(f.suppressed), -f.verdict.rank, f.layer.depth)))
    rows = [
        [MARKS[f.verdict] + " " + f.verdict.value, visible(f.check), visible(subjects), visible(message)]
        for f, subjects, message in (told if style.everything else _few_of_each(told))
    ]
    spare = style.width - 9 - max(len(row[1]) for row in rows) - 8
    subject = max(20, min(36, spare * 2 // 5))  # no narrower than an id
    table = tabulate(
        rows,
        headers=["verdict", "check", "subject", "message"],
        tablefmt="simple",
        maxcolwidths=[None, None, subject, max(20, spare - subject)],
        disable_numparse=True,
    )
    return [*table.splitlines(), ""]


def _told(finding: Finding) -> str:
    """The message, where in a manifest it points, and why it does not count if it does not."""
    place = finding.location
    where = f" ({place.file}:{place.line})" if place and place.line else ""
    return f"{finding.message}{where}" + (f" [suppressed: {finding.suppressed}]" if finding.suppressed else "")


def _same_told_once(findings: Iterable[Finding]) -> list[tuple[Finding, str, str]]:
    """Findings with their subjects and their message; those that say the same are one."""
    groups: dict[tuple[str, Verdict, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.check, finding.verdict, _told(finding)), []).append(finding)
    told = []
    for same in groups.values():
        names = list(dict.fromkeys(str(finding.subject) for finding in same))
        more = f" and {len(names) - SAME_ROWS} more" if len(names) > SAME_ROWS else ""
        told.append((same[0], ", ".join(names[:SAME_ROWS]) + more, _told(same[0])))
    return told


def _few_of_each(told: Iterable[tuple[Finding, str, str]]) -> Iterator[tuple[Finding, str, str]]:
    """The first rows of each check's verdict, and how many more there are."""
    groups: dict[tuple[str, Verdict], list[tuple[Finding, str, str]]] = {}
    for row in told:
        groups.setdefault((row[0].check, row[0].verdict), []).append(row)
    for rows in groups.values():
        yield from rows[:CHECK_ROWS]
        if len(rows) > CHECK_ROWS:
            yield rows[CHECK_ROWS][0], f"{len(rows) - CHECK_ROWS} more", "… (--all)"


def _undetermined(report: Report, style: Style) -> Iterator[str]:
    """What could not be determined, by its root reason: one reason often stops many checks."""
    checks: dict[Unavailable | str, dict[str, None]] = {reason: {} for reason in report.unavailable}
    for finding in report.findings:
        if finding.verdict is Verdict.UNKNOWN:
            for reason in finding.unavailable or (finding.message,):
                checks.setdefault(reason, {})[finding.check] = None
    lines = list(_open_questions(checks, style))
    if lines:
        yield _bold("Not determined", style)
        yield from lines
        yield ""


def _open_questions(checks: Mapping[Unavailable | str, Iterable[str]], style: Style) -> Iterator[str]:
    """Reasons with what they leave open; that something is not there and nobody misses it is no news."""
    for reason, stopped in checks.items():
        if not stopped and isinstance(reason, Unavailable) and reason.reason is Reason.ABSENT:
            continue
        remedy = f" — {reason.remedy}" if isinstance(reason, Unavailable) and reason.remedy else ""
        yield from wrap(f"{reason}{remedy}", style, f"  {mark(Verdict.UNKNOWN, style)} ", "    ")
        if stopped:
            yield from wrap(f"leaves open: {', '.join(stopped)}", style, "    ", "    ")


def _problems(report: Report, style: Style) -> Iterator[str]:
    if report.errors:
        yield _bold("lustre-doctor itself failed in part", style)
        for error in report.errors:
            yield from wrap(error.message, style, f"  {mark(Verdict.FAIL, style)} ", "    ")
        yield ""


def _summary(report: Report) -> str:
    coverage: Coverage = report.coverage
    parts = [f"{coverage.answered} of {coverage.questions} questions answered"]
    counts = (
        ("failed", coverage.failed),
        ("warning", coverage.warned),
        ("unknown", coverage.unknown),
        ("skipped", coverage.skipped),
        ("suppressed", coverage.suppressed),
    )
    parts += [f"{number} {name}{'s' if name == 'warning' and number > 1 else ''}" for name, number in counts if number]
    looked = f"{coverage.volumes} volume(s), {coverage.file_systems} file system(s), {coverage.nodes} node(s)"
    where = f" in {report.cluster or 'the cluster'}{f' ({report.region})' if report.region else ''}"
    verdict = {0: "Healthy", 3: "Broken", 4: "Warnings", 5: "Not determined", 6: "Nothing was inspected"}
    return f"{verdict.get(report.exit_code, 'Incomplete')}: {', '.join(parts)}; {looked}{where}."


def _labelled(label: str, items: Iterable[str], style: Style) -> Iterator[str]:
    for item in items:
        yield from wrap(item, style, f"  {label:<{LABEL}}", " " * (LABEL + 2))
        label = ""


def wrap(text: str, style: Style, first: str, rest: str, *, bold: bool = False) -> list[str]:
    """Wrapped lines. Width is counted without escape codes, which are put in after wrapping."""
    lines = textwrap.wrap(
        visible(text),
        width=max(40, style.width),
        initial_indent=" " * _visible_length(first),
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first]
    lines[0] = first + lines[0][_visible_length(first) :]
    return [f"{_BOLD}{line}{_PLAIN}" for line in lines] if bold and style.colour else lines


def _visible_length(text: str) -> int:
    return len(re.sub(r"\x1b\[\d*m", "", text))


def _bold(text: str, style: Style) -> str:
    return f"{_BOLD}{visible(text)}{_PLAIN}" if style.colour else visible(text)


def mark(verdict: Verdict, style: Style) -> str:
    """The verdict as one sign."""
    return f"{_COLOURS[verdict]}{MARKS[verdict]}{_PLAIN}" if style.colour else MARKS[verdict]
