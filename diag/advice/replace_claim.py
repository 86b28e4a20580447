"""Replacing a claim that is not bound, whose spec cannot be edited. No data hangs on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from diag.advice.replace_volume import BINDING, BOUND
from diag.advice.steps import Values, change, guard, save, undo, wait
from diag.advice.workloads import OF_THE_OLD, Pause
from diag.model.fix import Danger, Fix, Step

if TYPE_CHECKING:
    from diag.resources.kubernetes import PersistentVolumeClaim

BEFORE, AFTER = "pvc-{claim}.before.yaml", "pvc-{claim}.after.yaml"
UNBOUND = f"grep -qE '^  phase: (Pending|Lost)$' {BEFORE}"
"""With a Bound claim its volume may go too, and the file system or disk behind it. Where the class is what was wrong,
the volume that it made for a waiting claim meanwhile is what must go."""


def replace_claim(claim: PersistentVolumeClaim, spec: Mapping[str, Any]) -> Fix:
    """Replace a pending claim by one with other fields. Pods that wait for it are not scheduled, so hold nothing."""
    return Fix(steps(_names(claim), spec))


def withdraw(claim: PersistentVolumeClaim) -> Pause:
    """Take a pending claim away, and make it again without the volume that was made for it meanwhile."""
    return withdraw_by_name(_names(claim))


def withdraw_by_name(names: Values) -> Pause:
    """The same for a claim by name."""
    return Pause(_delete(names, {"volumeName": None}), (_apply(names),))


def steps(values: Values, spec: Mapping[str, Any]) -> tuple[Step, ...]:
    """The procedure for a claim by name."""
    back = undo(f"kubectl replace --force -f {BEFORE}", values)
    return (*_delete(values, spec), _apply(values), wait(BOUND, values), back)


def _names(claim: PersistentVolumeClaim) -> Values:
    metadata = claim.metadata
    return {"claim": metadata.name, "namespace": metadata.namespace, "uid": metadata.uid}


def _delete(values: Values, spec: Mapping[str, Any]) -> tuple[Step, ...]:
    names = {**values, "patch": {"metadata": {**OF_THE_OLD, "annotations": BINDING}, "spec": spec, "status": None}}
    same = (guard(f"grep -q {{uid}} {BEFORE}", names),) if values.get("uid") else ()
    if spec.get("volumeName", "") is not None:
        same = (*same, guard(UNBOUND, names))
    return (
        guard(f"test ! -e {BEFORE}", names),
        save(f"kubectl -n {{namespace}} get pvc {{claim}} -o yaml > {BEFORE}", names),
        *same,
        save(f"kubectl patch --local -f {BEFORE} --type=merge -p {{patch}} -o yaml > {AFTER}", names),
        guard(f"test -s {AFTER}", names),
        change("kubectl -n {namespace} delete pvc {claim} --timeout=2m", names, danger=Danger.DESTROYS),
    )


def _apply(values: Values) -> Step:
    return change(f"kubectl apply -f {AFTER}", values, changes="replaces a claim that is not bound; no data is touched")
