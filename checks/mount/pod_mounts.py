"""Every pod that uses the volume has it mounted."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Subject, Unavailable, check, fail, ok, skip, unknown
from diag.analysis.pods import Progress
from diag.analysis.volume_usage import Use, VolumeUse, listed
from diag.resources.age import age_s
from diag.resources.kubernetes import Event
from diag.sanitize import one_line

STARTING_S = 3 * 60
"""A mount takes seconds, and kubelet complains every two minutes; before that silence means nothing."""


@check("pod-mounts", layer=Layer.MOUNT, each="volume_uses")
def pods_have_the_volume(
    use: VolumeUse, warning_events: tuple[Event, ...] | Unavailable, taken_at: str
) -> Iterator[Draft]:
    """Every pod that uses the volume has it mounted.

    The kubelet mounts all volumes of a pod before it pulls an image or starts a container, so a pod that got that far
    has its volume. One that failed before any container started (deadline, admission, eviction) shows no mount. Why
    one waits is not this check's question: the diagnosis answers it from the events' texts and from the other checks,
    and where it cannot, this failure keeps the run from looking healthy.

    pass: the pods run, or wait for something later than the mount
    fail: a pod waits, or failed while it waited, and kubelet says that mounting the volume fails
    unknown: a pod waits for minutes and no event says for what, or events could not be read
    skip: no pod was given a node yet, the pod has only just got one, it waits for another of its volumes, or it
        failed before anything was mounted
    source: Kubernetes v1.34 pkg/kubelet/kubelet.go SyncPod
    """
    mounted, waiting = use.at(Progress.UP, Progress.MOUNTED), use.at(Progress.WAITING)
    up_on = {one.mount.node_name for one in mounted}
    given_up = use.at(Progress.GIVEN_UP)
    failing = [
        *(one for one in waiting if one.events),
        *(one for one in given_up if one.events and one.mount.node_name not in up_on),
    ]
    silent = [one for one in waiting if not one.events and not one.elsewhere and _waits(one, taken_at) > STARTING_S]
    others = (*waiting, *use.at(Progress.UNSCHEDULED), *given_up)
    rest = [one for one in others if one not in failing and one not in silent]
    if mounted:
        yield ok(use, f"mounted for {listed(mounted)}", rules_out=(), concerns=[one.mount.pod for one in mounted])
    if failing:
        event, since = failing[0].events[0], min(e.first_seen for e in failing[0].events)
        what = "failed while they waited" if failing[0].progress is Progress.GIVEN_UP else "wait"
        message = f"{len(failing)} pod(s) {what} for it since {since}; see the diagnosis"
        yield fail(use, message, f"{listed(failing)}: {one_line(event.message)}", cause="", concerns=path(failing))
    if silent:
        why = warning_events if isinstance(warning_events, Unavailable) else None
        message = f"{listed(silent)} waits, and no event says for what (they are kept for an hour)"
        yield unknown(
            use, f"{message}: {why}" if why else message, because=(why,) if why else (), concerns=path(silent)
        )
    for one in rest[:1]:
        yield skip(use, f"{listed(rest)}: {_why_not_yet(one)}", concerns=path(rest))


def _why_not_yet(use: Use) -> str:
    if use.progress is Progress.UNSCHEDULED:
        return "not scheduled yet, so nothing was mounted"
    if use.progress is Progress.GIVEN_UP:
        reason = one_line(use.mount.pod.status.reason) or "for no reason given"
        return f"it failed ({reason}) before any container started, so that nothing shows a mount"
    return (
        f"it waits for another volume: {one_line(use.elsewhere)}" if use.elsewhere else "it has only just got its node"
    )


def _waits(use: Use, taken_at: str) -> float:
    pod = use.mount.pod
    return age_s(pod.status.start_time or pod.metadata.creation_timestamp, taken_at) or 0.0


def path(uses: list[Use]) -> list[Subject]:
    """Every object on the mount paths of these uses."""
    return [subject for use in uses for subject in use.path]
