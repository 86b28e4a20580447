"""The claims that ask for a Lustre volume, what Kubernetes has for each, and why one is still pending."""

from __future__ import annotations

import difflib
import enum
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from diag.analysis.binding import (
    class_of,
    class_of_volume,
    differs_in_class_alone,
    is_held_by,
    misfits,
    misfits_of_reserved,
    selects,
    why_not_taken,
)
from diag.analysis.driver.workloads import missing_component
from diag.analysis.labels import chosen_by_labels
from diag.analysis.volumes import SIBLING_DRIVERS, is_fsx_volume, matches
from diag.knowledge.storage_class import parameter_of
from diag.model.finding import Draft, skip
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.model.unavailable import Unavailable, value_or
from diag.registry import fact
from diag.resources.age import age_s
from diag.resources.kubernetes import (
    FSX_DRIVER,
    Event,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    StorageClass,
    Workload,
)
from diag.resources.manifests import ManifestSet
from diag.resources.target import Target

SELECTED_NODE = "volume.kubernetes.io/selected-node"
"""Set by the scheduler when a claim of a WaitForFirstConsumer class may be provisioned. Source: Kubernetes docs,
well-known annotations."""


NOT_FOR_MOUNTS = "only creating and resizing file systems needs it, mounting one that exists does not"


NOT_IN_USE = "no StorageClass, claim or volume has the driver create file systems; a static volume needs no AWS rights"


CREATION_S = 20 * 60
"""A file system takes 5 to 15 minutes to be made; a claim that waits longer waits for nothing."""


def waits_too_long(claim: PersistentVolumeClaim, taken_at: str) -> bool:
    """Whether a claim waits for longer than FSx takes; no where its age is not known."""
    return (age_s(claim.metadata.creation_timestamp, taken_at) or 0.0) > CREATION_S


class Provisioning(msgspec.Struct, frozen=True):
    """What of dynamic provisioning the cluster has."""

    classes: tuple[StorageClass, ...] = ()
    """The driver's StorageClasses."""
    pending: tuple[PersistentVolumeClaim, ...] = ()
    """Claims that wait for the driver to create their file system."""
    dynamic: tuple[str, ...] = ()
    """Names of the volumes that the driver created."""
    deleted_with_claim: tuple[str, ...] = ()
    """Those of them whose file system the driver deletes when the claim is deleted (reclaim policy Delete)."""

    @property
    def in_use(self) -> bool:
        """Somebody can ask, asks or has asked the driver for a file system."""
        return bool(self.classes or self.pending or self.dynamic)


def idle(controller: Workload | Unavailable, provisioning: Provisioning, why: str) -> Draft:
    """Why nothing is said of the controller: there is none, nothing is asked of it, or `why`."""
    if isinstance(controller, Unavailable):
        return missing_component("controller Deployment", controller)
    return skip(controller.subject, why if provisioning.in_use else NOT_IN_USE)


@fact(layer=Layer.REQUEST)
def provisioning(
    storage_classes: tuple[StorageClass, ...],
    claims: tuple[PersistentVolumeClaim, ...],
    persistent_volumes: tuple[PersistentVolume, ...],
) -> Provisioning:
    """The driver's StorageClasses, the claims that wait for it, and the volumes that it created."""
    ours = {item.metadata.name: item for item in storage_classes if item.provisioner == FSX_DRIVER}
    pending = tuple(claim for claim in claims if _waits_for(claim, ours.get(class_of(claim))))
    made = [v for v in persistent_volumes if v.is_dynamic and v.spec.csi and v.spec.csi.driver == FSX_DRIVER]
    deleted = tuple(volume.name for volume in made if volume.spec.persistent_volume_reclaim_policy == "Delete")
    return Provisioning(tuple(ours.values()), pending, tuple(volume.name for volume in made), deleted)


def _waits_for(claim: PersistentVolumeClaim, storage_class: StorageClass | None) -> bool:
    if storage_class is None or claim.spec.volume_name or claim.status.phase not in ("", "Pending"):
        return False
    waits_for_pod = storage_class.volume_binding_mode == "WaitForFirstConsumer"
    return not waits_for_pod or bool(claim.metadata.annotation(SELECTED_NODE))


