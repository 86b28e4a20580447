"""The claim is bound to its volume, or will be."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from diag import Draft, Fix, Layer, Unavailable, check, fail, ok, skip, warn
from diag.advice.replace_claim import BOUND_AT_ONCE, replace_claim
from diag.advice.replace_class import Waiting, replace_class
from diag.advice.replace_volume import replace_volume
from diag.advice.steps import advise, caution, change, person, wait
from diag.analysis.binding import class_of, corrections
from diag.analysis.claims import CREATION_S, ClaimCase, Pending, Provisioning, Why, why_parted, why_pending
from diag.analysis.validation import is_as_meant
from diag.grammar.command import Verbatim
from diag.model.fix import StepKind
from diag.model.unavailable import value_or
from diag.resources.age import age_s
from diag.resources.kubernetes import FSX_DRIVER, PersistentVolume, PersistentVolumeClaim, Pod
from diag.resources.manifests import ManifestSet

REMAKE = (
    "Make the volume {volume} from its manifest, for the file system that was meant: the claim binds to it"
    " by itself; a volume's object holds no files, and the file system has them still."
)
CAUSES = {
    Why.RELEASED: "pv-released",
    Why.TAKEN: "claim-volume-mismatch",
    Why.MISFIT: "claim-volume-mismatch",
    Why.PROVISIONER_MISSPELT: "storageclass-wrong-provisioner",
    Why.WAITS_FOR_POPULATOR: "claim-volume-mismatch",
}


POPULATE = "Install the populator of that kind, or make the claim without dataSourceRef and copy the files yourself."
SELECT = (
    "Put a nodeSelector for kubernetes.io/hostname in place of the pod's spec.nodeName: a claim whose class has"
    " volumeBindingMode WaitForFirstConsumer is bound by the scheduler, which leaves a pod alone that has its node."
)


@check("claim-binding", layer=Layer.REQUEST, each="lustre_claims",
       speaks_for=("claim-pending", *dict.fromkeys(CAUSES.values())))  # fmt: skip
def claim_has_its_volume(
    case: ClaimCase,
    claim_pods: dict[str, tuple[Pod, ...]] | Unavailable,
    taken_at: str,
    provisioning: Provisioning | Unavailable,
    manifest_set: ManifestSet | Unavailable,
) -> Iterator[Draft]:
    """The claim is bound to its volume, or will be.

    A pod is not scheduled before its claim is bound. Kubernetes binds a claim to the volume that it names, or to a
    free one of its class, only when class, size, access modes, volumeMode and VolumeAttributesClass agree. A volume
    whose claimRef is the claim needs no class, and no question at all where the claim names it too. A volume of a
    deleted claim (Retain) is never given to a new one of the same name. A class that binds late leaves free volumes to
    the scheduler: without a pod the claim stays Pending, and that is right.

    pass: the claim is Bound, and its volume says so too
    warn: it is being deleted, and its pods run
    fail: it names or is kept a volume that cannot be bound to it, asks for what does not exist, waits without reason,
        is being deleted while a pod waits, is Bound to a volume that is gone or belongs to another claim, or binds
        late for a pod that names its node itself
    unknown: claims, volumes or StorageClasses could not be read
    skip: it waits for the first pod, or the driver is making its file system, or it is not for Lustre at all; or a
        manifest's claim, volume or class has another fault first
    source: Kubernetes v1.31 to v1.34 pkg/controller/volume/persistentvolume/pv_controller.go;
        component-helpers/storage/volume/pv_helpers.go
    """
    claim = case.claim
    pods = _pods_of(case, claim_pods)
    waiting = [pod for pod in pods if not pod.is_up and not pod.is_terminating]
    if claim.metadata.deletion_timestamp:
        text = f"it is being deleted since {claim.metadata.deletion_timestamp}: no new pod gets a node for it"
        say = fail if waiting else warn
        fix = replace_volume(case.volume, claim_pods) if case.volume and case.is_bound else None
        concerns = [*waiting, *((case.volume,) if case.volume else ())]
        yield say(claim, text, cause="claim-pending", fix=fix, concerns=concerns)
        return
    if case.is_bound and (parted := why_parted(case)):
        fix = advise(REMAKE, {"volume": claim.spec.volume_name}, by="whoever made the volume")
        fault = "claim-volume-mismatch" if case.volume else "claim-pending"
        yield fail(claim, parted, cause=fault, fix=fix, concerns=[*pods, *((case.volume,) if case.volume else ())])
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
    elif pending.why is Why.WAITS_FOR_POD and (placed := [pod for pod in waiting if pod.spec.node_name]):
        text = f"pod {placed[0].key} names its node itself, so that no scheduler chooses one for the claim"
        fix = advise(SELECT, by="whoever wrote the pod")
        yield fail(claim, f"Pending: {text}", *message, fix=fix, concerns=[*concerns, *placed])
    elif pending.why is Why.WAITS_FOR_POD or (
        pending.why in (Why.WAITS_FOR_DRIVER, Why.WAITS_FOR_POPULATOR, Why.BINDS_SOON) and young and not case.complaint
    ):
        yield skip(claim, f"Pending: {pending.message}", concerns=concerns)
    elif pending.why in (Why.WAITS_FOR_DRIVER, Why.BINDS_SOON):
        since = f", for {waited / 60:.0f} minutes now" if waited is not None else ""
        yield fail(claim, f"Pending: {pending.message}{since}", *message, cause="", concerns=concerns)
    elif _has_another_fault(case, pending, value_or(manifest_set, ManifestSet())):
        yield skip(
            claim, f"how it is bound is judged when what is wrong with its manifests is corrected: {pending.message}"
        )
    else:
        fix = _fix(case, pending, pods, value_or(provisioning, Provisioning()))
        yield fail(
            claim, f"Pending: {pending.message}", *message, cause=CAUSES.get(pending.why), fix=fix, concerns=concerns
        )


def _has_another_fault(case: ClaimCase, pending: Pending, manifests: ManifestSet) -> bool:
    """Of what is only written yet: a refused or unfilled field is reported by its own check, and so is the class."""
    if case.claim.subject not in {claim.subject for claim in manifests.claims}:
        return False
    if pending.why is Why.PROVISIONER_MISSPELT:
        return case.storage_class is not None and case.storage_class.subject in {c.subject for c in manifests.classes}
    return not is_as_meant(case.claim, pending.volume)


def _pods_of(case: ClaimCase, claim_pods: dict[str, tuple[Pod, ...]] | Unavailable) -> tuple[Pod, ...]:
    return () if isinstance(claim_pods, Unavailable) else claim_pods.get("/".join(case.claim.key), ())


def _fix(case: ClaimCase, pending: Pending, pods: Sequence[Pod], provisioning: Provisioning) -> Fix | None:
    """The commands, or who has to write what; None where the runbook's general words are as good."""
    match pending.why, pending.volume:
        case Why.PROVISIONER_MISSPELT, _ if case.storage_class:
            waiting = Waiting((case.claim,), pods)
            return replace_class(case.storage_class, waiting, fields={"provisioner": Verbatim(FSX_DRIVER)})
        case Why.RELEASED, PersistentVolume() as volume:
            return _reopen(volume, case.claim)
        case Why.MISFIT, PersistentVolume() as volume:
            return replace_claim(case.claim, corrections(case.claim, volume))
        case Why.MISFIT, None:
            return replace_claim(case.claim, {"selector": None, "dataSource": None, "dataSourceRef": None})
        case Why.WAITS_FOR_POPULATOR, _:
            return advise(POPULATE, by="whoever made the claim")
        case Why.TAKEN, _:
            request = "Make a second volume for this claim, with its own name and claimRef; the named one is another's."
            return advise(request, by="whoever made the volume and the claim")
        case Why.CLASS_ABSENT, _:
            return _take_the_class(case.claim, [item.metadata.name for item in provisioning.classes])
        case ((Why.VOLUME_ABSENT | Why.LOST), _):
            return advise(REMAKE, {"volume": case.claim.spec.volume_name}, by="whoever made the volume")
    return None


