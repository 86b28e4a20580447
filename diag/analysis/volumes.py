"""Which volumes, mounts, nodes and file systems a run is about, worked out from the lists."""

from __future__ import annotations

import msgspec

from diag.analysis.labels import chosen_by_labels
from diag.grammar.ids import FILE_SYSTEM
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.model.unavailable import Unavailable
from diag.registry import fact
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import FSX_DRIVER, Node, PersistentVolume, PersistentVolumeClaim, Pod
from diag.resources.table import Table
from diag.resources.target import Target

SIBLING_DRIVERS = frozenset({"fsx.openzfs.csi.aws.com", "efs.csi.aws.com"})
"""Drivers whose volumes also carry `fs-…` handles or fsx host names, rightly; none of them reads `dnsname`."""
FILE_CACHE_DRIVER = "filecache.csi.aws.com"
"""The driver of Amazon File Cache, whose volumes have the same attributes as those of FSx for Lustre, rightly.

Source: aws-file-cache-csi-driver v0.1.0, examples/kubernetes/static_provisioning (2023-03-02).
"""


class Mount(msgspec.Struct, frozen=True):
    """One pod's use of one volume, on the node where it was scheduled."""

    volume: PersistentVolume
    claim: PersistentVolumeClaim
    pod: Pod
    node_name: str = ""

    @property
    def subject(self) -> Subject:
        """The pod's volume as the subject of findings."""
        return self.pod.subject

    @property
    def path(self) -> tuple[Subject, ...]:
        """The objects that this mount goes through."""
        node = (Subject(Kind.NODE, self.node_name),) if self.node_name else ()
        handle = (Subject(Kind.FILE_SYSTEM, self.volume.handle),) if self.volume.handle else ()
        return (self.volume.subject, self.claim.subject, self.pod.subject, *node, *handle)


def is_fsx_volume(volume: PersistentVolume) -> bool:
    """A volume of the driver, or one that plainly means an FSx for Lustre file system but names another driver."""
    csi = volume.spec.csi
    if csi is None or csi.driver == FILE_CACHE_DRIVER:
        return False
    if csi.driver == FSX_DRIVER:
        return True
    if "dnsname" in volume.attributes:
        return True
    return csi.driver not in SIBLING_DRIVERS and any(".fsx." in value for value in volume.attributes.values())


@fact(layer=Layer.REQUEST, always="diagnosis")
def volumes(
    persistent_volumes: tuple[PersistentVolume, ...],
    claims: tuple[PersistentVolumeClaim, ...] | Unavailable,
    pods: tuple[Pod, ...] | Unavailable,
    target: Target,
) -> tuple[PersistentVolume, ...] | Unavailable:
    """The FSx for Lustre volumes that the run is about: those that it names, else those that a pod can have.

    Names of one kind add up, kinds narrow each other: a claim and a pod select what that pod uses of that claim. A
    target that names claims, pods or labels needs those lists; when they cannot be read neither can the answer.
    """
    found = tuple(volume for volume in persistent_volumes if is_fsx_volume(volume))
    if target.volumes:
        found = tuple(volume for volume in found if volume.name in target.volumes)
    else:
        found = tuple(volume for volume in found if not is_given_up(volume, claims, pods))
    if target.file_systems:
        found = tuple(volume for volume in found if names_file_system(volume, target.file_systems))
    if target.namespaces:
        found = tuple(v for v in found if v.spec.claim_ref and v.spec.claim_ref.namespace in target.namespaces)
    if target.selector is not None:
        if isinstance(claims, Unavailable):
            return claims
        if isinstance(pods, Unavailable):
            return pods
        labelled = chosen_by_labels(target.selector, found, claims, pods).volumes
        found = tuple(volume for volume in found if volume.name in labelled)
    if target.claims or target.pods:
        if isinstance(claims, Unavailable):
            return claims
        wanted = {claim.key for claim in claims if not target.claims or matches(claim.key, target.claims)}
        if target.pods:
            if isinstance(pods, Unavailable):
                return pods
            chosen = (pod for pod in pods if matches((pod.metadata.namespace, pod.metadata.name), target.pods))
            wanted &= {(pod.metadata.namespace, claim) for pod in chosen for claim in pod.spec.claim_names}
        bound = {claim.spec.volume_name for claim in claims if claim.key in wanted}
        found = tuple(
            v
            for v in found
            if v.name in bound or (v.spec.claim_ref and (v.spec.claim_ref.namespace, v.spec.claim_ref.name) in wanted)
        )
    return found


