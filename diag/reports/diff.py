"""How two snapshots, or two nodes, differ: for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from diag.diff.compare import Difference
from diag.diff.verdicts import VerdictChange
from diag.model.verdict import Verdict
from diag.reports.json import document
from diag.reports.summary import plural
from diag.reports.terminal import MARKS, Style, headline, wrap
from diag.sanitize import visible
from diag.secret_filter import scrubbed

SCHEMA = "lustre-doctor/diff/v1"

MOST_SHOWN = 12
"""Differences of one layer that are shown, unless everything is asked."""


class Comparison(msgspec.Struct, frozen=True):
    """Everything that differs, the first on the mount path first."""

    before: str
    after: str
    differences: tuple[Difference, ...]
    verdicts: tuple[VerdictChange, ...] = ()
    notes: tuple[str, ...] = ()
    """What makes the comparison doubtful."""
    schema: str = SCHEMA


def to_json(comparison: Comparison) -> str:
    """The comparison as a JSON document with a final newline."""
    return document(scrubbed(comparison), indent=1)


def to_text(comparison: Comparison, style: Style) -> str:
    """The comparison with a final newline."""
    comparison = scrubbed(comparison)
    lines: list[str] = []
    for note in comparison.notes:
        lines += [*wrap(note, style, "! ", "  "), ""]
    if not comparison.differences and not comparison.verdicts:
        lines.append(f"Nothing differs between {visible(comparison.before)} and {visible(comparison.after)}.")
        return "\n".join(lines) + "\n"
    if comparison.differences:
        first = comparison.differences[0]
        lines += headline(f"first on the mount path ({first.layer.value}): {first}", style)
        lines += ["", *_differences(comparison.differences, style)]
    if comparison.verdicts:
        lines += ["", "Verdicts", *_verdicts(comparison.verdicts, style)]
    changed = f"{plural(len(comparison.verdicts), 'verdict')} changed"
    lines += ["", f"{plural(len(comparison.differences), 'difference')}, {changed}."]
    return "\n".join(lines) + "\n"


def _differences(differences: Iterable[Difference], style: Style) -> Iterator[str]:
    by_layer: dict[str, list[Difference]] = {}
    for difference in differences:
        by_layer.setdefault(difference.layer.value, []).append(difference)
    for layer, own in by_layer.items():
        shown = own if style.everything else own[:MOST_SHOWN]
        for place, difference in enumerate(shown):
            yield from wrap(str(difference), style, f"  {layer if place == 0 else '':<12} ", " " * 17)
        if len(own) > len(shown):
            yield f"  {'':<12} … and {len(own) - len(shown)} more (--all)"


def _verdicts(changes: Iterable[VerdictChange], style: Style) -> Iterator[str]:
    for change in changes:
        verdicts = f"{_word(change.before)} → {_word(change.after)}"
        mark = MARKS[change.after] if change.after else " "
        said = f"{change.check}: {verdicts}, {change.subject}: {change.message}"
        yield from wrap(said, style, f"  {mark} ", "    ")


def _word(verdict: Verdict | None) -> str:
    return verdict.value if verdict else "not run"
