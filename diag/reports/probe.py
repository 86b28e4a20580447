"""What a probe of a Lustre server found, step by step, for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diag.advice.steps import advise
from diag.model.finding import Finding
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.model.verdict import Verdict
from diag.reports.json import document, finding_with_lines
from diag.reports.report import SCHEMA
from diag.reports.terminal import Style, headline, mark, wrap
from diag.resources.lnet_probe import Ladder, Rung, Step, TargetReach
from diag.sanitize import visible
from diag.secret_filter import scrubbed

_LAYERS = {
    Step.NAME: Layer.DNS, Step.TCP: Layer.NETWORK, Step.SOURCE_PORT: Layer.NETWORK, Step.FILE_SYSTEM: Layer.REQUEST,
}  # fmt: skip


def to_text(ladder: Ladder, style: Style) -> str:
    """The verdict first, then the steps from the bottom up, each with its time."""
    ladder = scrubbed(ladder)
    where = f"{ladder.host}:{ladder.port}" + (f"/{ladder.mount_name}" if ladder.mount_name else "")
    lines = headline(f"{where}: {ladder.headline}", style, ladder.verdict)
    if ladder.cause:
        lines.append(f"  cause  {ladder.cause}  (lustre-doctor runbook {ladder.cause})")
        if ladder.failed is not None and (other := ladder.failed.beside):
            lines.append(f"  or     {other}  (lustre-doctor runbook {other})")
    if ladder.failed is not None and ladder.failed.fix:
        lines += wrap(ladder.failed.fix, style, "  next   ", " " * 9)
    if ladder.summary:
        lines.append(f"  nc     {visible(ladder.summary)}")
    lines.append("")
    for rung in ladder.rungs:
        lines += _rung(rung, style)
    for target in ladder.targets:
        lines += _target(target, style)
    lines.append(f"  {ladder.round_trips} round trips, {ladder.elapsed_ms:.1f} ms")
    return "\n".join(lines) + "\n"


def to_json(ladders: Sequence[Ladder], exit_code: int, tool_version: str) -> str:
    """One document: `findings` as of a run, one for each step, and the whole ladders under `ladders`."""
    ladders = scrubbed(tuple(ladders))
    findings = tuple(finding_with_lines(finding) for ladder in ladders for finding in findings_of(ladder))
    made = {
        "schema": SCHEMA, "exit_code": exit_code, "diagnoses": (), "findings": findings, "unavailable": (),
        "ladders": ladders, "tool_version": tool_version,
    }  # fmt: skip
    return document(made)


def findings_of(ladder: Ladder) -> Iterator[Finding]:
    """Each step as a finding about the address that was probed."""
    subject = Subject(Kind.ADDRESS, f"{ladder.address or ladder.host}:{ladder.port}")
    for rung in ladder.rungs:
        yield Finding(
            check=f"probe-{rung.step.value}",
            layer=_LAYERS.get(rung.step, Layer.LNET),
            subject=subject,
            verdict=rung.verdict,
            message=rung.message,
            evidence=(*rung.details, f"took {rung.elapsed_ms:.1f} ms"),
            cause=(rung.cause or "") if rung.verdict is Verdict.FAIL else "",
            fix=advise(rung.fix) if rung.fix else None,
        )


def _rung(rung: Rung, style: Style) -> list[str]:
    head = f"  {mark(rung.verdict, style)} {rung.step.number} {rung.step.value:<12} {rung.elapsed_ms:7.1f} ms  "
    lines = wrap(rung.message, style, head, " " * 29)
    for detail in rung.details:
        lines += wrap(detail, style, " " * 29, " " * 31)
    return lines


def _target(target: TargetReach, style: Style) -> list[str]:
    head = f"  {mark(target.verdict, style)}   {target.name}" + ("" if target.active else " (inactive)")
    return [
        head,
        *(line for nid in target.nids for line in wrap(f"{nid.nid}: {nid.message}", style, " " * 8, " " * 10)),
    ]
