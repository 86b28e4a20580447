"""The report a person reads in a terminal: the diagnosis first, then the mount path, then the findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeGuard

from diag.model.diagnosis import CauseVerdict, Diagnosis, Likelihood
from diag.model.exit_code import ExitCode
from diag.model.finding import Finding
from diag.model.subject import Kind
from diag.model.unavailable import Reason, Unavailable
from diag.model.verdict import Verdict
from diag.reports.grouping import by_cause, by_layer, by_message
from diag.reports.report import Report, Selection
from diag.reports.summary import counts, inspected, plural, verdict_of
from diag.reports.terminal import Style, bold, command, fix_lines, headline, labelled, mark, painted, wrap
from diag.sanitize import visible

ORIGINS = 3
"""Places where a diagnosis's texts were read, unless everything is asked."""
QUOTED = 420
"""Characters of an event's text."""
REASONS = 2
"""Pieces of evidence for the first cause."""
OTHER_CAUSES = 3
"""Other causes."""
IN_FULL = 3
"""Failures with causes of their own that are shown with their fix."""
CHECK_ROWS = 5
"""Rows of one check with one verdict."""
SENTENCE = 240
"""Characters of a warning or of a reason."""
ACCOUNT_ROWS = 8
"""File systems of an account."""
PREREQUISITE = 5
"""Checks that one reason stopped: what is missing is then said first."""

MOST_FILES = 20
"""Files that are named where nothing was inspected."""

Row = tuple[Finding, str]
"""A finding, and what is said of its subjects."""


def to_text(report: Report, style: Style) -> str:
    """The report with a final newline.

    Without `style.everything` the answer fits a screen: what is missing, each failure with its cause, the evidence that
    decides and the fix, a line for each layer; the last lines say what is broken and what to run next.
    """
    reasons = _reasons(report)
    first = {reason: stopped for reason, stopped in reasons.items() if _is_prerequisite(reason, stopped, report)}
    parts = (
        _lines(report, style),
        _missing_targets(report, style),
        _prerequisites(first, style),
        _account(report, style),
        _diagnoses(report, style),
        _mount_path(report, style),
        _findings(report, style),
        _not_determined({reason: stopped for reason, stopped in reasons.items() if reason not in first}, style),
        _errors(report, style),
        status_lines(report, style),
    )
    sections = ("\n".join(lines) for part in parts if (lines := list(part)))
    return "\n\n".join(sections) + "\n"


def to_short_text(report: Report, style: Style) -> str:
    """What the run could not do without, and the last lines of the report, with a final newline."""
    first = {
        reason: stopped for reason, stopped in _reasons(report).items() if _is_prerequisite(reason, stopped, report)
    }
    lines = (*_missing_targets(report, style), *_prerequisites(first, style), *status_lines(report, style))
    return "\n".join(lines) + "\n"


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


def _prerequisites(reasons: Mapping[Unavailable, Collection[str]], style: Style) -> Iterator[str]:
    """What the run could not do without, each reason with what to do: first, and once."""
    for reason, stopped in reasons.items():
        number = f"; {plural(len(stopped), 'check')} could not run" if stopped else ""
        yield from headline(f"{reason}{number}", style, Verdict.UNKNOWN)
        yield from labelled("do", [reason.remedy], style)


def _account(report: Report, style: Style) -> Iterator[str]:
    """The file systems that the account has, where no cluster says which of them matter."""
    if report.account:
        yield bold(f"Lustre file systems of the account in {report.region}", style)
    shown = report.account if style.everything else report.account[:ACCOUNT_ROWS]
    for one in shown:
        said = (
            f"{one.deployment_type}, {one.state}, Lustre {one.version or 'of no known version'}, {one.capacity_gib} GiB"
        )
        yield from wrap(said, style, f"  {visible(one.id)}  ", "    ")
        for client, systems in one.cannot_mount.items():
            yield from wrap(f"refuses {client} clients: {', '.join(systems)}", style, "    ", "      ")
    if len(shown) < len(report.account):
        yield f"  … and {len(report.account) - len(shown)} more (--all)"
    if shown:
        yield from command("inspect one", f"lustre-doctor run --file-system {shown[0].id}")


