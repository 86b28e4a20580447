"""What is printed for a person in a terminal: marks, colour, wrapped lines, fixes."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from diag.late import late
from diag.model.fix import ENDS, Fix, Part, counts
from diag.model.verdict import Verdict
from diag.sanitize import visible

MARKS = {Verdict.PASS: "✓", Verdict.SKIP: "-", Verdict.WARN: "!", Verdict.UNKNOWN: "?", Verdict.FAIL: "✗"}
_COLOURS = {
    Verdict.PASS: "\x1b[32m", Verdict.SKIP: "\x1b[2m", Verdict.WARN: "\x1b[33m", Verdict.UNKNOWN: "\x1b[35m",
    Verdict.FAIL: "\x1b[31m",
}  # fmt: skip
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_ESCAPE_CODE = late(r"\x1b\[\d*m")

_COMMAND = late(r"`[^`]{1,400}`")
_HELD = "\x00"
"""A space at which no line breaks; visible text has no such character."""

LABEL = 14
"""Columns of the label before each part of a diagnosis."""


class Style(msgspec.Struct, frozen=True):
    """How to print: columns, colour, and how much."""

    width: int = 80
    colour: bool = False
    everything: bool = False
    """Passes, skips and ruled-out causes in full."""


def mark(verdict: Verdict, style: Style) -> str:
    """The verdict as one sign."""
    return f"{_COLOURS[verdict]}{MARKS[verdict]}{_PLAIN}" if style.colour else MARKS[verdict]


def bold(text: str, style: Style) -> str:
    """A heading."""
    return f"{_BOLD}{visible(text)}{_PLAIN}" if style.colour else visible(text)


def wrap(text: str, style: Style, first: str, rest: str) -> list[str]:
    """Wrapped lines. Width is counted without escape codes, which are put in after wrapping.

    A command within the text, in backticks, stays on one line: it is copied.
    """
    indent = len(_ESCAPE_CODE.sub("", first))
    lines = textwrap.wrap(
        _COMMAND.sub(lambda command: command[0].replace(" ", _HELD), visible(text)),
        width=max(40, style.width),
        initial_indent=" " * indent,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first]
    lines = [line.replace(_HELD, " ") for line in lines]
    return [first + lines[0][indent:], *lines[1:]]


def headline(text: str, style: Style, verdict: Verdict | None = None) -> list[str]:
    """A sentence that is read first, after its verdict's mark if it has one."""
    lines = wrap(text, style, f"{mark(verdict, style)} " if verdict else "", "  ")
    # The mark's colour ends what is bold.
    return [f"{_BOLD}{line.replace(_PLAIN, _PLAIN + _BOLD)}{_PLAIN}" for line in lines] if style.colour else lines


def labelled(label: str, items: Iterable[str], style: Style) -> Iterator[str]:
    """Items below one another, the label beside the first."""
    for item in items:
        yield from wrap(item, style, f"  {label:<{LABEL}}", " " * (LABEL + 2))
        label = ""


def command(label: str, *rows: str) -> Iterator[str]:
    """A command is copied, so it is never wrapped, whatever the width."""
    for row in filter(None, rows):
        yield f"  {label:<{LABEL}}{visible(row)}"
        label = ""


def painted(lines: Iterable[str], style: Style, verdict: Verdict) -> Iterator[str]:
    """The lines in the colour of a verdict; their indent stays, and so does what is copied from them."""
    for line in lines:
        yield f"{_COLOURS[verdict]}{line}{_PLAIN}" if style.colour else line


class Told(msgspec.Struct):
    """What a page has printed of its options: what a later one has too is not printed again."""

    cautions: dict[str, int] = {}
    """By which option each was told."""
    notes: dict[str, str] = {}
    """At which step each was told."""
    parts: dict[int, list[Part | None]] = {}
    """The numbered steps of each option; None for what stands for those of an earlier one."""

    def run_in(self, parts: Sequence[Part]) -> tuple[int, int, int]:
        """How many of the first parts an earlier option has in this order, which one, and from which part on."""
        runs = (
            (len([*itertools.takewhile(_same, zip(parts, own[at:], strict=False))]), -option, at)
            for option, own in self.parts.items()
            for at in range(len(own))
        )
        found, option, at = max(runs, default=(0, 0, 0))
        return found, -option, at


def _same(pair: tuple[Part, Part | None]) -> bool:
    return pair[0] == pair[1]


