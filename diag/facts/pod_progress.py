"""How far a pod has come: kubelet mounts every volume of a pod before it starts anything else of it."""

from __future__ import annotations

import enum

from diag.facts.kubernetes import ContainerStatus, Pod

_BEFORE_THE_MOUNT = frozenset({"", "ContainerCreating", "PodInitializing"})
"""Waiting reasons that a container has while volumes may still be missing. An image is pulled after the mount.

Source: Kubernetes v1.34 pkg/kubelet/kubelet.go SyncPod (WaitForAttachAndMount, then the runtime), kubelet_pods.go.
"""


class Progress(enum.Enum):
    """Where a pod stands."""

    UNSCHEDULED = "unscheduled"
    WAITING = "waiting"
    """On a node, and nothing shows yet that its volumes are mounted."""
    MOUNTED = "mounted"
    """Its volumes are mounted; something later keeps it from running."""
    UP = "up"
    """It runs or has run."""
    TERMINATING = "terminating"


def progress_of(pod: Pod) -> Progress:
    """How far a pod has come, by its status alone."""
    if pod.is_terminating:
        return Progress.TERMINATING
    if pod.is_up:
        return Progress.UP
    if not pod.spec.node_name:
        return Progress.UNSCHEDULED
    status = pod.status
    sandbox = any(c.type == "PodReadyToStartContainers" and c.status == "True" for c in status.conditions or ())
    statuses = (*(status.init_container_statuses or ()), *(status.container_statuses or ()))
    return Progress.MOUNTED if sandbox or any(_was_started(item) for item in statuses) else Progress.WAITING


def has_ended(pod: Pod) -> bool:
    """Whether every container of a pod has terminated or never ran, so that only its volumes are left."""
    statuses = (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ()))
    return bool(statuses) and all(item.state.terminated or item.state.waiting for item in statuses)


def _was_started(status: ContainerStatus) -> bool:
    waiting = status.state.waiting
    return waiting is None or waiting.reason not in _BEFORE_THE_MOUNT or status.restart_count > 0
