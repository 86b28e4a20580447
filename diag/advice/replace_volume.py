"""Replacing a PersistentVolume and its claim, whose source cannot be edited, without losing either or the data.

The order is what makes it safe: both objects are saved, the reclaim policy is Retain and read back before anything is
deleted, the corrected copies are made by commands and are there before the originals go. The pods stop after that,
since a claim may go with them (of a StatefulSet that is scaled down, or of an ephemeral volume), and before the
deletion, since a claim stays until the last of them is gone. The copy of the volume keeps its claim's name and loses
its uid: with the old uid it would come back Released, and bind to nothing. The copy of the claim loses its owner, which
may be a pod that is gone, and the annotation that it was bound: with it the claim would be Lost beside a volume without
its uid.
`kubectl create` makes both: what the server gave the old object (uid, resourceVersion, status) counts for nothing,
and the annotation that a later `kubectl apply` compares with stays that of the manifest.
Source: Kubernetes API validation (spec.persistentvolumesource is immutable); pkg/controller/volume/persistentvolume,
syncBoundClaim; registry/rest/meta.go, FillObjectMetaSystemFields; kubectl, resource/helper.go, Create.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from diag.advice.replace_claim import BIND_COMPLETED, BOUND_AT_ONCE
from diag.advice.steps import (
    caution,
    change,
    guard,
    is_saved,
    person,
    save_object,
    undo,
    wait,
    write_copy,
    write_former,
)
from diag.advice.workloads import Owner, ask_to_stop, owners_of, pause
from diag.grammar.command import Value
from diag.model.fix import Danger, Fix, Step, StepKind
from diag.model.unavailable import Unavailable

if TYPE_CHECKING:
    from diag.resources.kubernetes import PersistentVolume, Pod

_RETAIN = "kubectl patch pv {volume} --type=merge -p {patch}"
_STOP_AGAIN = (
    'Stop the pods in the same way. Go on only if the next command says "condition met": the data are kept then.'
)
_RETAINED = (
    "kubectl wait --for=jsonpath={.spec.persistentVolumeReclaimPolicy}=Retain pv/{volume} --timeout=10s"
)  # fmt: skip


def replace_volume(
    volume: PersistentVolume,
    pods: Mapping[str, tuple[Pod, ...]] | Unavailable,
    *,
    attributes: Mapping[str, str] | None = None,
    handle: str = "",
    spec: Mapping[str, Any] | None = None,
    claim_spec: Mapping[str, Any] | None = None,
) -> Fix:
    """Replace a volume of the cluster by one with other CSI attributes, another handle, or other fields.

    `pods` are the pods of each claim, by its `namespace/name`. A value that is empty is one that only a person knows.
    """
    attributes = attributes or {}
    ref = volume.spec.claim_ref
    names: dict[str, Value] = {
        "volume": volume.name,
        "claim": ref.name if ref else "",
        "namespace": ref.namespace if ref else "",
        "uid": volume.metadata.uid,
        "right_handle": handle,
        **{f"right_{key}": value for key, value in attributes.items()},
    }
    csi: dict[str, Any] = {"volumeHandle": "{right_handle}"} if handle else {}
    if attributes:
        csi["volumeAttributes"] = {key: f"{{right_{key}}}" for key in attributes}
    owners = (
        None if isinstance(pods, Unavailable) else owners_of(pods.get(f"{ref.namespace}/{ref.name}", ()) if ref else ())
    )
    patch = {**(spec or {}), **({"csi": csi} if csi else {})}
    return Fix(steps(names, owners, patch, claim_spec or {}, has_claim=ref is not None, is_kept=ref is not None))


def steps(
    names: Mapping[str, Value],
    owners: Iterable[Owner] | None,
    spec: Mapping[str, Any],
    claim_spec: Mapping[str, Any],
    *,
    has_claim: bool = True,
    is_kept: bool = False,
    is_gone: bool = False,
) -> tuple[Step, ...]:
    """The procedure for a volume and a claim by name. `owners` is None where it is not known what runs the pods.

    `is_kept` says that the volume has a claimRef, `is_gone` that the former file system is no more: no data are kept
    then, and nothing can be put back.
    """
    # By name alone, a volume may not be bound: with the uid alone its copy has an empty claimRef, and never binds.
    named = {} if is_kept else {"namespace": "{namespace}", "name": "{claim}"}
    claim_ref = {"claimRef": {**named, "uid": None}} if has_claim else {}
    # The policy of the former volume was for the former file system; the other one may be somebody's.
    is_other = "volumeHandle" in spec.get("csi", {})
    volume_patch = {"spec": {**claim_ref, **(_KEPT if is_other else {}), **spec}}
    unbound = {"metadata": {"annotations": BIND_COMPLETED, "ownerReferences": None}}
    claim_patch = {**unbound, **({"spec": claim_spec} if claim_spec else {})}
    former: dict[str, Mapping[str, Any]] = {"pv": {"spec": claim_ref}, "pvc": unbound}
    stopped = ask_to_stop(names, StepKind.CHANGE) if owners is None else pause(owners)
    objects: list[tuple[str, str, str, Mapping[str, Any]]] = [
        ("pv", "kubectl get pv {volume}", "pv-{volume}", volume_patch)
    ]
    if has_claim:
        objects.append(("pvc", "kubectl -n {namespace} get pvc {claim}", "pvc-{claim}", claim_patch))
    ready = [guard(f"test -s {file}.after.yaml", names) for _, _, file, _ in objects]
    if not names.get("uid"):
        ready.append(is_saved("kubectl get pv {volume}", "pv-{volume}", names))
    retained = guard(_RETAINED, names)
    keep = {**names, "patch": {"spec": _KEPT}}
    kept = "the volume's object stays" if is_gone else "the data stay"
    retain = change(_RETAIN, keep, changes=f"Set the reclaim policy to Retain, so that {kept} without the claim.")
    stay = "" if is_gone else " The data on the file system stay."
    last = objects[-1][2]
    what = "the volume and the claim" if has_claim else "the volume"
    back = (
        (person(_NO_WAY_BACK, kind=StepKind.UNDO),)
        if is_gone
        else _back(((file, former[kind]) for kind, _, file, _ in objects), keep, names)
    )
    return (
        caution(f"The pods that use the volume are stopped until the last step.{stay}", danger=Danger.INTERRUPTS),
        caution(
            "If a command fails, correct the reason before you run the next one. Usually a pod still uses the claim; a"
            " finished one counts too: delete it."
        ),
        caution("Correct the manifest that the volume came from too, or the fault comes back."),
        *(
            save_object(get, file, names, says=f"Save {what} to files." if file == last else "")
            for _, get, file, _ in objects
        ),
        retain,
        *(
            step
            for _, _, file, patch in objects
            for step in _corrected(
                file,
                patch,
                names,
                says=f"Write corrected copies of {what}.{_WITH_RETAIN * is_other}" if file == last else "",
            )
        ),
        *((retained, *stopped.stop) if stopped.stop and owners is not None else stopped.stop),
        *ready,
        *((retained, change(_DELETE_CLAIM, names, danger=Danger.DESTROYS)) if has_claim else ()),
        retained,
        change(
            "kubectl delete pv {volume} --timeout=2m",
            names,
            changes=f"Delete {'the claim and ' if has_claim else ''}the volume's object.{stay}",
            danger=Danger.DESTROYS,
        ),
        change(_MAKE_VOLUME, names, changes="" if has_claim else "Create the corrected volume."),
        *((change(_MAKE_CLAIM, names, changes=_MADE), wait(BOUND_AT_ONCE, names)) if has_claim else ()),
        *stopped.start,
        *back,
    )


_KEPT = {"persistentVolumeReclaimPolicy": "Retain"}
_WITH_RETAIN = " The new volume has Retain, so that the other file system outlives its claim."
_DELETE_CLAIM = "kubectl -n {namespace} delete pvc {claim} --ignore-not-found --timeout=5m"
_MAKE_VOLUME = "kubectl create -f pv-{volume}.after.yaml"
_MAKE_CLAIM = "kubectl create -f pvc-{claim}.after.yaml"
_MADE = "Create the corrected volume, and the claim, which binds to it."
_NO_WAY_BACK = "There is none: the old file system is gone, and the two .before.yaml files name it."


def _back(
    former: Iterable[tuple[str, Mapping[str, Any]]], keep: Mapping[str, Value], names: Mapping[str, Value]
) -> Iterator[Step]:
    """The former objects in place of the new ones. The data are kept first here too: the copies have the old policy."""
    copies = dict(former)
    yield undo(_RETAIN, keep)
    for file, patch in copies.items():
        yield write_former(file, patch, names)
    yield person(_STOP_AGAIN, kind=StepKind.UNDO)
    yield undo(_RETAINED, names)
    if len(copies) > 1:
        yield undo("kubectl -n {namespace} delete pvc {claim} --timeout=5m", names)
    yield undo("kubectl delete pv {volume} --timeout=2m", names)
    for file in copies:
        yield undo(f"kubectl create -f {file}.former.yaml", names)
    yield person("Start the pods again.", kind=StepKind.UNDO)


def _corrected(file: str, patch: Mapping[str, Any], names: Mapping[str, Value], *, says: str) -> tuple[Step, ...]:
    """The copy to apply. A saved file of another object of that name is of no use."""
    same = (guard(f"grep -q {{uid}} {file}.before.yaml", names),) if file.startswith("pv-") and names.get("uid") else ()
    return (*same, write_copy(file, patch, names, says=says))