def _is_prerequisite(reason: Unavailable | str, stopped: Collection[str], report: Report) -> TypeGuard[Unavailable]:
    if not isinstance(reason, Unavailable) or not reason.remedy or reason.permission:
        return False
    return len(stopped) >= PREREQUISITE or not (stopped or report.coverage.answered)


def _diagnoses(report: Report, style: Style) -> Iterator[str]:
    """Failures with their fix; warnings in short, and only where nothing fails: the layers name their checks."""
    if style.everything:
        blocks = [_diagnosis(diagnosis, report.collect, style) for diagnosis in report.diagnoses]
    else:
        blocks = []
        fails = any(diagnosis.gravity is Verdict.FAIL for diagnosis in report.diagnoses)
        shown = (d for d in report.diagnoses if d.gravity is Verdict.FAIL or not fails)
        for number, group in enumerate(by_cause(shown, in_full=1)):
            in_full = number < IN_FULL and group.gravity is Verdict.FAIL
            blocks += [_diagnosis(d, report.collect, style) if in_full else _in_short(d, style) for d in group.in_full]
            if group.rest:
                blocks.append(iter(headline(f"{group.summary} (--all)", style, group.gravity)))
    for number, block in enumerate(blocks):
        yield from [""] if number else []
        yield from block


def _in_short(diagnosis: Diagnosis, style: Style) -> Iterator[str]:
    yield from headline(_cut(diagnosis.headline, SENTENCE), style, diagnosis.gravity)
    if (best := diagnosis.best) is not None:
        yield from labelled("cause", [f"{best.id} ({_certainty(best, diagnosis)})"], style)
        yield from command("runbook", f"lustre-doctor runbook {best.id}")


def _diagnosis(diagnosis: Diagnosis, collect: Sequence[str], style: Style) -> Iterator[str]:
    yield from headline(diagnosis.headline, style, diagnosis.gravity)
    best = diagnosis.best
    if best is not None:
        yield from _cause(best, diagnosis, style)
        yield from labelled("other causes", _other_causes(diagnosis.causes, best, style), style)
    elif diagnosis.gravity is Verdict.FAIL:
        yield from labelled("collect", collect, style)
    yield from labelled("what it is", diagnosis.reads, style)
    resembles = (
        f"{one.cause or 'a known message'}, {one.likeness} % alike, not a diagnosis: “{one.text}”"
        + (f" ({one.means})" if one.means else "")
        for one in diagnosis.resembles
    )
    yield from labelled("resembles", resembles, style)
    if diagnosis.origins:
        shown = diagnosis.origins if style.everything else diagnosis.origins[:ORIGINS]
        more = len(diagnosis.origins) - len(shown)
        yield from labelled(
            "read in", [", ".join(shown) + (f" and {plural(more, 'more place')}" if more else "")], style
        )
    if style.everything:
        yield from labelled("also failed", diagnosis.consequences, style)
        yield from labelled("ruled out", _ruled_out(diagnosis.causes), style)
    if style.everything or best is None:
        yield from labelled("event text", (_shortened(text, style) for text in diagnosis.symptoms[:2]), style)


def _cause(cause: CauseVerdict, diagnosis: Diagnosis, style: Style) -> Iterator[str]:
    said = f"{cause.id} ({_certainty(cause, diagnosis)}, layer {cause.layer.value})"
    yield from painted(labelled("cause", [said], style), style, diagnosis.gravity)
    yield from labelled("because", _because(diagnosis.headline, cause.for_, style), style)
    yield from labelled("but", cause.against, style)
    label = "to confirm"
    for step in cause.next if style.everything else cause.next[:1]:
        what, _, line = step.partition("\n")
        yield from labelled(label, [what], style)
        yield from command("", line)
        label = ""
    if cause.fix is not None:
        yield from fix_lines(cause.fix, style, "fix" if cause.verdict is Likelihood.CONFIRMED else "if confirmed")
    if style.everything:
        yield from command("runbook", f"lustre-doctor runbook {cause.id}")
    yield from command("see", cause.url)


def _certainty(cause: CauseVerdict, diagnosis: Diagnosis) -> str:
    return cause.verdict.value if diagnosis.gravity is Verdict.FAIL else "warning: nothing fails yet"


