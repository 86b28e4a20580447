"""After a fix: the run that shows whether it worked."""

from __future__ import annotations

import msgspec

from diag.advice.inspect_node import on
from diag.advice.platform import UNKNOWN
from diag.advice.steps import Values
from diag.grammar.command import fill, fill_text
from diag.knowledge.cause import Cause, Severity
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


def seen_after(cause: Cause, values: Values) -> tuple[Step, ...]:
    """What a person sees when a fix of the cause has worked: what it says itself, else what each phase shows."""
    if cause.seen_after:
        own = ((fill(on(one.on, one.command, UNKNOWN), values).argv, one) for one in cause.seen_after)
        return tuple(Step(StepKind.VERIFY, argv, changes=fill_text(one.look, values)) for argv, one in own)
    if cause.severity is Severity.NONE or {"any", "eks"}.isdisjoint(cause.platforms):
        return ()
    seen: dict[str, list[str]] = {}
    for phases, command, says in _SEEN:
        if phases & set(cause.phase):
            seen.setdefault(command, []).append(says)
    return tuple(
        Step(StepKind.VERIFY, fill(command, values).argv, changes=" ".join(said)) for command, said in seen.items()
    )