NO_PROVISIONER = "kubernetes.io/no-provisioner"
"""The provisioner of classes whose volumes people make. Source: Kubernetes documentation, storage classes, local."""

OTHER_DRIVERS = SIBLING_DRIVERS | {"ebs.csi.aws.com", "s3.csi.aws.com", "file.csi.aws.com"}
"""Drivers of AWS whose names are near. Source: Kubernetes CSI documentation, drivers."""

NEAR = 0.8

_MISSPELT = re.compile(r"fsx\b|\blustre\b.*\baws\b|\baws\b.*\blustre\b", re.IGNORECASE)


def misspells_driver(storage_class: StorageClass) -> bool:
    """Whether the class's provisioner is the FSx for Lustre driver's name written wrongly, so that nobody answers."""
    name = storage_class.provisioner
    if name == FSX_DRIVER or name in OTHER_DRIVERS:
        return False
    near = difflib.SequenceMatcher(None, name.lower(), FSX_DRIVER).ratio() > NEAR
    return near or bool(_MISSPELT.search(name))


def means_lustre(storage_class: StorageClass) -> bool:
    """Whether a class is for FSx for Lustre by its provisioner, or by at least two parameters of the driver."""
    given = storage_class.parameters or {}
    own = sum(1 for key in given if parameter_of(key) is not None)
    return storage_class.provisioner == FSX_DRIVER or misspells_driver(storage_class) or own > 1


LOOKS_LIKE_LUSTRE = re.compile(r"fsx|lustre", re.IGNORECASE)
"""In the name of a class that does not exist, or of a claim without one: nothing else says whose it is."""

_COMPLAINTS = frozenset({"ProvisioningFailed", "FailedBinding", "VolumeMismatch", "ClaimLost", "ClaimMisbound"})
"""Reasons of events that say why a claim has no volume. Source: Kubernetes v1.34 pkg/controller/volume/events."""


class ClaimCase(msgspec.Struct, frozen=True):
    """One claim for a Lustre volume, and what it could be bound to."""

    claim: PersistentVolumeClaim
    storage_class: StorageClass | None = None
    """The class that it names; None when it names none or one that does not exist."""
    volume: PersistentVolume | None = None
    """The volume that it names (`spec.volumeName`); None when it names none or one that does not exist."""
    kept: tuple[PersistentVolume, ...] = ()
    """Lustre volumes whose claimRef has its name."""
    offered: tuple[PersistentVolume, ...] = ()
    """Lustre volumes of its class that nobody holds."""
    meant: PersistentVolume | None = None
    """A free Lustre volume that would fit the claim but for its class, which is another driver's, nobody's or none."""
    complaint: str = ""
    """The newest warning event about it; empty when there is none or events could not be read."""
    rival: Subject | None = None
    """Another claim that names the same volume and comes before it."""

    @property
    def subject(self) -> Subject:
        """The claim as the subject of findings."""
        return self.claim.subject

    @property
    def is_bound(self) -> bool:
        """It has its volume."""
        return self.claim.status.phase == "Bound"

    @property
    def binds_late(self) -> bool:
        """Its class leaves the choice of a volume to the scheduler: a claim without a pod stays Pending for good.

        Not any more when the scheduler has chosen a node and no volume: then the controller binds it or has one made.
        """
        late = self.storage_class is not None and self.storage_class.volume_binding_mode == "WaitForFirstConsumer"
        return late and not self.claim.metadata.annotation(SELECTED_NODE)

    @property
    def is_dynamic(self) -> bool:
        """The driver is to make its volume: it names none, and its class is the driver's."""
        ours = self.storage_class is not None and self.storage_class.provisioner == FSX_DRIVER
        return ours and not self.claim.spec.volume_name


class AbsentClaim(msgspec.Struct, frozen=True):
    """A claim that pods wait for and that does not exist."""

    subject: Subject
    pods: tuple[Pod, ...]
    kept: tuple[PersistentVolume, ...] = ()
    """Lustre volumes whose claimRef has its name."""