_SHARED = 3
"""Steps from which on a page refers to those of an earlier option."""


def part_lines(fix: Fix, style: Style, margin: str, told: Told | None = None, option: int = 0) -> Iterator[str]:
    """What is done, in its order and numbered: what each part does, its commands below, then what to know of them."""
    told, parts, printed = told or Told(), [*fix.parts], list[Part | None]()
    inner = margin + "   " * (len(parts) > 1)
    while parts:
        begin = f"{margin}{_number(printed) + 1}. " if inner != margin else margin
        shared, other, at = told.run_in(parts)
        if shared >= _SHARED:
            own = told.parts[other]
            first, last = _number(own[: at + 1]), _number(own[: at + shared])
            yield from wrap(f"Do steps {first} to {last} of option {other}.", style, begin, inner)
            printed.append(None)
            del parts[:shared]
            continue
        part = parts.pop(0)
        yield from wrap(part.heading, style, inner if part.is_instead else begin, inner)
        yield from painted(commands(inner, part.rows), style, Verdict.PASS)
        printed.append(part)
        places = dict.fromkeys(told.notes[note] for note in part.notes if note in told.notes)
        others = [f"The notes of {place} hold here too." for place in places]
        for note in (*(note for note in part.notes if note not in told.notes), *others):
            yield from wrap(note, style, f"{inner}- ", f"{inner}  ")
        if option:
            told.notes = {note: f"option {option}, step {_number(printed)}" for note in part.notes} | told.notes
    if option:
        told.parts[option] = printed


def _number(printed: Sequence[Part | None]) -> int:
    """The number of the last of these steps."""
    return sum(map(counts, printed))


def undo_lines(fix: Fix, style: Style, margin: str) -> Iterator[str]:
    """How to take it back: sentences, and the commands below them."""
    steps = fix.undo_steps
    if len(steps) == 1 and not steps[0].line:
        yield from wrap(f"Undo: {steps[0].text}", style, margin, margin + "  ")
    elif steps:
        yield f"{margin}Undo:"
        for step in steps:
            if step.line:
                yield from commands(margin, step.rows)
            else:
                yield from wrap(step.text, style, margin + "  ", margin + "  ")


def commands(margin: str, rows: Iterable[str]) -> Iterator[str]:
    """Commands below what they do. One is copied, so it is never wrapped, whatever the width."""
    return (f"{margin}    {visible(row)}" for row in rows)


def first_lines(fix: Fix, style: Style, margin: str, told: Told, option: int) -> Iterator[str]:
    """For which case it is, who can do it, and what to know or to do before anything else."""
    for sentence in fix.opening:
        yield from wrap(sentence, style, margin, margin)
    new = [one for one in fix.first if one not in told.cautions]
    others = dict.fromkeys(told.cautions[one] for one in fix.cautions if one in told.cautions)
    told.cautions |= dict.fromkeys(new, option)
    first = (*new, *(f"The other points of option {other} hold here too." for other in others))
    if first:
        yield f"{margin}Before you start:"
    for sentence in first:
        yield from wrap(sentence, style, f"{margin}- ", f"{margin}  ")


def fix_lines(fix: Fix, style: Style, label: str) -> Iterator[str]:
    """A fix, line by line: its case, what to know first, what it does and its steps, and what shows that it worked.

    The undo, and other options where this one has commands, are shown with `style.everything` alone.
    """
    yield from labelled("use it if", [fix.when] if fix.when else (), style)
    yield from labelled("first", fix.first, style)
    yield from labelled("who can do it", [fix.by] if fix.by else (), style)
    parts = fix.parts
    if parts and all(part.waits for part in parts[1:]) and not any(part.notes for part in parts):
        for part in parts:
            said = part.says or (ENDS if part.waits else fix.title or _UNTITLED)
            yield from labelled("wait" if part.waits else label, [said], style)
            yield from painted(command("", *part.rows), style, Verdict.PASS)
    elif parts:
        yield from labelled(label, [fix.title or _UNTITLED], style)
        yield from part_lines(fix, style, _MARGIN)
    if style.everything:
        yield from undo_lines(fix, style, _MARGIN)
    for line in fix.verify:
        yield from command("verify", line)
    for other in fix.alternatives if style.everything else () if fix.commands else fix.alternatives[:1]:
        yield from fix_lines(other, style, "alternative")


_MARGIN = " " * 4
_UNTITLED = "take these steps:"
