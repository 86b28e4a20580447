"""The whole page: what the templates beside it are filled with."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from importlib import resources

import msgspec

from diag.model.diagnosis import CauseVerdict, Likelihood
from diag.model.finding import Finding
from diag.model.subject import Kind
from diag.model.verdict import Verdict
from diag.reports.diagram import Diagram, Hop, Station, diagram_of, station_of
from diag.reports.grouping import by_cause
from diag.reports.html.markup import Markup, template
from diag.reports.html.runbook import to_html as runbook_to_html
from diag.reports.report import Report
from diag.reports.summary import plural, verdict_of
from diag.reports.terminal import MARKS

MOST_FINDINGS = 1000
"""A browser takes seconds for more, and nobody reads them."""
MOST_ALIKE = 20
"""Findings with one verdict of one check: a server that is down fails a thousand volumes."""
MOST_NODES = 60

WORDS = {
    Verdict.PASS: "passed",
    Verdict.SKIP: "not checked",
    Verdict.WARN: "warning",
    Verdict.UNKNOWN: "unknown",
    Verdict.FAIL: "failed",
}
TONES = {
    Likelihood.CONFIRMED: "fail",
    Likelihood.LIKELY: "warn",
    Likelihood.POSSIBLE: "unknown",
    Likelihood.RULED_OUT: "pass",
}
CERTAINTY = {Likelihood.LIKELY: "Likely: ", Likelihood.POSSIBLE: "Possibly: "}
FILTERS = (("all", "All"), ("fail", "Failed"), ("warn", "Warnings"), ("unknown", "Unknown"), ("pass", "Passed"),
           ("skip", "Skipped"))  # fmt: skip


def to_html(report: Report) -> str:
    """One self-contained document: its style is inside, it has no script, and it asks the network for nothing."""
    style = resources.files(__package__).joinpath("style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    verdict, words = verdict_of(report)
    title, lead = _headline(report, verdict)
    diagram = diagram_of(report)
    shown = _shown(report.findings)
    return template("page.html").render(
        report=report,
        style=Markup(style),
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'",
        verdict=verdict,
        words=words,
        title=title,
        lead=lead,
        diagram=diagram,
        groups=_groups(report),
        nodes=nodes_of(report.findings),
        stations=_stations(shown, diagram),
        omitted=len(report.findings) - len(shown),
        count={verdict.value: sum(1 for f in report.findings if f.verdict is verdict) for verdict in Verdict},
        guides=[
            (guide, runbook_to_html(guide.text, guide.values, guide.fix, guide.numbers, guide.looks))
            for guide in report.guides
        ],
        MARKS=MARKS,
        WORDS=WORDS,
        tone_of=tone_of,
        FILTERS=FILTERS,
        Likelihood=Likelihood,
        word_of=word_of,
        plural=plural,
        shortened=shortened,
    )


def tone_of(cause: CauseVerdict, gravity: Verdict) -> str:
    """The colour of a cause. One of which nothing fails yet is no alarm however certain it is."""
    return "warn" if gravity is Verdict.WARN and cause.verdict is not Likelihood.RULED_OUT else TONES[cause.verdict]


def _headline(report: Report, verdict: Verdict) -> tuple[str, str]:
    """What a reader takes away, and the sentence that says it of this incident."""
    coverage = report.coverage
    if report.missing_targets:
        missing = report.missing_targets[0]
        return f"{missing.what}: {missing.detail}", ""
    if report.diagnoses and (verdict is not Verdict.PASS or report.is_of_texts):
        first = report.diagnoses[0]
        lead = first.headline[:1].upper() + first.headline[1:]
        best = first.best
        return (f"{CERTAINTY.get(best.verdict, '')}{best.title}", lead) if best is not None else (lead, "")
    if verdict is Verdict.PASS:
        mounts = f" for {plural(coverage.mounts, 'mount')}" if coverage.mounts else ""
        if coverage.warned:
            passed = f"{coverage.passed} of {plural(coverage.answered, 'check')} passed"
            return f"{passed}{mounts}, {plural(coverage.warned, 'warning')}: nothing fails", ""
        return f"All {plural(coverage.answered, 'check')} passed{mounts}", ""
    return f"{coverage.failed} failed, {plural(coverage.warned, 'warning')}, {coverage.unknown} unknown", ""


class Group(msgspec.Struct, frozen=True):
    """One section: a diagnosis in full, or the subjects of those with the same cause."""

    anchor: str
    title: str
    diagnosis: object = None
    summary: str = ""
    subjects: tuple[str, ...] = ()


def _groups(report: Report) -> list[Group]:
    groups: list[Group] = []
    number = 0
    for same in by_cause(report.diagnoses):
        for diagnosis in same.in_full:
            number += 1
            title = "Warning" if diagnosis.gravity is Verdict.WARN else "Why"
            groups.append(Group(f"diagnosis-{number}", title if number == 1 else f"{title} ({number})", diagnosis))
        if same.rest:
            subjects = tuple(str(diagnosis.subject) for diagnosis in same.rest)
            groups.append(Group(f"like-{number}", f"{len(same.rest)} more", None, same.summary, subjects))
    return groups


def _shown(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that the page has: the worst, so many of each check."""
    alike: Counter[tuple[str, Verdict]] = Counter()
    found = []
    for finding in sorted(findings, key=lambda f: -f.verdict.rank):
        key = (finding.check, finding.verdict)
        alike[key] += 1
        if alike[key] <= MOST_ALIKE:
            found.append(finding)
    return found[:MOST_FINDINGS]


