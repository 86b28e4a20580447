"""The mount path as a diagram: one model, drawn with letters, as a Mermaid chart, and (diag.reports.html) as SVG."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from diag.model.diagnosis import CauseVerdict, Diagnosis, Likelihood
from diag.model.finding import Finding
from diag.model.layer import Layer
from diag.model.subject import Subject
from diag.model.verdict import Verdict
from diag.reports.report import Report
from diag.reports.terminal import MARKS, Style, headline, mark, wrap
from diag.sanitize import visible


class Station(enum.Enum):
    """One thing that a mount passes, in order."""

    POD = "Pod"
    NODE = "Node"
    DRIVER = "CSI driver"
    DNS = "DNS"
    RULES = "Security groups"
    INTERFACES = "ENIs"
    SERVERS = "MGS and OSTs"


class Hop(msgspec.Struct, frozen=True):
    """One station and its state."""

    station: Station
    state: Verdict
    name: str
    """What it is called in this incident; may be empty."""
    reason: str
    """One line: why it has this state."""
    version: str = ""
    """What runs there, where that matters: `Lustre 2.10`."""
    is_broken: bool = False
    """Where the path breaks: every failure behind it may follow from it."""
    findings: tuple[Finding, ...] = ()


class Diagram(msgspec.Struct, frozen=True):
    """The stations of one mount path."""

    hops: tuple[Hop, ...]
    title: str


_LAYERS = {
    Layer.REQUEST: Station.POD,
    Layer.WORKLOAD: Station.POD,
    Layer.MOUNT: Station.NODE,
    Layer.CLIENT: Station.NODE,
    Layer.DRIVER: Station.DRIVER,
    Layer.IDENTITY: Station.DRIVER,
    Layer.DNS: Station.DNS,
    Layer.NETWORK: Station.RULES,
    Layer.FILE_SYSTEM: Station.SERVERS,
    Layer.LNET: Station.SERVERS,
}
_INTERFACE_CHECKS = frozenset({"network-interfaces", "tcp-988", "ip-family", "efa-traffic", "node-reach"})
"""Checks of the network layer that look at the interfaces rather than at the rules before them."""
_SEEN_AFTERWARDS = frozenset({Layer.MOUNT, Layer.WORKLOAD})
"""Layers where every other fault shows in the end."""


def diagram_of(report: Report) -> Diagram | None:
    """The path of the first diagnosis, or of the whole run where nothing is diagnosed; None without either."""
    diagnosis = report.diagnoses[0] if report.diagnoses else None
    if diagnosis is None and not report.findings:
        return None
    root = diagnosis.best if diagnosis else None
    findings = tuple(_on_path(report.findings, diagnosis))
    deciding = next((f for f in findings if root and f.verdict is Verdict.FAIL and f.cause == root.id), None)
    broken = station_of(deciding) if deciding else _LAYERS[root.layer] if root else None
    hops = tuple(_hop(station, findings, diagnosis, root, station is broken) for station in Station)
    title = f"Mount path of {diagnosis.subject}" if diagnosis else "Mount path"
    return Diagram(hops, title)


def station_of(finding: Finding) -> Station:
    """Where on the path a finding lies."""
    if finding.layer is Layer.NETWORK and finding.check in _INTERFACE_CHECKS:
        return Station.INTERFACES
    return _LAYERS[finding.layer]


def _on_path(findings: Iterable[Finding], diagnosis: Diagnosis | None) -> Iterator[Finding]:
    """Findings about this path or about all paths: those about another volume, pod or node are left out."""
    here = {diagnosis.subject, *diagnosis.concerns} if diagnosis else set()
    kinds = {subject.kind for subject in here}
    for finding in findings:
        about: Sequence[Subject] = (finding.subject, *finding.concerns)
        if all(subject.kind not in kinds or subject in here for subject in about) or here.intersection(about):
            yield finding


def _hop(
    station: Station,
    findings: Sequence[Finding],
    diagnosis: Diagnosis | None,
    root: CauseVerdict | None,
    is_broken: bool,
) -> Hop:
    own = tuple(f for f in findings if station_of(f) is station)
    name, version = _name(station, diagnosis), _version(station, diagnosis)
    if is_broken and root is not None and diagnosis is not None:
        state = diagnosis.gravity if root.verdict is Likelihood.CONFIRMED else Verdict.WARN
        reason = f"{root.title} ({root.verdict.value})"
        return Hop(station, state, name, reason, version, is_broken=True, findings=own)
    judged = [f for f in own if root is None or f.layer not in _SEEN_AFTERWARDS]
    ran = [f for f in judged if f.verdict is not Verdict.SKIP and not f.suppressed]
    if not ran:
        return Hop(station, Verdict.SKIP, name, "not checked", version, findings=own)
    worst = max(ran, key=lambda finding: finding.verdict.rank)
    passed = sum(1 for f in ran if f.verdict is Verdict.PASS)
    reason = f"{passed} of {len(ran)} passed"
    if worst.verdict is not Verdict.PASS:
        reason += f"; {worst.message}"
    return Hop(station, worst.verdict, name, reason, version, findings=own)


def _name(station: Station, diagnosis: Diagnosis | None) -> str:
    values = diagnosis.values if diagnosis else {}
    namespace = f"{values['namespace']}/" if values.get("namespace") and values.get("pod") else ""
    return {
        Station.POD: f"{namespace}{values.get('pod') or values.get('volume', '')}",
        Station.NODE: values.get("node", ""),
        Station.DRIVER: "fsx.csi.aws.com",
        Station.DNS: values.get("dns_name", ""),
        Station.RULES: "tcp 988, 1018-1023",
        Station.INTERFACES: values.get("subnet", ""),
        Station.SERVERS: values.get("file_system", ""),
    }[station]


def _version(station: Station, diagnosis: Diagnosis | None) -> str:
    key = {Station.NODE: "client_version", Station.SERVERS: "server_version"}.get(station, "")
    value = diagnosis.values.get(key, "") if diagnosis else ""
    return f"Lustre {value}" if value else ""


COLUMN = 16
"""Columns of a station's name."""


