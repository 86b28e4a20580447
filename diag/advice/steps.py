"""The steps of a fix, written as a check writes them: a command template with its values, or a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from diag.grammar.command import Value, fill, fill_text
from diag.model.fix import Danger, Fix, Step, StepKind

Values = Mapping[str, Value]
"""What fills the placeholders of a template, by their names."""


def caution(text: str, values: Values | None = None, *, danger: Danger = Danger.NONE) -> Step:
    """What a person must know or stop before anything else."""
    return person(text, values, danger=danger, kind=StepKind.CAUTION)


def note(text: str, values: Values | None = None) -> Step:
    """What to know of the step that follows: an exception, or what to do where it fails."""
    return person(text, values, kind=StepKind.NOTE)


def save(command: str, values: Values | None = None, *, says: str = "") -> Step:
    """Keep the present state in a file: the command ends in `> file`."""
    return _command(StepKind.SAVE, command, values, says)


def save_once(command: str, values: Values | None = None, *, says: str = "") -> Step:
    """The same where an earlier run has not written the file: it is the only copy of what was there before."""
    return msgspec.structs.replace(save(command, values, says=says), once=True)


def save_object(get: str, file: str, values: Values, *, says: str = "") -> Step:
    """Keep an object once, as `FILE.before.yaml`. `get` reads it."""
    return save_once(f"{get} -o yaml > {file}.before.yaml", values, says=says)


def guard(command: str, values: Values | None = None) -> Step:
    """A command that fails unless the next one is safe."""
    return _command(StepKind.GUARD, command, values)


def change(
    command: str, values: Values | None = None, *, changes: str = "", danger: Danger = Danger.NONE, by: str = ""
) -> Step:
    """A command that changes something."""
    return _command(StepKind.CHANGE, command, values, changes, danger, by)


def wait(command: str, values: Values | None = None) -> Step:
    """A command that ends when a change has taken effect."""
    step = _command(StepKind.WAIT, command, values)
    return msgspec.structs.replace(step, argv=_of_a_pod(step.argv))


def _of_a_pod(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The wait for a rollout, where what rolls is a pod by itself or a Job: kubectl has no rollout of these.

    Source: kubectl, polymorphichelpers, statusviewer.go: Deployment, DaemonSet and StatefulSet alone.
    """
    for place in range(len(argv) - 2):
        kind, _, name = argv[place + 2].partition("/")
        if argv[place : place + 2] == ("rollout", "status") and kind in ("pod", "job"):
            what = (f"pod/{name}",) if kind == "pod" else ("pod", "-l", f"job-name={name}")
            return (*argv[:place], "wait", "--for=condition=Ready", *what, *argv[place + 3 :])
    return argv


def undo(command: str, values: Values | None = None) -> Step:
    """A command that takes the change back."""
    return _command(StepKind.UNDO, command, values)


def person(
    text: str,
    values: Values | None = None,
    *,
    by: str = "",
    danger: Danger = Danger.NONE,
    kind: StepKind = StepKind.CHANGE,
) -> Step:
    """What a person does where no command can."""
    return Step(kind, text=fill_text(text, values or {}), by=by, danger=danger)


def is_saved(get: str, file: str, values: Values) -> Step:
    """Of what was replaced since it was saved, the file is of an earlier run; what is gone is made again from it."""
    return guard(f"""sh -c 'grep -q "uid: $({get} -o jsonpath={{.metadata.uid}})" {file}.before.yaml'""", values)


def write_copy(file: str, patch: Mapping[str, Any], values: Values, *, says: str = "") -> Step:
    """`FILE.after.yaml`: the object that was saved, with other fields."""
    return save(_copy(file, "after"), {**values, "patch": patch}, says=says)


def write_former(file: str, patch: Mapping[str, Any], values: Values) -> Step:
    """`FILE.former.yaml`: the object that was saved, without what keeps it from being there again; an undo."""
    return undo(_copy(file, "former"), {**values, "patch": patch})


def _copy(file: str, name: str) -> str:
    return f"kubectl patch --local -f {file}.before.yaml --type=merge -p {{patch}} -o yaml > {file}.{name}.yaml"


def put_back(file: str, values: Values) -> tuple[Step, ...]:
    """The object of `FILE.before.yaml` in place of the present one. The API server refuses its old resourceVersion."""
    first = "Do this only if the volume still has the claim, or no claim, that it had when it was saved."
    return (
        person(first, kind=StepKind.UNDO),
        write_former(file, {"metadata": {"resourceVersion": None}}, values),
        undo(f"kubectl replace -f {file}.former.yaml", values),
    )


def advise(text: str, values: Values | None = None, *, by: str = "") -> Fix:
    """A fix of one sentence."""
    return Fix((person(text, values, by=by),))


def _command(
    kind: StepKind,
    command: str,
    values: Values | None,
    changes: str = "",
    danger: Danger = Danger.NONE,
    by: str = "",
) -> Step:
    filled = fill(command, values or {})
    return Step(kind, filled.argv, filled.output, changes=changes, danger=danger, by=by, open=filled.open)
