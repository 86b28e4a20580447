"""The mount path as a Mermaid flow chart, for Markdown that draws it (GitHub, GitLab)."""

from __future__ import annotations

from diag.model.verdict import Verdict
from diag.reports.picture import Hop, Picture
from diag.sanitize import visible

LONGEST = 60
_MARKS = {Verdict.PASS: "✓", Verdict.SKIP: "–", Verdict.WARN: "!", Verdict.UNKNOWN: "?", Verdict.FAIL: "✗"}
_STYLES = {
    Verdict.PASS: "fill:#e6f4ea,stroke:#1a6b3c,color:#0e3d22",
    Verdict.SKIP: "fill:#f1f3f5,stroke:#5b6470,color:#3a414a",
    Verdict.WARN: "fill:#fff3dc,stroke:#8a5300,color:#5a3600",
    Verdict.UNKNOWN: "fill:#f1e9fb,stroke:#6b3fa0,color:#40225f",
    Verdict.FAIL: "fill:#fde7e5,stroke:#b3261e,color:#6b1510,stroke-width:3px",
}


def to_mermaid(picture: Picture) -> str:
    """The chart's source, without a fence. Names are quoted: nothing in them is syntax."""
    lines = ["flowchart LR"]
    for place, hop in enumerate(picture.hops):
        lines.append(f'  h{place}["{_label(hop)}"]:::{hop.state.value}')
    for place, hop in enumerate(picture.hops[1:]):
        broken = hop.is_broken or picture.hops[place].is_broken
        lines.append(f"  h{place} {'-. ✗ .->' if broken else '-->'} h{place + 1}")
    used = dict.fromkeys(hop.state for hop in picture.hops)
    lines += [f"  classDef {state.value} {_STYLES[state]}" for state in used]
    return "\n".join(lines)


def _label(hop: Hop) -> str:
    below = "".join(f"<br/>{_escaped(text)}" for text in (hop.name, hop.version) if text)
    return f"{_MARKS[hop.state]} {_escaped(hop.station.value)}{below}"


def _escaped(text: str) -> str:
    """Mermaid's own entities for whatever is no letter, digit or harmless sign."""
    text = visible(text)
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return "".join(char if char.isalnum() or char in " .,:/_@…-" else f"#{ord(char)};" for char in text)
