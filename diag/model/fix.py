"""A fix as data: ordered steps. The shell line of a step is made here, once, when somebody reads it."""

from __future__ import annotations

import enum
import itertools
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec


class StepKind(enum.Enum):
    """What a step is for, in the order in which a fix needs them."""

    CAUTION = "caution"
    """What a person must know or stop first."""
    NOTE = "note"
    """What to know of the step that follows: an exception, or what to do where it fails."""
    SAVE = "save"
    """Keeps the present state in a file."""
    GUARD = "guard"
    """Fails unless it is safe to go on; the next command runs only when it succeeds."""
    CHANGE = "change"
    WAIT = "wait"
    VERIFY = "verify"
    """Shows whether the fix worked."""
    UNDO = "undo"


class Danger(enum.Enum):
    """What a step costs those who use the thing that it changes."""

    NONE = "none"
    INTERRUPTS = "interrupts"
    """Something stops working for a while."""
    DESTROYS = "destroys"
    """Something is gone afterwards."""


_WIDE = 110
"""Columns from which on a command is laid out over several rows."""
_DOCUMENT = re.compile(r"(--[a-z-]+=)?([{\[].*)", re.DOTALL)
_MEANS_MORE = frozenset('$`\\"!\n')
"""Characters that a shell does not take as they are within double quotes."""
_SHELL_MARK = re.compile(r"""\\.|"|\$\(|[()]| (?:&&|\|\|?) |;;? """)
"""What opens and closes in a script, and what it goes on behind."""
_OPEN_NUMBER = re.compile(r"(?<=\":)<[a-z-]+>(?=[,}])")
"""A placeholder where JSON wants a number."""


class Step(msgspec.Struct, frozen=True):
    """One command with its arguments, or one sentence for a person."""

    kind: StepKind
    argv: tuple[str, ...] = ()
    """The program and its arguments; empty where a person acts."""
    output: str = ""
    """The file that gets what the program prints; empty for the terminal."""
    once: bool = False
    """The shell refuses, and says so, where that file is there already: it may be the only copy of what was before."""
    text: str = ""
    """Without a command: what to do or to know."""
    changes: str = ""
    """What the command changes."""
    danger: Danger = Danger.NONE
    by: str = ""
    """Who must do it, when the reader cannot."""
    open: tuple[str, ...] = ()
    """Why a `<placeholder>` of the command has no value, when a value was known and is not fit for a command."""

    @property
    def line(self) -> str:
        """The command as a shell takes it; empty where a person acts."""
        line = " ".join(map(_quoted, self.argv))
        return self._into_file(line) if line and self.output else line

    @property
    def rows(self) -> tuple[str, ...]:
        """The same command over as many rows as a person wants to read, to be copied as a whole."""
        if len(self.line) <= _WIDE:
            return (self.line,) if self.line else ()
        words = list(self.argv)
        for place, word in enumerate(words):
            is_script = place > 1 and words[place - 1] == "-c" and words[place - 2].endswith("sh")
            words[place] = _over_rows(word, len(" ".join(words[:place]))) if is_script else _laid_out(word)
        command = " ".join(map(_quoted, words))
        return tuple((self._into_file(command) if self.output else command).split("\n"))

    def _into_file(self, command: str) -> str:
        line = f"{command} > {shlex.quote(self.output)}"
        return f"(set -o noclobber; {line})" if self.once else line

    @property
    def says(self) -> str:
        """What a command changes, or what a person does."""
        return self.text or self.changes


class Part(msgspec.Struct, frozen=True):
    """Some steps of a fix that are for one thing."""

    says: str
    """What its commands do, or what a person does; empty where no step says so."""
    rows: tuple[str, ...] = ()
    """The rows of its commands, to be copied as they are."""
    notes: tuple[str, ...] = ()
    """What to know of them: exceptions, and what to do where one fails."""
    waits: bool = False
    """Whether it changes nothing, and ends when a change has taken effect."""

    @property
    def is_instead(self) -> bool:
        """Whether it is another way to do the part before, for another case."""
        return self.says.startswith(INSTEAD)

    @property
    def heading(self) -> str:
        """The sentence that stands above its commands."""
        if self.waits:
            return f"Wait: {self.says}" if self.says else ENDS
        return self.says or "Run:"


def counts(part: Part | None) -> int:
    """How much a part adds to the number of the one before; None stands for some that are printed as one."""
    return int(part is None or not part.is_instead)


INSTEAD = ("Or ", "Or, ")
"""How a part begins that is for those for whom the part before is not."""
ENDS = "Wait until this command ends."
_SAVES = "Save the current state to files."
_RUN = frozenset({StepKind.SAVE, StepKind.GUARD, StepKind.CHANGE, StepKind.WAIT})