def to_letters(diagram: Diagram, style: Style) -> str:
    """One station a line from the pod down, the break between two of them shown; with a final newline."""
    lines = headline(diagram.title, style)
    for place, hop in enumerate(diagram.hops):
        if place:
            before = diagram.hops[place - 1]
            lines.append("  ╳" if hop.is_broken and hop.state is Verdict.FAIL else "  ┆" if before.is_broken else "  │")
        called = ", ".join(filter(None, (hop.name, hop.version)))
        name = f"{called}: " if called else ""
        first = f"  {mark(hop.state, style)} {hop.station.value:<{COLUMN}}"
        lines += wrap(f"{name}{hop.reason}", style, first, " " * (COLUMN + 4))
    return "\n".join(lines) + "\n"


LONGEST_LABEL = 60
_CHART_STYLES = {
    Verdict.PASS: "fill:#e6f4ea,stroke:#1a6b3c,color:#0e3d22",
    Verdict.SKIP: "fill:#f1f3f5,stroke:#5b6470,color:#3a414a",
    Verdict.WARN: "fill:#fff3dc,stroke:#8a5300,color:#5a3600",
    Verdict.UNKNOWN: "fill:#f1e9fb,stroke:#6b3fa0,color:#40225f",
    Verdict.FAIL: "fill:#fde7e5,stroke:#b3261e,color:#6b1510,stroke-width:3px",
}


def to_mermaid(diagram: Diagram) -> str:
    """The source of a flow chart, without a fence. Names are quoted: nothing in them is syntax."""
    lines = ["flowchart LR"]
    for place, hop in enumerate(diagram.hops):
        lines.append(f'  h{place}["{_label(hop)}"]:::{hop.state.value}')
    for place, hop in enumerate(diagram.hops[1:]):
        broken = hop.is_broken or diagram.hops[place].is_broken
        lines.append(f"  h{place} {'-. ✗ .->' if broken else '-->'} h{place + 1}")
    used = dict.fromkeys(hop.state for hop in diagram.hops)
    lines += [f"  classDef {state.value} {_CHART_STYLES[state]}" for state in used]
    return "\n".join(lines)


def _label(hop: Hop) -> str:
    below = "".join(f"<br/>{_escaped(text)}" for text in (hop.name, hop.version) if text)
    return f"{MARKS[hop.state]} {_escaped(hop.station.value)}{below}"


def _escaped(text: str) -> str:
    """Mermaid's own entities for whatever is no letter, digit or harmless sign."""
    text = visible(text)
    text = text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
    return "".join(char if char.isalnum() or char in " .,:/_@…-" else f"#{ord(char)};" for char in text)
