"""A fix as data: ordered steps. The shell line of a step is made here, once, when somebody reads it."""

from __future__ import annotations

import enum
import shlex
from collections.abc import Iterator

import msgspec


class StepKind(enum.Enum):
    """What a step is for, in the order in which a fix needs them."""

    CAUTION = "caution"
    """What a person must know or stop first."""
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


class Step(msgspec.Struct, frozen=True):
    """One command with its arguments, or one sentence for a person."""

    kind: StepKind
    argv: tuple[str, ...] = ()
    """The program and its arguments; empty where a person acts."""
    output: str = ""
    """The file that gets what the program prints; empty for the terminal."""
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
        line = shlex.join(self.argv)
        return f"{line} > {shlex.quote(self.output)}" if line and self.output else line

    @property
    def says(self) -> str:
        """What a command changes, or what a person does, and who."""
        said = self.text or self.changes
        return f"{said} (by {self.by})" if said and self.by else said


_RUN = frozenset({StepKind.SAVE, StepKind.GUARD, StepKind.CHANGE, StepKind.WAIT})


class Fix(msgspec.Struct, frozen=True):
    """What fixes a failure. The tool never runs it."""

    steps: tuple[Step, ...] = ()
    alternatives: tuple[Fix, ...] = ()
    """Other ways, less safe or more expensive."""

    @property
    def commands(self) -> tuple[str, ...]:
        """Shell lines to run in this order. A guard is part of the line that it protects."""
        return tuple(self._lines(_RUN))

    @property
    def note(self) -> str:
        """What the commands change and what to watch, or what a person does where there is no command."""
        told = (
            step.text or step.changes
            for step in self.steps
            if step.kind not in (StepKind.UNDO, StepKind.VERIFY)
        )  # fmt: skip
        return "; ".join(dict.fromkeys(filter(None, told)))

    @property
    def acts(self) -> tuple[tuple[Step, str], ...]:
        """Each step that is run or waited for, with its shell line; a guard is part of the line that it protects."""
        guards: list[Step] = []
        found = []
        for step in self.steps:
            if step.kind is StepKind.GUARD:
                guards.append(step)
            elif step.kind in _RUN:
                found.append((step, " && ".join(one.line for one in (*guards, step)) if step.line else ""))
                guards = guards if not step.line else []
        return (*found, *((step, step.line) for step in guards))

    @property
    def undo(self) -> str:
        """How to take the commands back."""
        told = (step.line or step.text for step in self.steps if step.kind is StepKind.UNDO)
        return "; ".join(filter(None, told))

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
    def not_filled_in(self) -> tuple[str, ...]:
        """Why placeholders of the commands have no value."""
        return tuple(dict.fromkeys(why for step in self.steps for why in step.open))

    @property
    def in_order(self) -> tuple[str, ...]:
        """All that it takes, as plain lines: what protects comes before what destroys."""
        return (*self.cautions, *self.commands, *self.changes, *self.not_filled_in)

    def _sentences(self, kinds: frozenset[StepKind]) -> tuple[str, ...]:
        steps = (step for step in self.steps if step.kind in kinds)
        return tuple(dict.fromkeys(step.says for step in steps if step.says))

    def _lines(self, kinds: frozenset[StepKind]) -> Iterator[str]:
        guards: list[str] = []
        for step in self.steps:
            if step.kind not in kinds or not step.line:
                continue
            if step.kind is StepKind.GUARD:
                guards.append(step.line)
                continue
            yield " && ".join((*guards, step.line))
            guards = []
        if guards:
            yield " && ".join(guards)