def _stations(findings: Sequence[Finding], diagram: Diagram | None) -> list[tuple[Hop, list[Finding]]]:
    """The findings by station, the worst first; what was skipped, or does not count, comes last."""
    if diagram is None:
        return []
    own: dict[Station, list[Finding]] = {station: [] for station in Station}
    for finding in sorted(findings, key=_worst_first):
        own[station_of(finding)].append(finding)
    return [(hop, own[hop.station]) for hop in diagram.hops]


def _worst_first(finding: Finding) -> tuple[int, int]:
    says_little = finding.verdict is Verdict.SKIP or finding.suppressed
    return (1 if says_little else -finding.verdict.rank, finding.layer.depth)


def word_of(hop: Hop) -> str:
    """The state of a station, in a word or two."""
    if hop.is_broken:
        return "broken" if hop.state is Verdict.FAIL else "suspect"
    return WORDS[hop.state]


class NodeTable(msgspec.Struct, frozen=True):
    """Nodes beside one another, by the checks whose results differ between them."""

    checks: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Verdict | None, ...]], ...]
    omitted: int


def nodes_of(findings: Sequence[Finding]) -> NodeTable | None:
    """The table, the worst node first; None when no check differs."""
    verdicts: dict[str, dict[str, Verdict]] = {}
    for finding in findings:
        for subject in (finding.subject, *finding.concerns):
            if subject.kind is Kind.NODE and finding.verdict is not Verdict.SKIP:
                own = verdicts.setdefault(subject.name, {})
                own[finding.check] = max(finding.verdict, own.get(finding.check, Verdict.PASS), key=lambda v: v.rank)
    checks = sorted({check for own in verdicts.values() for check in own})
    different = tuple(c for c in checks if len({own[c] for own in verdicts.values() if c in own}) > 1)
    if len(verdicts) < 2 or not different:
        return None
    order = sorted(verdicts, key=lambda name: (-sum(v.rank for v in verdicts[name].values()), name))
    rows = tuple((name, tuple(verdicts[name].get(check) for check in different)) for name in order[:MOST_NODES])
    return NodeTable(different, rows, max(0, len(order) - MOST_NODES))


def shortened(name: str, letters: int) -> str:
    """A name that fits: the first label of a host, else its beginning and its end."""
    if len(name) > letters and "." in name and " " not in name:
        name = name.partition(".")[0]
    if len(name) <= letters:
        return name
    tail = letters // 2 - 1
    return f"{name[: letters - tail - 1]}…{name[-tail:]}"
