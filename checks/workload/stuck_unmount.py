"""Every pod that was deleted lets go of the volume."""

from __future__ import annotations

from collections.abc import Iterator

from checks.mount.pod_mounts import path
from diag import Draft, Layer, check, fail, ok, skip, warn
from diag.advice.steps import advise
from diag.analysis.pods import Progress, has_ended
from diag.analysis.volume_usage import Use, VolumeUse, listed
from diag.resources.age import age_s
from diag.resources.kubernetes import Pod
from diag.sanitize import one_line

LEAVING_S = 5 * 60
"""After the grace period; an unmount takes seconds."""

HELD = (
    "End the process on {node} that has a file open below {volume}/mount; links in /proc/*/fd and /proc/*/cwd show it."
)
"""A refused unmount is tried again until nothing is open there; a restart of the driver closes no file of another."""


@check("stuck-unmount", layer=Layer.WORKLOAD, each="volume_uses", speaks_for="umount-stuck-terminating")
def pods_let_go_of_the_volume(use: VolumeUse, taken_at: str) -> Iterator[Draft]:
    """Every pod that was deleted lets go of the volume.

    A pod's object goes only when kubelet has unmounted its volumes. An unmount that hangs in the kernel, is refused
    because something is busy, or has nobody to do it leaves the pod Terminating for ever.

    pass: no pod with the volume is Terminating for long
    warn: a pod's containers do not end; a process that hangs in Lustre is one reason
    fail: a pod's containers have ended, or kubelet says that the unmount fails, minutes after its grace period
    unknown: a pod is Terminating for long and nodes could not be read
    skip: the pod's node is gone or not ready, or a finalizer keeps the pod
    source: Kubernetes v1.34 pkg/kubelet/kubelet_pods.go PodCouldHaveRunningContainers; aws-fsx-csi-driver issue 495
    """
    late = [one for one in use.at(Progress.TERMINATING) if (_overdue(one.mount.pod, taken_at) or one.events)]
    kept = [one for one in late if one.mount.pod.metadata.finalizers or not _is_ready(one)]
    stuck = [one for one in late if one not in kept and (one.events or has_ended(one.mount.pod))]
    hanging = [one for one in late if one not in kept and one not in stuck]
    if stuck:
        message = f"{len(stuck)} pod(s) cannot let go of it since {stuck[0].mount.pod.metadata.deletion_timestamp}"
        texts = [one_line(event.message) for event in stuck[0].events[:1]]
        cause = "" if any("list of registered CSI drivers" in text for text in texts) else None
        fix = None
        if any("is busy" in event.message for one in stuck for event in one.events):
            on = {"node": stuck[0].mount.pod.spec.node_name, "volume": use.volume.metadata.name}
            fix = advise(HELD, on, by="whoever runs that process")
        yield fail(use, message, listed(stuck), *texts, cause=cause, fix=fix, concerns=path(stuck))
    if hanging:
        message = f"the containers of {listed(hanging)} do not end; look for processes in state D on the node"
        yield warn(use, message, concerns=path(hanging))
    if kept:
        why = "a finalizer keeps it" if kept[0].mount.pod.metadata.finalizers else "its node is gone or not ready"
        yield skip(use, f"{listed(kept)} is Terminating, but {why}", concerns=path(kept))
    if not late:
        yield ok(use, "no pod with it is stuck Terminating")


def _overdue(pod: Pod, taken_at: str) -> bool:
    """deletionTimestamp already has the grace period in it. Source: Kubernetes API reference, ObjectMeta."""
    return (age_s(pod.metadata.deletion_timestamp or "", taken_at) or 0.0) > LEAVING_S


def _is_ready(use: Use) -> bool:
    return use.known_node is not None and use.known_node.is_ready
