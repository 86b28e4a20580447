"""What is printed for a person in a terminal: marks, colour, wrapped lines, fixes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from diag.late import late
from diag.model.fix import Fix, StepKind
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
BY_HAND = "by hand"
"""Label of what no command does for the reader."""
UNDER = " " * (LABEL + 4)
"""Where what a command does stands, under it."""


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


def listed(sentences: Sequence[str]) -> Iterator[str]:
    """One sentence as it is, several as items."""
    return ("- " * (len(sentences) > 1) + sentence for sentence in sentences)


def step_lines(fix: Fix, style: Style, label: str) -> Iterator[str]:
    """What is done, in its order: each command above what it does, and a note above the step that it is for."""
    acts, notes, before = fix.acts, list[str](), ""
    for place, (step, rows) in enumerate(acts):
        if step.kind is StepKind.CAUTION:
            notes.append(step.says)
            continue
        if notes:
            yield from labelled("note", listed(notes), style)
            before, notes = "note", []
        if step.kind is StepKind.WAIT:
            label = "wait"
        elif place and not rows:
            is_last = all(later.kind is StepKind.WAIT for later, _ in acts[place + 1 :])
            label = "result" if is_last else BY_HAND
        elif before:
            label = "then" if before in ("wait", "note", BY_HAND) else ""
        shown = "" if label == before == BY_HAND else label
        yield from painted(command(shown, *rows), style, Verdict.PASS)
        if rows and step.says:
            yield from wrap(step.says, style, UNDER, UNDER)
        elif step.says:
            yield from labelled(shown, [step.says], style)
        before = label or "steps"


def fix_lines(fix: Fix, style: Style, label: str) -> Iterator[str]:
    """A fix, line by line: what to know first, the steps, the way back, what shows that it worked.

    The way back, and other ways where this one has commands, are shown with `style.everything` alone.
    """
    yield from labelled("first", listed(fix.first), style)
    yield from step_lines(fix, style, label)
    yield from labelled("not filled in", fix.not_filled_in, style)
    if style.everything:
        for step in fix.steps:
            if step.kind is StepKind.UNDO:
                yield from command("undo", step.line) if step.line else labelled("undo", [step.text], style)
    for line in fix.verify:
        yield from command("verify", line)
    for other in fix.alternatives if style.everything else () if fix.commands else fix.alternatives[:1]:
        yield from fix_lines(other, style, "alternative")