@fact(layer=Layer.REQUEST)
def absent_claims(
    claims: tuple[PersistentVolumeClaim, ...],
    pods: tuple[Pod, ...],
    persistent_volumes: tuple[PersistentVolume, ...],
    target: Target,
    manifest_set: ManifestSet | Unavailable,
) -> tuple[AbsentClaim, ...]:
    """Every claim that a waiting pod of this run names, that is not there, and that was to be a Lustre volume."""
    there = {claim.key for claim in (*claims, *value_or(manifest_set, ManifestSet()).claims)}
    named, labelled = _named_by_target(target, pods), _labelled(target, persistent_volumes, claims, pods)
    wanted: dict[tuple[str, str], list[Pod]] = {}
    for pod in pods:
        if not pod.is_up and not pod.is_over and not pod.is_terminating:
            for name in pod.spec.claim_names:
                # A claim of an ephemeral volume nobody makes by hand: what refuses it says the pod's event.
                if (key := (pod.metadata.namespace, name)) not in there and name not in pod.spec.own_claims:
                    wanted.setdefault(key, []).append(pod)
    found = []
    for key, waiting in wanted.items():
        kept = tuple(v for v in persistent_volumes if is_fsx_volume(v) and _key(v) == key)
        scoped = _in_scope(key, target, labelled) and (kept or LOOKS_LIKE_LUSTRE.search(key[1]))
        if scoped or matches(key, named):
            found.append(AbsentClaim(Subject(Kind.CLAIM, key[1], key[0]), tuple(waiting), kept))
    return tuple(found)


@fact(layer=Layer.REQUEST)
def lustre_claims(
    claims: tuple[PersistentVolumeClaim, ...],
    persistent_volumes: tuple[PersistentVolume, ...],
    storage_classes: tuple[StorageClass, ...],
    volumes: tuple[PersistentVolume, ...],
    pods: tuple[Pod, ...] | Unavailable,
    claim_events: tuple[Event, ...] | Unavailable,
    target: Target,
) -> tuple[ClaimCase, ...]:
    """Every claim of this run that is bound to a Lustre volume, or waits for one."""
    classes = {item.metadata.name: item for item in storage_classes}
    by_name = {volume.name: volume for volume in persistent_volumes}
    in_run = frozenset(volume.name for volume in volumes)
    lustre = tuple(volume for volume in persistent_volumes if is_fsx_volume(volume))
    kept: dict[tuple[str, str], list[PersistentVolume]] = {}
    for volume in lustre:
        kept.setdefault(_key(volume), []).append(volume)
    free = tuple(volume for volume in lustre if volume.spec.claim_ref is None)
    by_class: dict[str, tuple[PersistentVolume, ...]] = {
        name: tuple(own) for name, own in itertools.groupby(sorted(free, key=class_of_volume), class_of_volume)
    }
    named, labelled = _named_by_target(target, pods), _labelled(target, lustre, claims, pods)
    taken = frozenset(class_of_volume(volume) for volume in persistent_volumes if not is_fsx_volume(volume))
    complaints = _newest_complaints(() if isinstance(claim_events, Unavailable) else claim_events)
    first: dict[str, PersistentVolumeClaim] = {}
    for claim in claims:
        first.setdefault(claim.spec.volume_name, claim)
    found = []
    for claim in claims:
        case = ClaimCase(
            claim,
            classes.get(class_of(claim)),
            by_name.get(claim.spec.volume_name),
            tuple(kept.get(claim.key, ())),
            complaint=complaints.get(claim.key, ""),
            rival=other.subject if (other := first[claim.spec.volume_name]) is not claim else None,
        )
        case = case if case.is_bound or case.volume is not None else _with_offers(case, free, by_class, taken)
        wanted = claim.spec.volume_name in in_run or any(volume.name in in_run for volume in case.kept)
        if (_is_for_lustre(case) and (wanted or _in_scope(claim.key, target, labelled))) or matches(claim.key, named):
            found.append(case)
    return tuple(found)


