"""Replacing a StorageClass, whose parameters and mount options cannot be edited.

Volumes that exist keep what they have; claims that wait are tried again.
Source: Kubernetes API validation, StorageClass parameters are immutable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from diag.advice.replace_claim import make_again, withdraw, withdraw_by_name
from diag.advice.steps import Values, caution, change, guard, is_saved, person, save_object, undo, write_copy
from diag.advice.workloads import Owner, Pause, owners_of, pause
from diag.grammar.command import Value, Verbatim
from diag.model.fix import Danger, Fix, Step, StepKind

if TYPE_CHECKING:
    from diag.resources.kubernetes import PersistentVolumeClaim, Pod, StorageClass


class Waiting(NamedTuple):
    """Claims that wait for a volume of the class, and the pods that name them."""

    claims: Sequence[PersistentVolumeClaim] = ()
    pods: Sequence[Pod] = ()


def replace_class(
    storage_class: StorageClass,
    waiting: Waiting,
    parameters: Mapping[str, str | Verbatim | None] | None = None,
    *,
    mount_options: Verbatim | None = None,
    fields: Mapping[str, Any] | None = None,
    warning: str = "",
    **values: Value,
) -> Fix:
    """Replace a class by one with other parameters or fields; None takes one away.

    Names of parameters and values may be templates over `values`. `warning` comes first. Claims that wait are replaced
    as well: the driver asks FSx with one token for a claim, and FSx keeps the parameters it was first sent with. Not
    so where the provisioner changes: FSx was never asked.
    """
    patch: dict[str, Any] = {**(fields or {}), **({"parameters": dict(parameters)} if parameters else {})}
    if mount_options is not None:
        patch["mountOptions"] = mount_options
    names = {"storage_class": storage_class.metadata.name, "uid": storage_class.metadata.uid, **values}
    first = (caution(warning, names),) if warning else ()
    if _PROVISIONER in patch:
        return Fix((*first, *_replace(names, patch), *(person(_MADE, kind=StepKind.WAIT) for _ in waiting.claims[:1])))
    claims = _withdraw([withdraw(claim) for claim in waiting.claims], owners_of(waiting.pods))
    return Fix((*first, *claims.stop, *_replace(names, patch), *claims.start))


_PROVISIONER = "provisioner"
"""Kubernetes writes the class's present one on a claim that waits, whatever it wrote there before.

Source: Kubernetes, pv_controller.go, setClaimProvisioner.
"""
_MADE = "The claim is Bound when FSx has created its file system, after 5 to 15 minutes."


def _withdraw(claims: Sequence[Pause], owners: Iterable[Owner]) -> Pause:
    """The waiting claims away before the class changes, and back after it: none is made from the old one meanwhile."""
    if not claims:
        return Pause((), ())
    loss = (
        "If a volume was created for a waiting claim in the meantime, it is deleted with the claim. If the class"
        " retains volumes, it stays Released and costs money. No pod has mounted it."
    )
    pods = pause(owners)
    made = person(_MADE, kind=StepKind.WAIT)
    return Pause(
        (caution(loss, danger=Danger.DESTROYS), *pods.stop, *(step for claim in claims for step in claim.stop)),
        (*(step for claim in claims for step in claim.start), *pods.start, made),
    )


def set_parameters(storage_class: StorageClass, waiting: Waiting, changes: Mapping[str, str | None]) -> Fix:
    """Give parameters other values: None takes one away, an empty one is known to a person alone."""
    known = {key: "{parameter_value}" if value == "" else value for key, value in changes.items()}
    return replace_class(storage_class, waiting, known)


def rename_parameter(storage_class: StorageClass, waiting: Waiting, written: str, meant: str, value: str) -> Fix:
    """Give a misspelt parameter its right key."""
    keys = {"{parameter}": None, meant: "{parameter_value}"}
    return replace_class(storage_class, waiting, keys, parameter=written, parameter_value=value)


_CLAIM = "claim"
"""Among what a remedy gives: `again` where a claim that waits fails for ever and is made again without a wait, `kept`
where no claim waits or the driver is not FSx's, which remembers what it was first sent for a claim."""


def steps(values: Values, patch: Mapping[str, Any], claim: Values, owner: Owner | None) -> tuple[Step, ...]:
    """The procedure for a class by name, and for the claim that waits for it where one is known."""
    if _PROVISIONER in patch:
        return (*_replace({**values, "uid": ""}, patch), person(_MADE, kind=StepKind.WAIT))
    wanted = patch.get(_CLAIM)
    patch = {key: value for key, value in patch.items() if key != _CLAIM}
    known = [withdraw_by_name(claim)] if claim.get("uid") else []
    claims = _withdraw(known, [owner] if owner else [])
    # FSx is never sent the class's other fields.
    is_asked = not known and "parameters" in patch and wanted != "kept"
    others = make_again(values, at_once=wanted == "again") if is_asked else ()
    return (*claims.stop, *_replace({**values, "uid": ""}, patch), *others, *claims.start)


def _replace(names: Mapping[str, Value], patch: Mapping[str, Any]) -> tuple[Step, ...]:
    file = "storageclass-{storage_class}"
    before, after = f"{file}.before.yaml", f"{file}.after.yaml"
    effect = "Replace the class. It counts for new volumes only. Make the same change in the manifest of the class."
    get = "kubectl get storageclass {storage_class}"
    same = (guard(f"grep -q {{uid}} {before}", names),) if names.get("uid") else ()
    return (
        save_object(get, file, names),
        *same,
        write_copy(file, patch, names),
        guard(f"test -s {after}", names),
        *(() if same else (is_saved(get, file, names),)),
        change(f"kubectl replace --force -f {after}", names, changes=effect, danger=Danger.INTERRUPTS),
        undo(f"kubectl replace --force -f {before}", names),
    )
