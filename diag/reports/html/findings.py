"""Every finding, grouped by station, with a filter that needs no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diag.model.finding import Finding
from diag.model.subject import Kind
from diag.model.verdict import Verdict
from diag.reports.html.diagnosis import fix_of
from diag.reports.html.drawing import WORDS, anchor, word_of
from diag.reports.html.markup import Markup, element, join
from diag.reports.picture import Picture, Station, station_of
from diag.reports.text import MARKS

MOST = 3000
"""Findings on a page; a browser takes seconds for more."""
MOST_NODES = 60
_FILTERS = (("all", "All"), ("fail", "Failed"), ("warn", "Warnings"), ("unknown", "Not determined"),
            ("pass", "In order"), ("skip", "Not asked"))  # fmt: skip


def findings_section(findings: Sequence[Finding], picture: Picture | None) -> Markup | None:
    """The section with the filter and the groups; None when there are none."""
    if not findings:
        return None
    shown = sorted(findings, key=lambda f: -f.verdict.rank)[:MOST] if len(findings) > MOST else findings
    groups = [_group(station, shown, picture) for station in Station]
    more = element("p", f"The {len(findings) - MOST} least grave are left out here.") if len(findings) > MOST else None
    return element("section", element("h2", "Evidence", id="evidence"), _filter(findings), *groups, more,
                   id="findings", aria_labelledby="evidence")  # fmt: skip


def _filter(findings: Iterable[Finding]) -> Markup:
    count = {verdict.value: 0 for verdict in Verdict}
    for finding in findings:
        count[finding.verdict.value] += 1
    choices = []
    for value, told in _FILTERS:
        number = sum(count.values()) if value == "all" else count[value]
        id = f"show-{value}"
        choices += [
            element("input", type="radio", name="show", id=id, checked=value == "all"),
            element("label", f"{told} ({number})", for_=id),
        ]
    return element("fieldset", element("legend", "Show findings"), *choices)


def _group(station: Station, findings: Iterable[Finding], picture: Picture | None) -> Markup | None:
    own = sorted((f for f in findings if station_of(f) is station), key=_worst_first)
    hop = next((hop for hop in picture.hops if hop.station is station), None) if picture else None
    if hop is None:
        return None
    badge = element("span", word_of(hop), class_=f"badge tone-{hop.state.value}")
    return element(
        "div",
        element("h3", station.value, " ", badge),
        element("p", hop.told, class_="meta"),
        *(_finding(finding) for finding in own),
        id=anchor(hop), class_="group",
    )  # fmt: skip


def _worst_first(finding: Finding) -> tuple[int, int]:
    """What was not asked, or does not count, comes after what is in order."""
    tells_little = finding.verdict is Verdict.SKIP or finding.suppressed
    return (1 if tells_little else -finding.verdict.rank, finding.layer.depth)


def _finding(finding: Finding) -> Markup:
    tone = finding.verdict.value
    location = finding.location
    place = f"{location.file}:{location.line}" if location and location.line else location.file if location else ""
    rows = [("about", str(finding.subject)), ("layer", finding.layer.value), ("cause", finding.cause), ("in", place),
            ("suppressed", finding.suppressed)]  # fmt: skip
    facts = [join(element("dt", name), element("dd", value)) for name, value in rows if value]
    return element(
        "details",
        element(
            "summary",
            element("span", MARKS[finding.verdict], class_="sign", role="img", aria_label=WORDS[finding.verdict]),
            element("span", finding.check, class_="check"),
            element("span", finding.message, " (suppressed)" if finding.suppressed else None, class_="what"),
        ),
        element(
            "div",
            element("dl", *facts, class_="facts"),
            _listed(finding.evidence),
            _listed(tuple(str(reason) for reason in finding.unavailable)),
            fix_of(finding.fix, "How to fix it"),
            class_="body",
        ),
        class_=f"finding tone-{tone}",
    )  # fmt: skip


def _listed(items: Sequence[str]) -> Markup | None:
    return element("ul", *(element("li", item) for item in items)) if items else None


def nodes_section(findings: Sequence[Finding]) -> Markup | None:
    """Nodes beside one another, by the checks that tell some from others; None when nothing sets any apart."""
    verdicts: dict[str, dict[str, Verdict]] = {}
    for finding in findings:
        for subject in (finding.subject, *finding.concerns):
            if subject.kind is Kind.NODE and finding.verdict is not Verdict.SKIP:
                own = verdicts.setdefault(subject.name, {})
                own[finding.check] = max(finding.verdict, own.get(finding.check, Verdict.PASS), key=lambda v: v.rank)
    checks = sorted({check for own in verdicts.values() for check in own})
    said = {check: [own[check] for own in verdicts.values() if check in own] for check in checks}
    telling = [check for check in checks if len(set(said[check])) > 1]
    if len(verdicts) < 2 or not telling:
        return None
    worst_first = sorted(verdicts, key=lambda name: (-sum(v.rank for v in verdicts[name].values()), name))
    rows = [
        element(
            "tr", element("th", element("code", name), scope="row"), *(_cell(verdicts[name].get(c)) for c in telling)
        )
        for name in worst_first[:MOST_NODES]
    ]
    head = element("tr", element("th", "Node", scope="col"), *(element("th", check, scope="col") for check in telling))
    more = len(verdicts) - MOST_NODES
    return element(
        "section",
        element("h2", "Node by node", id="node-by-node"),
        element("p", "The checks that tell some nodes from others. The findings say what sets the failing ones apart."),
        element("div", element("table", element("thead", head), element("tbody", *rows)), class_="scroll", tabindex="0",
                role="region", aria_labelledby="node-by-node"),
        element("p", f"… and {more} more nodes") if more > 0 else None,
        id="nodes", aria_labelledby="node-by-node",
    )  # fmt: skip


def _cell(verdict: Verdict | None) -> Markup:
    if verdict is None:
        return element("td", "not asked", class_="meta")
    return element(
        "td", element("span", MARKS[verdict], class_="sign"), f" {WORDS[verdict]}", class_=f"tone-{verdict.value}"
    )