def _is_for_lustre(case: ClaimCase) -> bool:
    if case.claim.spec.volume_name and case.volume is not None:
        return is_fsx_volume(case.volume)
    if case.kept or (case.storage_class is not None and case.storage_class.provisioner == FSX_DRIVER):
        return True
    if case.meant is not None or (case.storage_class is not None and means_lustre(case.storage_class)):
        return True
    if case.offered and case.storage_class is not None and case.storage_class.provisioner == NO_PROVISIONER:
        return True
    if case.is_bound:
        return False
    message = f"{class_of(case.claim)} {case.claim.metadata.name} {case.claim.spec.volume_name}"
    return case.storage_class is None and bool(LOOKS_LIKE_LUSTRE.search(message))


def _in_scope(key: tuple[str, str], target: Target, labelled: frozenset[tuple[str, str]]) -> bool:
    """Whether the run is about every claim of the cluster, or of the namespace, or about those with labels."""
    scope = Target(namespaces=target.namespaces, selector=target.selector)
    if target != scope or (target.namespaces and key[0] not in target.namespaces):
        return False
    return target.selector is None or key in labelled


def _labelled(
    target: Target,
    volumes: Iterable[PersistentVolume],
    claims: Iterable[PersistentVolumeClaim],
    pods: Sequence[Pod] | Unavailable,
) -> frozenset[tuple[str, str]]:
    """The claims that the target's selector takes, with their volumes and pods."""
    if target.selector is None:
        return frozenset()
    return chosen_by_labels(target.selector, volumes, claims, () if isinstance(pods, Unavailable) else pods).claims


def _named_by_target(target: Target, pods: Sequence[Pod] | Unavailable) -> tuple[str, ...]:
    """`namespace/name` or `name` of the claims that the target names, by itself or through a pod."""
    chosen = () if isinstance(pods, Unavailable) else pods
    of_pods = (
        f"{pod.metadata.namespace}/{name}"
        for pod in chosen
        if target.pods and matches((pod.metadata.namespace, pod.metadata.name), target.pods)
        for name in pod.spec.claim_names
    )
    return (*target.claims, *of_pods)


def _newest_complaints(events: Iterable[Event]) -> dict[tuple[str, str], str]:
    newest: dict[tuple[str, str], tuple[str, str]] = {}
    for event in events:
        about = event.involved_object
        if about.kind == "PersistentVolumeClaim" and event.reason in _COMPLAINTS:
            key = (about.namespace, about.name)
            newest[key] = max(newest.get(key, ("", "")), (event.last_seen, event.message))
    return {key: message for key, (_, message) in newest.items()}


def _with_offers(
    case: ClaimCase,
    unclaimed: tuple[PersistentVolume, ...],
    by_class: Mapping[str, tuple[PersistentVolume, ...]],
    taken: frozenset[str],
) -> ClaimCase:
    """Claims of one class share the tuple of its free volumes: thousands of both cost no memory.

    `taken` are classes of volumes that are not of Lustre: a claim of one that is made by hand is meant for those.
    """
    own = tuple(volume for volume in case.kept if is_held_by(volume, case.claim))
    wanted = class_of(case.claim)
    offered = by_class.get(wanted, ())
    held = tuple(volume for volume in own if class_of_volume(volume) == wanted)
    offered = (*held, *offered) if held else offered
    free = itertools.chain(own, unclaimed)
    foreign = not wanted or (
        case.storage_class is not None and case.storage_class.provisioner not in (FSX_DRIVER, NO_PROVISIONER)
    )
    by_hand = case.storage_class is not None and case.storage_class.provisioner == NO_PROVISIONER
    # A scheduler that finds no volume says so to the pod, and nobody to the claim.
    waits = by_hand and not offered and wanted not in taken
    shared = "ReadWriteMany" in (case.claim.spec.access_modes or ())
    fitting = (v for v in free if selects(case.claim, v) and differs_in_class_alone(case.claim, v))
    meant = next(fitting, None) if shared and (waits or (foreign and case.complaint)) else None
    return msgspec.structs.replace(case, offered=offered, meant=meant)


