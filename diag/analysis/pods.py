"""How a pod refers to its volumes, and how far it has come with them."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from diag.analysis.volumes import Mount
from diag.resources.kubernetes import ContainerStatus, PersistentVolume, Pod
from diag.resources.kubernetes.pod import VolumeMount


def names_in_pod(mount: Mount) -> frozenset[str]:
    """What the pod itself calls the volume: the entries of spec.volumes that name the claim."""
    return frozenset(
        volume.name
        for volume in mount.pod.spec.volumes or ()
        if volume.persistent_volume_claim and volume.persistent_volume_claim.claim_name == mount.claim.metadata.name
    )


def mounts_in_pod(mount: Mount) -> tuple[VolumeMount, ...]:
    """The volumeMounts of the pod's containers that are of the volume."""
    names = names_in_pod(mount)
    containers = (*(mount.pod.spec.init_containers or ()), *mount.pod.spec.containers)
    return tuple(at for container in containers for at in container.volume_mounts or () if at.name in names)


def paths_in_pod(mount: Mount) -> tuple[str, ...]:
    """Where the pod's containers have the volume."""
    return tuple(dict.fromkeys(at.mount_path.rstrip("/") or "/" for at in mounts_in_pod(mount)))


def is_read_only(mount: Mount) -> str:
    """Who asks for the volume to be mounted read-only, in words; empty when nobody does.

    Source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go; Kubernetes documentation, PersistentVolumeClaimVolumeSource.
    """
    names = names_in_pod(mount)
    for volume in mount.pod.spec.volumes or ():
        if volume.name in names and volume.persistent_volume_claim and volume.persistent_volume_claim.read_only:
            return f"the pod asks for its claim {mount.claim.metadata.name} with readOnly: true"
    words = [word.strip() for entry in mount.volume.spec.mount_options or () for word in entry.split(",")]
    if "ro" in words:
        return "the volume's mountOptions have ro"
    containers = mount.pod.spec.containers
    mine = [at for container in containers for at in container.volume_mounts or () if at.name in names]
    return "the container's volumeMount has readOnly: true" if mine and all(at.read_only for at in mine) else ""


_BEFORE_THE_MOUNT = frozenset({"", "ContainerCreating", "PodInitializing"})
"""Waiting reasons that a container has while volumes may still be missing. An image is pulled after the mount.

Source: Kubernetes v1.34 pkg/kubelet/kubelet.go SyncPod (WaitForAttachAndMount, then the runtime), kubelet_pods.go.
"""


class Progress(enum.Enum):
    """How far a pod has come."""

    UNSCHEDULED = "unscheduled"
    WAITING = "waiting"
    """On a node, and nothing shows yet that its volumes are mounted."""
    MOUNTED = "mounted"
    """Its volumes are mounted; something later keeps it from running."""
    UP = "up"
    """It runs or has run."""
    GIVEN_UP = "given-up"
    """It failed before any of its containers started, so that nothing shows a mount."""
    TERMINATING = "terminating"


def progress_of(pod: Pod) -> Progress:
    """How far a pod has come, by its status alone."""
    if pod.is_terminating:
        return Progress.TERMINATING
    if pod.is_up:
        return Progress.UP
    if pod.is_over:
        return Progress.GIVEN_UP
    if not pod.spec.node_name:
        return Progress.UNSCHEDULED
    status = pod.status
    sandbox = any(c.type == "PodReadyToStartContainers" and c.status == "True" for c in status.conditions or ())
    statuses = (*(status.init_container_statuses or ()), *(status.container_statuses or ()))
    return Progress.MOUNTED if sandbox or any(_was_started(item) for item in statuses) else Progress.WAITING


def is_mounted_now(mounts: Iterable[Mount]) -> bool:
    """Whether the mounts of one volume, or file system, show that mounting it works as things are.

    What was mounted yesterday shows nothing of today where a younger pod does not come up.
    """
    own = tuple(mounts)
    stuck = (Progress.WAITING, Progress.GIVEN_UP)
    newest = max((m.pod.metadata.creation_timestamp for m in own if progress_of(m.pod) in stuck), default="")
    return any(m.pod.is_up and m.pod.metadata.creation_timestamp >= newest for m in own)


def has_ended(pod: Pod) -> bool:
    """Whether every container of a pod has terminated or never ran, so that only its volumes are left."""
    statuses = (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ()))
    return bool(statuses) and all(item.state.terminated or item.state.waiting for item in statuses)


def _was_started(status: ContainerStatus) -> bool:
    waiting = status.state.waiting
    return waiting is None or waiting.reason not in _BEFORE_THE_MOUNT or status.restart_count > 0


def changes_ownership(pod: Pod, volume: PersistentVolume, policy: str) -> bool:
    """Whether every file of the volume is walked through when the pod starts.

    `policy` is the CSIDriver's fsGroupPolicy; an absent one is ReadWriteOnceWithFSType.
    Source: Kubernetes v1.34 pkg/volume/csi/csi_mounter.go supportsFSGroup, pkg/volume/volume_linux.go.
    """
    context = pod.spec.security_context
    if context is None or context.fs_group is None or context.fs_group_change_policy == "OnRootMismatch":
        return False
    if policy == "File":
        return True
    has_type = bool(volume.spec.csi and volume.spec.csi.fs_type)
    return policy != "None" and has_type and "ReadWriteOnce" in (volume.spec.access_modes or ())