def _take_the_class(claim: PersistentVolumeClaim, names: Sequence[str]) -> Fix:
    """The claim with the class whose name is nearest, or the driver's only one."""
    wanted = class_of(claim)
    near = difflib.get_close_matches(wanted, names, 1) or (names if len(names) == 1 else ())
    if not near:
        request = "Create the StorageClass {storage_class}, or name in the claim one that exists."
        return advise(request, {"storage_class": wanted}, by="whoever made the claim")
    price = "The driver makes a new, empty file system for the claim, and it costs money as long as it is there."
    fix = replace_claim(claim, {"storageClassName": near[0]})
    return Fix((caution(price), *fix.steps))


def _reopen(volume: PersistentVolume, claim: PersistentVolumeClaim) -> Fix:
    """Take the deleted claim's mark off the volume: for a claim of the same name, or for any."""
    ref = volume.spec.claim_ref
    same = ref is not None and (ref.namespace, ref.name) == claim.key
    paths = ("/spec/claimRef/uid", "/spec/claimRef/resourceVersion") if same else ("/spec/claimRef",)
    message = (
        "Let the claim have the volume again; the data stay." if same else "Free the volume for any claim; data stay."
    )
    names = {"volume": volume.name, "namespace": claim.metadata.namespace, "claim": claim.metadata.name}
    patch = [{"op": "remove", "path": path} for path in paths]
    return Fix(
        (
            change("kubectl patch pv {volume} --type=json -p {patch}", {**names, "patch": patch}, changes=message),
            wait(BOUND_AT_ONCE, names),
            person("Delete the claim, and the volume is Released again.", kind=StepKind.UNDO),
        )
    )
