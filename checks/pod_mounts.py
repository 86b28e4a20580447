"""Pods and their mounts: who has the volume, who waits for it, who cannot let go of it."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Subject, Unavailable, check, fail, ok, skip, unknown, warn
from diag.analysis.pods import Progress, has_ended
from diag.analysis.volume_usage import Use, VolumeUse, listed
from diag.resources.age import age_s
from diag.resources.kubernetes import Event, Pod
from diag.sanitize import one_line

STARTING_S = 3 * 60
"""A mount takes seconds, and kubelet complains every two minutes; before that silence means nothing."""

LEAVING_S = 5 * 60
"""After the grace period; an unmount takes seconds."""


@check("pod-mounts", layer=Layer.MOUNT, each="volume_uses")
def pods_have_the_volume(
    use: VolumeUse, warning_events: tuple[Event, ...] | Unavailable, taken_at: str
) -> Iterator[Draft]:
    """Every pod that uses the volume has it mounted.

    The kubelet mounts all volumes of a pod before it pulls an image or starts a container, so a pod that got that far
    has its volume. Why one waits is not this check's question: the diagnosis answers it from the events' texts and
    from the other checks, and where it cannot, this failure keeps the run from looking healthy.

    pass: the pods run, or stand at something later than the mount
    fail: a pod waits, and kubelet says that mounting the volume fails
    unknown: a pod waits for minutes and no event says for what, or events could not be read
    skip: no pod was given a node yet, the pod has only just got one, or it waits for another of its volumes
    source: Kubernetes v1.34 pkg/kubelet/kubelet.go SyncPod
    """
    mounted, waiting = use.at(Progress.UP, Progress.MOUNTED), use.at(Progress.WAITING)
    failing = [one for one in waiting if one.events]
    silent = [one for one in waiting if not one.events and not one.elsewhere and _waits(one, taken_at) > STARTING_S]
    rest = [one for one in (*waiting, *use.at(Progress.UNSCHEDULED)) if one not in failing and one not in silent]
    if mounted:
        yield ok(use, f"mounted for {listed(mounted)}", rules_out=(), concerns=[one.mount.pod for one in mounted])
    if failing:
        event = failing[0].events[0]
        told = (
            f"{len(failing)} pod(s) wait for it since {min(e.first_seen for e in failing[0].events)}; see the diagnosis"
        )
        yield fail(use, told, f"{listed(failing)}: {one_line(event.message)}", cause="", concerns=_path(failing))
    if silent:
        why = warning_events if isinstance(warning_events, Unavailable) else None
        told = f"{listed(silent)} waits, and no event says for what (they are kept for an hour)"
        yield unknown(use, f"{told}: {why}" if why else told, because=(why,) if why else (), concerns=_path(silent))
    for one in rest[:1]:
        yield skip(use, f"{listed(rest)}: {_why_not_yet(one)}", concerns=_path(rest))


def _why_not_yet(use: Use) -> str:
    if use.progress is Progress.UNSCHEDULED:
        return "not scheduled yet, so nothing was mounted"
    return (
        f"it waits for another volume: {one_line(use.elsewhere)}" if use.elsewhere else "it has only just got its node"
    )


def _waits(use: Use, taken_at: str) -> float:
    pod = use.mount.pod
    return age_s(pod.status.start_time or pod.metadata.creation_timestamp, taken_at) or 0.0


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
        told = f"{len(stuck)} pod(s) cannot let go of it since {stuck[0].mount.pod.metadata.deletion_timestamp}"
        said = [one_line(event.message) for event in stuck[0].events[:1]]
        cause = "" if any("list of registered CSI drivers" in text for text in said) else None
        yield fail(use, told, listed(stuck), *said, cause=cause, concerns=_path(stuck))
    if hanging:
        told = f"the containers of {listed(hanging)} do not end; look for processes in state D on the node"
        yield warn(use, told, concerns=_path(hanging))
    if kept:
        why = "a finalizer keeps it" if kept[0].mount.pod.metadata.finalizers else "its node is gone or not ready"
        yield skip(use, f"{listed(kept)} is Terminating, but {why}", concerns=_path(kept))
    if not late:
        yield ok(use, "no pod with it is stuck Terminating")


def _overdue(pod: Pod, taken_at: str) -> bool:
    """deletionTimestamp already has the grace period in it. Source: Kubernetes API reference, ObjectMeta."""
    return (age_s(pod.metadata.deletion_timestamp or "", taken_at) or 0.0) > LEAVING_S


def _is_ready(use: Use) -> bool:
    node = use.known_node
    return node is not None and any(c.type == "Ready" and c.status == "True" for c in node.status.conditions or ())


def _path(uses: list[Use]) -> list[Subject]:
    return [subject for use in uses for subject in use.path]