def is_given_up(
    volume: PersistentVolume,
    claims: tuple[PersistentVolumeClaim, ...] | Unavailable,
    pods: tuple[Pod, ...] | Unavailable,
) -> bool:
    """Whether a volume is Released, and neither a claim nor a pod waits for it: Kubernetes gives it to nobody again.

    Source: Kubernetes documentation, persistent volumes, reclaiming with Retain.
    """
    ref = volume.spec.claim_ref
    if volume.status.phase != "Released" or ref is None or isinstance(claims, Unavailable):
        return False
    if any(claim.spec.volume_name == volume.name for claim in claims):
        return False
    own = next((claim for claim in claims if claim.key == (ref.namespace, ref.name)), None)
    if own is not None:
        return bool(own.spec.volume_name)
    return not isinstance(pods, Unavailable) and not any(
        pod.metadata.namespace == ref.namespace and ref.name in pod.spec.claim_names for pod in pods
    )


def matches(key: tuple[str, str], wanted: tuple[str, ...]) -> bool:
    """Whether (namespace, name) is meant by one of `name` or `namespace/name`."""
    return key[1] in wanted or "/".join(key) in wanted


def names_file_system(volume: PersistentVolume, ids: tuple[str, ...]) -> bool:
    """Whether the handle or the DNS name of a volume names one of the file systems."""
    return volume.handle in ids or any((volume.dns_name or "").startswith(f"{id}.") for id in ids)


@fact(layer=Layer.REQUEST, always="diagnosis")
def mounts(
    volumes: tuple[PersistentVolume, ...],
    claims: tuple[PersistentVolumeClaim, ...],
    pods: tuple[Pod, ...],
    target: Target,
) -> tuple[Mount, ...]:
    """Every use of the volumes by a pod."""
    by_name = {volume.name: volume for volume in volumes}
    bound = {claim.key: claim for claim in claims if claim.spec.volume_name in by_name}
    found = []
    for pod in pods:
        if target.pods and not matches((pod.metadata.namespace, pod.metadata.name), target.pods):
            continue
        for name in dict.fromkeys(pod.spec.claim_names):
            claim = bound.get((pod.metadata.namespace, name))
            if claim is not None and _has_labels(by_name[claim.spec.volume_name], claim, pod, target):
                found.append(Mount(by_name[claim.spec.volume_name], claim, pod, pod.spec.node_name))
    return tuple(found)


def _has_labels(volume: PersistentVolume, claim: PersistentVolumeClaim, pod: Pod, target: Target) -> bool:
    labels = (item.metadata.labels or {} for item in (volume, claim, pod))
    return target.selector is None or target.selector.takes(*labels)


@fact(layer=Layer.REQUEST)
def claim_pods(pods: tuple[Pod, ...]) -> dict[str, tuple[Pod, ...]]:
    """Every pod that names a claim, by the claim's `namespace/name`, whatever the run is about."""
    found: dict[str, list[Pod]] = {}
    for pod in pods:
        for claim in dict.fromkeys(pod.spec.claim_names):
            found.setdefault(f"{pod.metadata.namespace}/{claim}", []).append(pod)
    return {claim: tuple(users) for claim, users in found.items()}


@fact(layer=Layer.FILE_SYSTEM, always="report")
def mounted_file_systems(
    volumes: tuple[PersistentVolume, ...] | Unavailable, file_systems: Table[FileSystem], target: Target
) -> tuple[FileSystem, ...] | Unavailable:
    """The file systems that the volumes name, by handle or by DNS name, and those that the target names.

    Which ones is not known without the volumes, unless the target says it.
    """
    if isinstance(volumes, Unavailable) and not target.file_systems:
        return volumes
    ids = dict.fromkeys(target.file_systems)
    for volume in () if isinstance(volumes, Unavailable) else volumes:
        ids[volume.handle] = None
        if named := FILE_SYSTEM.leading(volume.dns_name or ""):
            ids[named] = None
    return tuple(file_systems.values[id] for id in ids if id in file_systems)


@fact(layer=Layer.CLIENT)
def mounting_nodes(nodes: tuple[Node, ...], mounts: tuple[Mount, ...]) -> tuple[Node, ...]:
    """Nodes that mount a volume of this run; where none does yet, or those are gone, one of each kind that could.

    Nodes of a kind share operating system, kernel, architecture, node group and zone.
    """
    names = {mount.node_name for mount in mounts if mount.node_name}
    if mounting := tuple(node for node in nodes if node.name in names):
        return mounting
    kinds: dict[tuple[str, ...], Node] = {}
    for node in nodes:
        info = node.status.node_info
        if info.operating_system != "windows" and not node.is_fargate:
            kind = (info.os_image, info.kernel_version, info.architecture, node.node_group, node.zone)
            kinds.setdefault(kind, node)
    return tuple(kinds.values())