class Fix(msgspec.Struct, frozen=True):
    """What fixes a failure. The tool never runs it."""

    steps: tuple[Step, ...] = ()
    alternatives: tuple[Fix, ...] = ()
    """Other options, less safe or more expensive."""
    title: str = ""
    """What it does, in the imperative."""
    when: str = ""
    """For which case it is, as it goes on after "if"."""

    @property
    def opening(self) -> tuple[str, ...]:
        """For which case it is, and who can do it, as sentences."""
        said = (("Use this if", self.when), ("Who can do this:", self.by))
        return tuple(f"{begin} {what}." for begin, what in said if what)

    @property
    def commands(self) -> tuple[str, ...]:
        """Shell lines to run in this order. A guard is part of the line that it protects.

        What is instead of a step is not among them: run after that step, it would do the same thing twice.
        """
        lines, own = list[str](), list[str]()
        for chain in _chains(step for step in self.steps if step.kind in _RUN):
            own += [_line_of(chain)] if chain[-1].line else []
            if chain[-1].says:
                lines += [] if chain[-1].says.startswith(INSTEAD) else own
                own = []
        return (*lines, *own)

    @property
    def note(self) -> str:
        """What the commands change and what to watch, or what a person does where there is no command."""
        told = (
            step.text or step.changes
            for step in self.steps
            if step.kind not in (StepKind.UNDO, StepKind.VERIFY)
        )  # fmt: skip
        return "; ".join(dict.fromkeys(one.removesuffix(".") for one in told if one))

    @property
    def acts(self) -> tuple[tuple[Step, tuple[str, ...]], ...]:
        """Each step that is run or waited for, with the rows of its command, those that it depends on first.

        A note stands before the step that it is for.
        """
        steps = (step for step in self.steps if step.kind in _RUN or step.kind is StepKind.NOTE)
        return tuple((chain[-1], _joined(chain) if chain[-1].line else ()) for chain in _chains(steps))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The same as a person takes it: what each part does, its commands, and what to know of them.

        What saves and prepares belongs to the command that says what all of it is for, a wait's time to its command.
        """
        found, rows, notes, saves = list[Part](), list[str](), list[str](), True
        for step, own in self.acts:
            if step.kind is StepKind.NOTE:
                notes.append(step.says)
                continue
            waits = step.kind is StepKind.WAIT
            if waits and not rows and found and found[-1].waits and not (step.says and found[-1].says):
                last = found.pop()
                found.append(Part(last.says or step.says, (*last.rows, *own), (*last.notes, *notes), waits=True))
                notes = []
                continue
            if rows and (waits or not own):
                found.append(Part(_SAVES * saves, tuple(rows), tuple(notes)))
                rows, notes, saves = [], [], True
            rows += own
            saves = saves and step.kind is StepKind.SAVE
            if waits or step.says or not own:
                found.append(Part(step.says, tuple(rows), tuple(notes), waits))
                rows, notes, saves = [], [], True
        if rows or notes:
            found.append(Part(_SAVES * saves, tuple(rows), tuple(notes)))
        return tuple(found)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The number of each part; what is instead of the part before has that part's."""
        return tuple(itertools.accumulate(map(counts, self.parts)))

    @property
    def undo_steps(self) -> tuple[Step, ...]:
        """How to take the commands back: sentences and commands, in their order."""
        return tuple(step for step in self.steps if step.kind is StepKind.UNDO)

    @property
    def undo(self) -> str:
        """The same as one line."""
        told = (step.line or step.text for step in self.undo_steps)
        return "; ".join(one.removesuffix(".") for one in told if one)

    @property
    def verify(self) -> tuple[str, ...]:
        """Shell lines that show whether the fix worked."""
        return tuple(self._lines(frozenset({StepKind.VERIFY})))

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a person must know or stop before anything else."""
        return self._sentences(frozenset({StepKind.CAUTION}))

    @property
    def changes(self) -> tuple[str, ...]:
        """What the commands change, or what a person does where there is no command."""
        return self._sentences(_RUN - {StepKind.GUARD})

    @property
    def by(self) -> str:
        """Who must do it, when the reader cannot."""
        return " and ".join(dict.fromkeys(step.by for step in self.steps if step.by))

    @property
    def not_filled_in(self) -> tuple[str, ...]:
        """Why placeholders of the commands have no value."""
        return tuple(dict.fromkeys(why for step in self.steps for why in step.open))

    @property
    def first(self) -> tuple[str, ...]:
        """What a person must know, stop or find out before anything else."""
        return (*self.cautions, *self.not_filled_in)

    @property
    def in_order(self) -> tuple[str, ...]:
        """All that it takes, as plain lines: what protects comes before what destroys."""
        return (*self.opening, *self.cautions, *self.commands, *self.changes, *self.not_filled_in)

    def _sentences(self, kinds: frozenset[StepKind]) -> tuple[str, ...]:
        steps = (step for step in self.steps if step.kind in kinds)
        return tuple(dict.fromkeys(step.says for step in steps if step.says))

    def _lines(self, kinds: frozenset[StepKind]) -> Iterator[str]:
        chains = _chains(step for step in self.steps if step.kind in kinds)
        return (_line_of(chain) for chain in chains if chain[-1].line)


def _line_of(chain: tuple[Step, ...]) -> str:
    return " && ".join(step.line for step in chain)


def _chains(steps: Iterable[Step]) -> Iterator[tuple[Step, ...]]:
    """Steps of which each runs only after the one before it succeeded: guards with what they protect, the commands
    that together are one change, and what keeps the state of before with what changes it: where its file is of an
    earlier try, nothing is changed with that. A person's step is by itself; a note parts no chain, it stands above."""
    chain: list[Step] = []
    all_ = list(steps)
    acts = [step for step in all_ if step.kind is not StepKind.NOTE]
    following = iter(acts[1:])
    for step in all_:
        if step.kind is StepKind.NOTE:
            yield (step,)
            continue
        after = next(following, None)
        if not step.line:
            yield (step,)
            continue
        chain.append(step)
        if after is None or not _holds(step, after):
            yield tuple(chain)
            chain = []
    if chain:
        yield tuple(chain)


