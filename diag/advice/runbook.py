"""A cause's remedies as fixes: the runbook's templates with an incident's values."""

from __future__ import annotations

from collections.abc import Mapping

from diag.advice.steps import change, person
from diag.grammar.command import BadTemplate, fill_text
from diag.knowledge.cause import Cause, Observation, Remedy
from diag.model.fix import Fix, Step, StepKind


def fix_of(cause: Cause, values: Mapping[str, str]) -> Fix | None:
    """The cause's safest remedy as a fix, the further ones as its alternatives."""
    if not cause.fix:
        return None
    first, *others = (Fix(_steps(remedy, values)) for remedy in cause.fix)
    return Fix(first.steps, tuple(others))


def look_at(observation: Observation, values: Mapping[str, str]) -> str:
    """What to look at and, on a second line, how."""
    look = fill_text(observation.look, values)
    return f"{look}\n{fill_text(observation.command, values)}" if observation.command else look


def _steps(remedy: Remedy, values: Mapping[str, str]) -> tuple[Step, ...]:
    lines = [line.strip() for line in remedy.command.splitlines() if line.strip()]
    steps = [_step(line, values) for line in lines]
    steps.append(person(remedy.changes, values))
    if remedy.undo:
        steps.append(person(remedy.undo, values, kind=StepKind.UNDO))
    return tuple(steps)


def _step(line: str, values: Mapping[str, str]) -> Step:
    try:
        return change(line, values)
    except BadTemplate:
        return person(line, values)
