"""After a fix: the run that shows whether it worked."""

from __future__ import annotations

import msgspec

from diag.advice.steps import Values
from diag.grammar.command import fill
from diag.model.fix import Fix, Step, StepKind
from diag.model.subject import Kind, Subject

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
