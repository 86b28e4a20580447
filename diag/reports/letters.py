"""The mount path drawn with letters, for a terminal."""

from __future__ import annotations

from diag.model.verdict import Verdict
from diag.reports.picture import Picture
from diag.reports.text import Style, mark, wrap

COLUMN = 16


def to_letters(picture: Picture, style: Style) -> str:
    """One station a line from the pod down, the break between two of them shown; with a final newline."""
    lines = wrap(picture.title, style, "", "  ", bold=True)
    for place, hop in enumerate(picture.hops):
        if place:
            before = picture.hops[place - 1]
            lines.append("  ╳" if hop.is_broken and hop.state is Verdict.FAIL else "  ┆" if before.is_broken else "  │")
        called = ", ".join(filter(None, (hop.name, hop.version)))
        name = f"{called}: " if called else ""
        pad = " " * (COLUMN + 4)
        lines += wrap(f"{name}{hop.told}", style, f"  {mark(hop.state, style)} {hop.station.value:<{COLUMN}}", pad)
    return "\n".join(lines) + "\n"
