"""After a fix: the run that shows whether it worked."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from diag.advice.inspect_node import on
from diag.advice.platform import UNKNOWN
from diag.advice.steps import Values
from diag.grammar.command import fill, fill_text
from diag.knowledge.cause import Cause, Observation, Severity
from diag.model.fix import Fix, Step, StepKind
from diag.model.subject import Kind, Subject
from diag.model.symptom import Phase

_TARGETS = (
    ("--pv {volume}", ("volume",)),
    ("--pvc {namespace}/{claim}", ("namespace", "claim")),
    ("--file-system {file_system}", ("file_system",)),
)


def with_verify(fix: Fix, values: Values) -> Fix:
    """The fix with a last step: run again on what the values name, else on everything."""
    target = next((option for option, names in _TARGETS if all(values.get(name) for name in names)), "")
    filled = fill(f"lustre-doctor run {target}", values)
    if filled.open:
        filled = fill("lustre-doctor run", {})
    others = tuple(step for step in fix.steps if step.kind is not StepKind.VERIFY)
    return msgspec.structs.replace(fix, steps=(*others, Step(StepKind.VERIFY, filled.argv)))


def values_of(subject: Subject) -> dict[str, str]:
    """What a subject of a finding can be run again on."""
    match subject.kind:
        case Kind.VOLUME:
            return {"volume": subject.name}
        case Kind.CLAIM:
            return {"namespace": subject.namespace, "claim": subject.name}
        case Kind.FILE_SYSTEM:
            return {"file_system": subject.name}
    return {}


_SEEN = (
    (
        {Phase.PROVISION},
        "kubectl -n {namespace} get pvc {claim}",
        "Bound. To a volume that exists, it takes seconds. For a new volume, the provisioner tries again within five"
        " minutes, and FSx needs 5 to 15 more.",
    ),
    (
        {Phase.SCHEDULE, Phase.MOUNT},
        "kubectl -n {namespace} get pods -o wide",
        "Running. The kubelet tries the mount again within two minutes. A pod that was replaced has a new name.",
    ),
    ({Phase.UNMOUNT}, "kubectl -n {namespace} get pods -o wide", "No pod is Terminating."),
)


def _own(one: Observation, values: Values) -> Iterator[Step]:
    """Its commands, a line each; what is to be seen stands at the last one."""
    *others, last = (line for line in one.command.splitlines() if line.strip())
    for line in others:
        yield Step(StepKind.VERIFY, fill(on(one.on, line, UNKNOWN), values).argv)
    yield Step(StepKind.VERIFY, fill(on(one.on, last, UNKNOWN), values).argv, changes=fill_text(one.look, values))


def seen_after(cause: Cause, values: Values) -> tuple[Step, ...]:
    """What a person sees when a fix of the cause has worked: what it says itself, else what each phase shows."""
    if cause.seen_after:
        return tuple(step for one in cause.seen_after for step in _own(one, values))
    if cause.severity is Severity.NONE or {"any", "eks"}.isdisjoint(cause.platforms):
        return ()
    seen: dict[str, list[str]] = {}
    for phases, command, says in _SEEN:
        if phases & set(cause.phase):
            seen.setdefault(command, []).append(says)
    return tuple(
        Step(StepKind.VERIFY, fill(command, values).argv, changes=" ".join(said)) for command, said in seen.items()
    )
