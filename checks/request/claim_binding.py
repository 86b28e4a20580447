"""The claim is bound to its volume, or will be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diag import Draft, Fix, Layer, Unavailable, check, fail, ok, skip, warn
from diag.advice.replace_claim import replace_claim
from diag.advice.replace_class import Waiting, replace_class
from diag.advice.replace_volume import BOUND, replace_volume
from diag.advice.steps import change, person, wait
from diag.analysis.binding import corrections
from diag.analysis.claims import ClaimCase, Pending, Why, why_pending
from diag.grammar.command import Verbatim
from diag.model.fix import StepKind
from diag.resources.age import age_s
from diag.resources.kubernetes import FSX_DRIVER, PersistentVolume, PersistentVolumeClaim, Pod

CREATION_S = 20 * 60
"""A file system takes 5 to 15 minutes to be made; a claim that waits longer waits for nothing."""

CAUSES = {
    Why.RELEASED: "pv-released",
    Why.TAKEN: "claim-volume-mismatch",
    Why.MISFIT: "claim-volume-mismatch",
    Why.PROVISIONER_MISSPELT: "storageclass-wrong-provisioner",
}


@check("claim-binding", layer=Layer.REQUEST, each="lustre_claims",
       speaks_for=("claim-pending", *dict.fromkeys(CAUSES.values())))  # fmt: skip
def claim_has_its_volume(
    case: ClaimCase, claim_pods: dict[str, tuple[Pod, ...]] | Unavailable, taken_at: str
) -> Iterator[Draft]:
    """The claim is bound to its volume, or will be.

    A pod is not scheduled before its claim is bound. Kubernetes binds a claim to the volume that it names, or to a
    free one of its class, only when class, size, access modes, volumeMode and VolumeAttributesClass agree. A volume
    whose claimRef is the claim needs no class, and no question at all where the claim names it too. A volume of a
    deleted claim (Retain) is never given to a new one of the same name. A class that binds late leaves free volumes to
    the scheduler: without a pod the claim stays Pending, and that is right.

    pass: the claim is Bound
    warn: it is being deleted, and its pods run
    fail: it names or is kept a volume that cannot be bound to it, asks for what does not exist, waits without reason,
        or is being deleted while a pod waits
    unknown: claims, volumes or StorageClasses could not be read
    skip: it waits for the first pod, or the driver is making its file system, or it is not for Lustre at all
    source: Kubernetes v1.31 to v1.34 pkg/controller/volume/persistentvolume/pv_controller.go;
        component-helpers/storage/volume/pv_helpers.go
    """
    claim = case.claim
    pods = _pods_of(case, claim_pods)
    waiting = [pod for pod in pods if not pod.is_up and not pod.is_terminating]
    if claim.metadata.deletion_timestamp:
        message = f"it is being deleted since {claim.metadata.deletion_timestamp}: no new pod gets a node for it"
        say = fail if waiting else warn
        fix = replace_volume(case.volume, claim_pods) if case.volume and case.is_bound else None
        concerns = [*waiting, *((case.volume,) if case.volume else ())]
        yield say(claim, message, cause="claim-pending", fix=fix, concerns=concerns)
        return
    if case.is_bound:
        yield ok(claim, f"bound to volume {claim.spec.volume_name}", concerns=[v for v in (case.volume,) if v])
        return
    pending = why_pending(case)
    concerns = [pending.volume] if pending.volume else []
    message = (f"event: {case.complaint}",) if case.complaint else ()
    waited = age_s(claim.metadata.creation_timestamp, taken_at)
    young = waited is not None and waited < CREATION_S
    foreign = case.storage_class is not None and case.storage_class.provisioner != FSX_DRIVER
    if pending.why is Why.NOTHING_OFFERED and foreign and case.storage_class:
        yield skip(claim, f"its StorageClass is of {case.storage_class.provisioner}, so it is not for Lustre")
    elif pending.why is Why.WAITS_FOR_POD or (
        pending.why in (Why.WAITS_FOR_DRIVER, Why.BINDS_SOON) and young and not case.complaint
    ):
        yield skip(claim, f"Pending: {pending.message}", concerns=concerns)
    elif pending.why in (Why.WAITS_FOR_DRIVER, Why.BINDS_SOON):
        since = f", for {waited / 60:.0f} minutes now" if waited is not None else ""
        yield fail(claim, f"Pending: {pending.message}{since}", *message, cause="", concerns=concerns)
    else:
        fix = _fix(case, pending, pods)
        yield fail(
            claim, f"Pending: {pending.message}", *message, cause=CAUSES.get(pending.why), fix=fix, concerns=concerns
        )


def _pods_of(case: ClaimCase, claim_pods: dict[str, tuple[Pod, ...]] | Unavailable) -> tuple[Pod, ...]:
    return () if isinstance(claim_pods, Unavailable) else claim_pods.get("/".join(case.claim.key), ())


def _fix(case: ClaimCase, pending: Pending, pods: Sequence[Pod]) -> Fix | None:
    """The commands; None where the runbook's general ones are as good."""
    if pending.why is Why.PROVISIONER_MISSPELT and case.storage_class:
        waiting = Waiting((case.claim,), pods)
        return replace_class(case.storage_class, waiting, fields={"provisioner": Verbatim(FSX_DRIVER)})
    if pending.volume is None:
        return None
    if pending.why is Why.RELEASED:
        return _reopen(pending.volume, case.claim)
    if pending.why is Why.TAKEN:
        request = "make a second volume for this claim, with its own name and claimRef; the named one is another's"
        return Fix((person(request, by="whoever made the volume and the claim"),))
    return replace_claim(case.claim, corrections(case.claim, pending.volume)) if pending.why is Why.MISFIT else None


def _reopen(volume: PersistentVolume, claim: PersistentVolumeClaim) -> Fix:
    """Take the deleted claim's mark off the volume: for a claim of the same name, or for any."""
    ref = volume.spec.claim_ref
    same = ref is not None and (ref.namespace, ref.name) == claim.key
    paths = ("/spec/claimRef/uid", "/spec/claimRef/resourceVersion") if same else ("/spec/claimRef",)
    message = (
        "lets the claim have the volume again; the data stay" if same else "frees the volume for any claim; data stay"
    )
    names = {"volume": volume.name, "namespace": claim.metadata.namespace, "claim": claim.metadata.name}
    patch = [{"op": "remove", "path": path} for path in paths]
    return Fix(
        (
            change("kubectl patch pv {volume} --type=json -p {patch}", {**names, "patch": patch}, changes=message),
            wait(BOUND, names),
            person("delete the claim, and the volume is Released again", kind=StepKind.UNDO),
        )
    )