def _key(volume: PersistentVolume) -> tuple[str, str]:
    ref = volume.spec.claim_ref
    return (ref.namespace, ref.name) if ref else ("", "")


def why_parted(case: ClaimCase) -> str:
    """Why the kubelet mounts nothing for a claim that is Bound; empty when it and its volume name each other.

    The kubelet fetches the volume that the claim names and compares its claimRef by uid. Source: Kubernetes v1.34
    pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go.
    """
    claim, volume = case.claim, case.volume
    if volume is None:
        return f"it is Bound to volume {claim.spec.volume_name}, and none is called so"
    if not is_held_by(volume, claim):
        ref = volume.spec.claim_ref
        holder = f"claim {ref.namespace}/{ref.name} (uid {ref.uid})" if ref else "no claim"
        return f"it is Bound to volume {volume.name}, which says that it belongs to {holder}"
    return ""


COPIED_BY_DRIVERS = frozenset({"PersistentVolumeClaim", "VolumeSnapshot"})
"""Sources that a CSI driver copies itself, which FSx for Lustre's cannot: it neither clones nor makes snapshots.

Source: external-provisioner pkg/controller (data sources); aws-fsx-csi-driver v1.9.0 pkg/driver/controller.go.
"""


class Why(enum.Enum):
    """The reasons, the first that holds counts."""

    LOST = "lost"
    RELEASED = "released"
    TAKEN = "taken"
    MISFIT = "misfit"
    VOLUME_ABSENT = "volume-absent"
    CLASS_ABSENT = "class-absent"
    PROVISIONER_MISSPELT = "provisioner-misspelt"
    NOTHING_OFFERED = "nothing-offered"
    WAITS_FOR_POD = "waits-for-pod"
    WAITS_FOR_DRIVER = "waits-for-driver"
    WAITS_FOR_POPULATOR = "waits-for-populator"
    BINDS_SOON = "binds-soon"


class Pending(msgspec.Struct, frozen=True):
    """The reason, in words, with the volume that it is about."""

    why: Why
    message: str
    volume: PersistentVolume | None = None


def why_pending(case: ClaimCase) -> Pending:
    """The reason why a claim that is not bound has no volume.

    With a class that binds late the controller leaves free volumes to the scheduler, which binds one with a pod; those
    reserved for the claim it binds at once. Source: Kubernetes v1.31 to v1.34
    pkg/controller/volume/persistentvolume/pv_controller.go syncUnboundClaim;
    component-helpers/storage/volume/pv_helpers.go FindMatchingVolume.
    """
    claim, name = case.claim, case.claim.spec.volume_name
    if claim.status.phase == "Lost":
        return Pending(Why.LOST, f"its volume {name or '(unnamed)'} was deleted under it")
    if name and case.volume is None:
        return Pending(Why.VOLUME_ABSENT, f"it names the volume {name}, and none is called so")
    if case.volume is not None:
        return _of_named(case, case.volume)
    reserved = [volume for volume in case.kept if is_held_by(volume, claim)]
    for volume in reserved:
        if not misfits_of_reserved(claim, volume):
            return Pending(Why.BINDS_SOON, f"volume {volume.name} is reserved for it and fits", volume)
    if reserved:
        reasons = misfits_of_reserved(claim, reserved[0])
        message = f"it does not fit volume {reserved[0].name}, which is reserved for it: {'; '.join(reasons)}"
        return Pending(Why.MISFIT, message, reserved[0])
    fitting = next((volume for volume in case.offered if not why_not_taken(claim, volume)), None)
    if fitting and case.binds_late:
        message = f"volume {fitting.name} fits and is bound when a pod that uses the claim is scheduled"
        return Pending(Why.WAITS_FOR_POD, message, fitting)
    if fitting:
        return Pending(Why.BINDS_SOON, f"volume {fitting.name} fits and is free", fitting)
    former = next((volume for volume in case.kept if not case.is_dynamic), None)
    return _still_held(former) if former else _unprovisioned(case)