def _because(sentence: str, reasons: Sequence[str], style: Style) -> Sequence[str]:
    """The evidence that the headline does not say already."""
    if style.everything:
        return reasons
    new = [reason for reason in reasons if reason.rpartition(" (check ")[0] not in sentence or " (check " not in reason]
    new = [reason for reason in new if not reason.startswith("“")] or new
    return new[:REASONS] + ([f"… and {len(new) - REASONS} more (--all)"] if len(new) > REASONS else [])


def _other_causes(causes: Iterable[CauseVerdict], best: CauseVerdict, style: Style) -> Iterator[str]:
    """Others that are not ruled out; in short their ids, and beside a confirmed cause those that are confirmed too."""
    others = [cause for cause in causes if cause is not best and cause.verdict is not Likelihood.RULED_OUT]
    if not style.everything:
        if best.verdict is Likelihood.CONFIRMED:
            others = [cause for cause in others if cause.verdict is Likelihood.CONFIRMED]
        more = f" and {len(others) - OTHER_CAUSES} more" if len(others) > OTHER_CAUSES else ""
        if others:
            yield ", ".join(f"{cause.id} ({cause.verdict.value})" for cause in others[:OTHER_CAUSES]) + more
        return
    for cause in others:
        why = f": {cause.for_[0]}" if cause.verdict is Likelihood.CONFIRMED and cause.for_ else ""
        confirm = f"; to confirm: {cause.next[0].partition(chr(10))[0]}" if cause.next else ""
        yield f"{cause.id} ({cause.verdict.value}){why}{confirm}"


def _ruled_out(causes: Iterable[CauseVerdict]) -> Iterator[str]:
    yield from (f"{c.id}: {'; '.join(c.against)}" for c in causes if c.verdict is Likelihood.RULED_OUT)


def _shortened(text: str, style: Style) -> str:
    """A long text by its beginning and its end, where programs put what they tried and why it failed."""
    text = visible(text)
    if style.everything or len(text) <= QUOTED:
        return text
    return f"{text[: QUOTED // 3].rsplit(' ', 1)[0]} … {text[-QUOTED * 2 // 3 :].split(' ', 1)[-1]}"


def _cut(text: str, most: int) -> str:
    """A long text by its beginning."""
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0]} …"


def _mount_path(report: Report, style: Style) -> Iterator[str]:
    """A line for each layer; where nothing was asked there is none, and the layers that passed share one."""
    states = by_layer(report.findings)
    if (not report.coverage.answered or report.selection is Selection.LEFTOVERS) and not style.everything:
        return
    if style.everything:
        yield bold("Mount path", style)
    elif all(state.worst.verdict in (Verdict.PASS, Verdict.SKIP) for state in states):
        passed = [state for state in states if state.worst.verdict is Verdict.PASS]
        names = ", ".join(state.layer.value for state in passed)
        yield from wrap(f"{names}: passed", style, f"  {mark(Verdict.PASS, style)} ", "    ")
        states = tuple(state for state in states if state.worst.verdict is Verdict.SKIP)
    for state in states:
        worst = state.worst
        said = f"{state.passed} of {state.ran} passed" if state.ran else worst.message
        if word := {Verdict.FAIL: "failed", Verdict.WARN: "warning"}.get(worst.verdict):
            said += f"; {word}: {', '.join(state.worst_checks)}"
        yield from wrap(said, style, f"  {mark(worst.verdict, style)} {state.layer.value:<12} ", " " * 17)


def _findings(report: Report, style: Style) -> Iterator[str]:
    """Everything, or what failed and no diagnosis speaks of; warnings too where nothing failed."""
    findings = report.findings
    if not style.everything:
        loud = {Verdict.FAIL} if any(d.gravity is Verdict.FAIL for d in report.diagnoses) else LOUD
        findings = tuple(f for f in findings if f.verdict in loud and not _is_told(f, report.diagnoses))
    if not findings:
        return
    yield bold("Findings", style)
    order = sorted(findings, key=lambda f: (bool(f.suppressed), -f.verdict.rank, f.layer.depth))
    rows = [(same.finding, f"{same.subjects}: {_message(same.finding)}") for same in by_message(order)]
    for finding, said in rows if style.everything else _few_of_each(rows):
        first = f"  {mark(finding.verdict, style)} {visible(finding.check)}  "
        yield from wrap(said if style.everything else _cut(said, SENTENCE), style, first, "    ")


