"""Replacing a claim that is not bound, whose spec cannot be edited. No data hangs on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from diag.advice.steps import Values, caution, change, guard, person, save_object, undo, wait, write_copy
from diag.advice.workloads import Owner, Pause, pause
from diag.model.fix import Danger, Fix, Step, StepKind

if TYPE_CHECKING:
    from diag.resources.kubernetes import PersistentVolumeClaim

FILE = "pvc-{claim}"
BEFORE, AFTER = f"{FILE}.before.yaml", f"{FILE}.after.yaml"
BOUND = "kubectl -n {namespace} wait --for=jsonpath={.status.phase}=Bound pvc/{claim} --timeout=20m"
"""FSx takes 5 to 15 minutes for a new file system."""
BOUND_AT_ONCE = "kubectl -n {namespace} wait --for=jsonpath={.status.phase}=Bound pvc/{claim} --timeout=2m"
"""To a volume that is there already."""
FROM_A_TEMPLATE = (
    "If a StatefulSet made the claim, scale it to 0 first and back before the wait, or it creates the wrong claim"
    " again. Its claim templates cannot be edited: delete it with --cascade=orphan, and apply it corrected."
)
"""Source: Kubernetes, stateful_set_control.go, createMissingPersistentVolumeClaims for a pod that is pending."""
BIND_COMPLETED = {"pv.kubernetes.io/bind-completed": None}
"""With the annotation a claim is Lost until its volume is there. Source: pv_controller.go, syncBoundClaim."""
_PHASE = """kubectl -n {namespace} get pvc {claim} -o jsonpath="{.status.phase}" | grep -qE"""
UNBOUND = f"""sh -c '{_PHASE} "^(Pending|Lost)$"'"""
"""Asked at the deletion: a saved file may be of an earlier try, after which the claim was bound.

With a Bound claim its volume may go too, and the file system or disk behind it. Where the class is what was wrong, the
volume that it made for a waiting claim meanwhile is what must go.
"""
PENDING = f"""sh -c '{_PHASE} "^Pending$"'"""
STILL_UNBOUND = (
    "Do not do this once the new claim is Bound. The command stops then, because the volume, and with reclaim policy"
    " Delete the file system, would be deleted too."
)
_BACK = f"""sh -c '{_PHASE} "^(Pending|Lost)$" && kubectl replace --force -f {BEFORE}'"""


def replace_claim(claim: PersistentVolumeClaim, spec: Mapping[str, Any]) -> Fix:
    """Replace a pending claim by one with other fields. Pods that wait for it are not scheduled, so hold nothing."""
    return Fix(steps(_names(claim), spec))


def withdraw(claim: PersistentVolumeClaim) -> Pause:
    """Take a pending claim away, and make it again without the volume that was made for it meanwhile."""
    return withdraw_by_name(_names(claim))


def withdraw_by_name(names: Values) -> Pause:
    """The same for a claim by name."""
    return Pause(_delete(names, {"volumeName": None}), (_apply(names),))


def make_again(values: Values, *, at_once: bool = False) -> tuple[Step, ...]:
    """Wait for a claim whose class was replaced, and have it asked for once more where that is not enough."""
    asked = (person(_ASKED, values, kind=StepKind.WAIT), wait(BOUND, values), person(_STILL_WAITS))
    return (
        *(() if at_once else asked),
        save_object(_GET, FILE, values),
        guard(PENDING, values),
        change(f"kubectl replace --force -f {BEFORE}", values, changes=_ASKED_AGAIN, danger=Danger.INTERRUPTS),
        *((wait(BOUND, values),) if at_once else ()),
    )


_ASKED = (
    "The driver asks FSx again within five minutes. Stop waiting if `kubectl -n {namespace} describe pvc {claim}` shows"
    " IncompatibleParameterError."
)
_STILL_WAITS = (
    "Stop here if the claim is Bound. If it is still Pending, FSx holds it to what was asked first: recreate it."
)
_ASKED_AGAIN = (
    "Recreate the claim. It gets a new uid, for which the driver asks FSx anew. It has no volume, so no"
    " data are touched."
)


def steps(values: Values, spec: Mapping[str, Any], owner: Owner | None = None) -> tuple[Step, ...]:
    """The procedure for a claim by name. `owner` is what runs its pods, None where that is not known."""
    if not spec:
        return _ask_again(values)
    bound = BOUND_AT_ONCE if spec.get("volumeName") else BOUND
    is_new = spec.get("volumeName", "") is None
    back = (
        (person(_NO_WAY_BACK, kind=StepKind.UNDO),)
        if is_new
        else (person(STILL_UNBOUND, kind=StepKind.UNDO), undo(_BACK, values))
    )
    made = _apply(values, changes=_WITHOUT_ITS_VOLUME) if is_new else _apply(values)
    pods = pause([owner]) if owner is not None and owner.kind == "StatefulSet" else Pause((), ())
    first = () if owner is not None and not pods.stop else (caution(FROM_A_TEMPLATE),)
    return (*first, *pods.stop, *_delete(values, spec), made, *pods.start, wait(bound, values), *back)


def _names(claim: PersistentVolumeClaim) -> Values:
    metadata = claim.metadata
    return {"claim": metadata.name, "namespace": metadata.namespace, "uid": metadata.uid}


_GET = "kubectl -n {namespace} get pvc {claim}"


def _save(values: Values) -> tuple[Step, ...]:
    """Keep the claim in a file; where its uid is known, the file is of this very claim."""
    same = (guard(f"grep -q {{uid}} {BEFORE}", values),) if values.get("uid") else ()
    return (save_object(_GET, FILE, values), *same)


def _delete(values: Values, spec: Mapping[str, Any]) -> tuple[Step, ...]:
    patch = {"metadata": {"annotations": BIND_COMPLETED}, "spec": spec}
    unbound = (guard(UNBOUND, values),) if spec.get("volumeName", "") is not None else ()
    return (
        *_save(values),
        write_copy(FILE, patch, values),
        guard(f"test -s {AFTER}", values),
        *unbound,
        change("kubectl -n {namespace} delete pvc {claim} --timeout=2m", values, danger=Danger.DESTROYS),
    )


def _ask_again(values: Values) -> tuple[Step, ...]:
    """The same claim once more: nothing of it is wrong, but FSx goes by its uid. A Lost one had a volume, with data."""
    return (
        caution(_OF_A_STATEFULSET),
        *_save(values),
        guard(PENDING, values),
        change(f"kubectl replace --force -f {BEFORE}", values, changes=_ASKED_AGAIN, danger=Danger.DESTROYS),
        wait(BOUND, values),
        person(_NOTHING_TO_UNDO, kind=StepKind.UNDO),
    )


_OF_A_STATEFULSET = "If the command says AlreadyExists, a StatefulSet has recreated its claim first: go on."
_NOTHING_TO_UNDO = "None is needed: it is the same claim, asked for again."
_UNBOUND_IS_REPLACED = "Replace the claim, which is not bound. No data are touched."
_WITHOUT_ITS_VOLUME = (
    "Recreate the claim, for a new volume. The old volume is deleted or Released, by its reclaim policy."
)
_NO_WAY_BACK = "There is none if the reclaim policy was Delete: the old volume is gone with its claim."


def _apply(values: Values, *, changes: str = _UNBOUND_IS_REPLACED) -> Step:
    return change(f"kubectl create -f {AFTER}", values, changes=changes)