_FURTHER = {
    StepKind.CHANGE: frozenset({StepKind.GUARD, StepKind.CHANGE}),
    StepKind.SAVE: frozenset({StepKind.SAVE, StepKind.GUARD, StepKind.CHANGE}),
}
"""What goes on after a command that says nothing by itself: what it is for stands at a later one."""


def _holds(step: Step, after: Step) -> bool:
    """Whether what follows runs only where this command succeeded."""
    if step.kind is StepKind.GUARD:
        return True
    if step.says or not after.line or (step.kind is StepKind.SAVE and not step.once):
        return False
    return after.kind in _FURTHER.get(step.kind, ())


def _joined(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """Commands of which each runs only after the one before it succeeded; a shell reads on after `&&`."""
    line = _line_of(steps)
    if len(line) <= _WIDE:
        return (line,)
    return (*(row for step in steps[:-1] for row in (*step.rows[:-1], f"{step.rows[-1]} &&")), *steps[-1].rows)


def _quoted(word: str) -> str:
    """A word as a shell takes it: one with single quotes in double ones, where nothing in it means anything there."""
    if word == "!":
        return word
    return f'"{word}"' if "'" in word and _MEANS_MORE.isdisjoint(word) else shlex.quote(word)


def _over_rows(script: str, begins: int) -> str:
    """A shell's script over several rows, each of which ends where it goes on: behind `&&`, `||`, `|` or `;`.

    It begins on a row of its own where what starts it, so many characters, is long.
    """
    if "'" in script or "\n" in script:
        return script
    rows = ["", "  "] if begins > _WIDE // 2 else [""]
    for part in _parts_of(script):
        if rows[-1].strip() and len(rows[-1]) + len(part) > _WIDE - 10:
            rows.append("  ")
        rows[-1] += part
    return "\n".join(row.rstrip() for row in rows)


def _parts_of(script: str) -> Iterator[str]:
    """The pieces of a script that a row may end behind: nothing within double quotes is parted."""
    open_, begin = list[str](), 0
    for found in _SHELL_MARK.finditer(script):
        mark = found[0]
        if mark == '"' and open_[-1:] == [mark]:
            open_.pop()
        elif mark == ")":
            open_ = open_[:-1] if open_[-1:] == ["("] else open_
        elif mark in ('"', "(", "$("):
            open_.append(mark[-1])
        elif mark[0] != "\\" and '"' not in open_:
            yield script[begin : found.end()]
            begin = found.end()
    yield script[begin:]


def _laid_out(word: str) -> str:
    """A JSON document over several rows, any other word as it is."""
    found = _DOCUMENT.fullmatch(word)
    if found is None or len(word) <= _WIDE // 2:
        return word
    try:
        document = msgspec.json.decode(_OPEN_NUMBER.sub(lambda number: f'"@{number[0]}@"', found[2]))
    except msgspec.DecodeError:
        return word
    rows = _written(document, "").replace('"@<', "<").replace('>@"', ">")
    return (found[1] or "") + rows if "\n" in rows else word


def _written(value: Any, indent: str) -> str:
    import json

    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(indent) + len(flat) <= _WIDE - 20:
        return flat
    inner = indent + "  "
    if isinstance(value, dict):
        rows = [f"{inner}{json.dumps(name, ensure_ascii=False)}: {_written(one, inner)}" for name, one in value.items()]
    else:
        rows = [inner + _written(one, inner) for one in value]
    first, last = "{}" if isinstance(value, dict) else "[]"
    return "\n".join((first, ",\n".join(rows), indent + last))