def _still_held(volume: PersistentVolume) -> Pending:
    message = f"volume {volume.name} ({volume.status.phase}) still belongs to a former claim of that name"
    return Pending(Why.RELEASED, message, volume)


def _of_named(case: ClaimCase, volume: PersistentVolume) -> Pending:
    """Of a claim that names its volume: one that is reserved for it is bound without any question."""
    ref = volume.spec.claim_ref
    if ref is None:
        reasons = misfits(case.claim, volume)
        if reasons:
            return Pending(Why.MISFIT, f"it does not fit volume {volume.name}: {'; '.join(reasons)}", volume)
        if case.rival:
            message = f"{case.rival} names volume {volume.name} as well, and a volume is bound to one claim"
            return Pending(Why.TAKEN, message, volume)
        return Pending(Why.BINDS_SOON, f"volume {volume.name} fits and is free", volume)
    if is_held_by(volume, case.claim):
        return Pending(Why.BINDS_SOON, f"volume {volume.name} is reserved for it", volume)
    if (ref.namespace, ref.name) == case.claim.key:
        return _still_held(volume)
    if volume.status.phase == "Released":
        message = f"volume {volume.name} is Released and kept for the deleted claim {ref.namespace}/{ref.name}"
        return Pending(Why.RELEASED, message, volume)
    if not ref.namespace:
        message = f"the claimRef of volume {volume.name} names no namespace, so that no claim is the one it is kept for"
        return Pending(Why.TAKEN, message, volume)
    return Pending(Why.TAKEN, f"volume {volume.name} belongs to the claim {ref.namespace}/{ref.name}", volume)


def _unprovisioned(case: ClaimCase) -> Pending:
    name = class_of(case.claim)
    if case.storage_class is not None and case.is_dynamic:
        if case.claim.spec.selector is not None:
            message = (
                f"its class {name} makes a volume for it, which it refuses by its selector; no volume is free for it"
            )
            return Pending(Why.MISFIT, message)
        if (source := case.claim.spec.source) is not None and source.kind in COPIED_BY_DRIVERS:
            message = f"its volume is to be a copy of {source.kind} {source.name}, and the driver copies no volume"
            return Pending(Why.MISFIT, message)
        if source is not None:
            message = f"its volume is to be filled from {source.kind} {source.name}, which is for a populator to do"
            return Pending(Why.WAITS_FOR_POPULATOR, message)
        if case.binds_late:
            return Pending(Why.WAITS_FOR_POD, f"its class {name} makes the volume when a pod that uses it is scheduled")
        kept = "".join(f"; volume {v.name}, kept for a former claim of that name, is not taken" for v in case.kept)
        return Pending(Why.WAITS_FOR_DRIVER, f"it waits for the driver to make a volume of class {name}{kept}")
    if case.storage_class is not None and means_lustre(case.storage_class) and not case.offered:
        message = f"its class {name} names the provisioner {case.storage_class.provisioner!r}"
        why = (
            "nobody is called so"
            if misspells_driver(case.storage_class)
            else "its parameters are those of FSx for Lustre"
        )
        return Pending(Why.PROVISIONER_MISSPELT, f"{message}, and {why}; the driver is {FSX_DRIVER}")
    if case.meant is not None:
        theirs = f"it asks the class {name} of {case.storage_class.provisioner}" if case.storage_class else ""
        message = f"{theirs or 'it names no class'}; the free Lustre volume {case.meant.name} fits but for the class"
        return Pending(Why.MISFIT, message, case.meant)
    for volume in case.offered:
        reasons = why_not_taken(case.claim, volume)
        return Pending(Why.MISFIT, f"it does not fit the free volume {volume.name}: {'; '.join(reasons)}", volume)
    if name and case.storage_class is None:
        return Pending(Why.CLASS_ABSENT, f"its StorageClass {name} does not exist, and no volume is of it either")
    if not name:
        return Pending(Why.NOTHING_OFFERED, "it names no StorageClass, and no volume without one is free")
    return Pending(Why.NOTHING_OFFERED, f"no volume of its StorageClass {name} is free")
