"""Replacing a claim that is not bound, whose spec cannot be edited. No data hangs on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diag.advice.replace_volume import BINDING, BOUND
from diag.advice.steps import Values, change, guard, save, undo, wait
from diag.advice.workloads import OF_THE_OLD
from diag.model.fix import Danger, Fix, Step
from diag.resources.kubernetes import PersistentVolumeClaim


def replace_claim(claim: PersistentVolumeClaim, spec: Mapping[str, Any]) -> Fix:
    """Replace a pending claim by one with other fields. Pods that wait for it are not scheduled, so hold nothing."""
    metadata = claim.metadata
    return Fix(steps({"claim": metadata.name, "namespace": metadata.namespace, "uid": metadata.uid}, spec))


def steps(values: Values, spec: Mapping[str, Any]) -> tuple[Step, ...]:
    """The procedure for a claim by name."""
    before, after = "pvc-{claim}.before.yaml", "pvc-{claim}.after.yaml"
    names = {**values, "patch": {"metadata": {**OF_THE_OLD, "annotations": BINDING}, "spec": spec, "status": None}}
    same = (guard(f"grep -q {{uid}} {before}", names),) if values.get("uid") else ()
    effect = "replaces a claim that is not bound; no data is touched"
    return (
        guard(f"test ! -e {before}", names),
        save(f"kubectl -n {{namespace}} get pvc {{claim}} -o yaml > {before}", names),
        *same,
        save(f"kubectl patch --local -f {before} --type=merge -p {{patch}} -o yaml > {after}", names),
        guard(f"test -s {after}", names),
        change("kubectl -n {namespace} delete pvc {claim} --timeout=2m", names, danger=Danger.DESTROYS),
        change(f"kubectl apply -f {after}", names, changes=effect),
        wait(BOUND, names),
        undo(f"kubectl replace --force -f {before}", names),
    )
