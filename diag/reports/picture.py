"""The mount path as a picture: one model, drawn as SVG, Mermaid or in letters."""

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
    """One station with how it stands."""

    station: Station
    state: Verdict
    name: str
    """What it is called in this incident; may be empty."""
    told: str
    """One line: why it stands so."""
    version: str = ""
    """What runs there, where that matters: `Lustre 2.10`."""
    is_broken: bool = False
    """Where the path breaks: every failure behind it may follow from it."""
    findings: tuple[Finding, ...] = ()


class Picture(msgspec.Struct, frozen=True):
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


def picture_of(report: Report) -> Picture | None:
    """The path of the gravest diagnosis, or of the whole run where nothing is diagnosed; None without either."""
    diagnosis = report.diagnoses[0] if report.diagnoses else None
    if diagnosis is None and not report.findings:
        return None
    root = diagnosis.best if diagnosis else None
    findings = tuple(_on_path(report.findings, diagnosis))
    deciding = next((f for f in findings if root and f.verdict is Verdict.FAIL and f.cause == root.id), None)
    broken = station_of(deciding) if deciding else _LAYERS[root.layer] if root else None
    hops = tuple(_hop(station, findings, diagnosis, root, station is broken) for station in Station)
    title = f"Mount path of {diagnosis.subject}" if diagnosis else "Mount path"
    return Picture(hops, title)


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
        told = f"{root.title} ({root.verdict.value})"
        return Hop(station, state, name, told, version, is_broken=True, findings=own)
    judged = [f for f in own if root is None or f.layer not in _SEEN_AFTERWARDS]
    asked = [f for f in judged if f.verdict is not Verdict.SKIP and not f.suppressed]
    if not asked:
        return Hop(station, Verdict.SKIP, name, "not looked at", version, findings=own)
    gravest = max(asked, key=lambda finding: finding.verdict.rank)
    passed = sum(1 for f in asked if f.verdict is Verdict.PASS)
    told = f"{passed} of {len(asked)} pass"
    if gravest.verdict is not Verdict.PASS:
        told += f"; {gravest.message}"
    return Hop(station, gravest.verdict, name, told, version, findings=own)


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