LOUD = frozenset({Verdict.FAIL, Verdict.WARN})


def _is_told(finding: Finding, diagnoses: Iterable[Diagnosis]) -> bool:
    """Whether a diagnosis says it already, as its headline, as evidence or as what its cause explains."""
    for diagnosis in diagnoses:
        said = (diagnosis.headline, *(text for cause in diagnosis.causes for text in cause.for_))
        if any(finding.message in text for text in said) or any(
            finding.check in text for text in diagnosis.consequences
        ):
            return True
        if not finding.cause and finding.subject in (diagnosis.subject, *diagnosis.concerns):
            return True
    return False


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


def _not_determined(reasons: Mapping[Unavailable | str, Collection[str]], style: Style) -> Iterator[str]:
    """What could not be determined, by its root reason: one reason often stops many checks."""
    if reasons:
        yield bold("Not determined", style)
    shown = list(reasons.items()) if style.everything else list(reasons.items())[:CHECK_ROWS]
    for reason, stopped in shown:
        said = str(reason) if style.everything else _cut(str(reason), SENTENCE)
        if isinstance(reason, Unavailable) and reason.remedy:
            said += f" — {reason.remedy}"
        yield from wrap(said, style, f"  {mark(Verdict.UNKNOWN, style)} ", "    ")
        if stopped and (style.everything or len(stopped) < PREREQUISITE):
            yield from wrap(f"could not run: {', '.join(stopped)}", style, "    ", "    ")
        elif stopped:
            yield f"    {plural(len(stopped), 'check')} could not run"
    if len(shown) < len(reasons):
        yield f"  … and {len(reasons) - len(shown)} more (--all)"


def _reasons(report: Report) -> dict[Unavailable | str, tuple[str, ...]]:
    """Reasons with the checks that could not run; that something is absent and no check needs it is no news."""
    if report.is_of_texts:
        return {}  # said while the texts were read
    checks: dict[Unavailable | str, dict[str, None]] = {reason: {} for reason in report.unavailable}
    for missing in report.missing_targets:
        checks.pop(missing, None)
    for finding in report.findings:
        if finding.verdict is Verdict.UNKNOWN:
            for reason in finding.unavailable or (finding.message,):
                checks.setdefault(reason, {})[finding.check] = None
    return {
        reason: tuple(stopped) for reason, stopped in checks.items()
        if stopped or not (isinstance(reason, Unavailable) and reason.reason is Reason.ABSENT)
    }  # fmt: skip


def _errors(report: Report, style: Style) -> Iterator[str]:
    if report.errors:
        yield bold("Errors of lustre-doctor itself", style)
        for error in report.errors:
            yield from wrap(error.message, style, f"  {mark(Verdict.FAIL, style)} ", "    ")


def status_lines(report: Report, style: Style) -> Iterator[str]:
    """The end of a report, where a person looks first: the verdict, what is broken, and the next command."""
    verdict, words = verdict_of(report)
    if report.coverage.checks:
        more = "" if style.everything else " --all shows everything."
        said = f"{words}: {counts(report)}; {inspected(report)}.{more}"
        yield from wrap(said, style, f"{mark(verdict, style)} ", "  ")
    if report.exit_code == ExitCode.NOTHING_INSPECTED:
        seen = [f for f in report.findings if f.subject.kind is Kind.MANIFEST and f.verdict is Verdict.SKIP]
        for finding in seen[:MOST_FILES]:
            yield from wrap(f"{finding.subject.name}: {finding.message}", style, "  ", "    ")
        if len(seen) > MOST_FILES:
            yield f"  … and {len(seen) - MOST_FILES} more files"
    groups = by_cause(report.diagnoses, in_full=1)
    for group in groups[:IN_FULL]:
        (first,) = group.in_full
        more = f" and {len(group.rest)} more" if group.rest else ""
        why = f"{group.cause} ({_certainty(first.best, first)})" if first.best else "no known cause"
        if group.gravity is not Verdict.PASS:
            yield from headline(f"{first.subject}{more}: {why}", style, group.gravity)
    if len(groups) > IN_FULL:
        yield f"  … and {len(groups) - IN_FULL} more causes"
    for group in groups[:1]:
        if group.cause:
            yield from command("next", f"lustre-doctor runbook {group.cause}")
