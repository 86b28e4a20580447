"""The driver's controller, which provisions and resizes."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Reason, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.driver import PLUGIN, scale, set_region
from diag.advice.steps import advise
from diag.analysis.claims import Provisioning
from diag.analysis.driver.images import judge_images
from diag.analysis.driver.node_plugin import SOCKETS_DIFFER, how_it_ended, of_ending
from diag.analysis.driver.sockets import disagreements
from diag.analysis.driver.workloads import DRIVER, pods_of
from diag.analysis.identity.controller import without_region
from diag.analysis.pod_creation import Refusal
from diag.model.unavailable import Unreadable, value_or
from diag.resources.ec2 import Instance
from diag.resources.eks import ClusterIdentity
from diag.resources.kubernetes import Event, Node, Pod, Workload
from diag.resources.table import Table
from diag.sanitize import one_line

CAUSE, REGION_UNKNOWN = "csi-controller-not-running", "region-undetermined"

ROOM = "Let the controller's pods be scheduled: lower what they request or where they may go, or add a node that fits."


@check("csi-controller", layer=Layer.DRIVER, speaks_for=CAUSE)
def csi_controller(
    controller: Workload | Unavailable,
    driver_pods: tuple[Pod, ...],
    provisioning: Provisioning | Unavailable,
    warning_events: tuple[Event, ...] | Unavailable,
    pod_refusals: tuple[Refusal, ...] | Unavailable,
    cluster_identity: ClusterIdentity | Unavailable,
    controller_nodes: tuple[Node, ...] | Unavailable,
    controller_instances: Table[Instance] | Unavailable,
) -> Iterator[Draft]:
    """The driver's controller runs where a claim waits for it.

    It alone makes and resizes file systems; without a replica a dynamic claim stays Pending. Volumes made by hand and
    mounts never need it, so it is never the reason of a failed mount. Where its pods are refused, wait for an image or
    cannot be executed, that is the cause.

    pass: a replica is ready
    warn: none is ready, and no claim waits for it
    fail: none is ready, or there is no controller, and claims wait for it
    unknown: Deployments or pods could not be listed
    skip: there is no controller, and nothing asks for one
    source: aws-fsx-csi-driver chart 1.17.0 templates/controller.yaml; pkg/driver/controller.go
    """
    pending = () if isinstance(provisioning, Unavailable) else provisioning.pending
    waiting = f"{len(pending)} claims wait for it" if pending else "no claim waits for it"
    if isinstance(controller, Unavailable):
        if controller.reason is not Reason.ABSENT:
            yield unknown(DRIVER, f"cannot see the controller: {controller}", because=(controller,))
        elif pending:
            yield fail(DRIVER, f"the driver has no controller, and {waiting}", concerns=pending)
        else:
            yield skip(DRIVER, "the driver has no controller, and volumes made by hand need none")
        return
    ready, wanted = controller.status.ready_replicas, controller.spec.replicas
    if ready:
        yield ok(controller, f"{ready} of {wanted} replicas of the controller are ready", concerns=pending)
        return
    pods = pods_of(controller, driver_pods)
    region = "" if isinstance(cluster_identity, Unavailable) else cluster_identity.region
    why = [f"{s.name} {how_it_ended(s)}" for p in pods for s in p.status.container_statuses or () if how_it_ended(s)]
    message = f"no replica of the controller is ready ({wanted} wanted), and {waiting}"
    say = fail if pending else warn
    fix = scale(controller, 2) if wanted == 0 else None
    if roomless := next(
        (c.message for p in pods for c in p.status.conditions or () if c.reason == "Unschedulable"), ""
    ):
        why.append(f"its pods are not scheduled: {one_line(roomless)}")
        fix = advise(ROOM, by="whoever runs the nodes, or chose the requests of the controller")
    cause = next(map(of_ending, why), "") or CAUSE
    ended = any(each.startswith(f"{PLUGIN} ") for each in why)
    if pending and ended and (blind := _why_blind(pods, controller_nodes, controller_instances)):
        cause, fix = REGION_UNKNOWN, set_region(controller, region)
        why.insert(0, blind)
    if why and (parted := next(disagreements(controller), "")):
        cause = SOCKETS_DIFFER
        why.insert(0, parted)
    for image in judge_images(controller, pods, value_or(warning_events, ()), region):
        if image.pods:
            cause, fix = image.cause or cause, image.fix
            why.insert(0, f"container {image.container}: {image.why}")
    for refusal in value_or(pod_refusals, ()):
        if refusal.subject == controller.subject:
            cause = refusal.cause
            why.insert(0, f"the API server refuses its pods: {one_line(refusal.message)}")
    yield say(controller, message, *why[:3], cause=cause, fix=fix, concerns=pending)


def _why_blind(
    pods: tuple[Pod, ...], nodes: tuple[Node, ...] | Unavailable, instances: Table[Instance] | Unavailable
) -> str:
    """Why the driver ends at its start without a Region; empty where it has one, or that is not known."""
    try:
        bare, closed = without_region(pods, value_or(nodes, ()), value_or(instances, Table[Instance]()))
    except Unreadable:
        return ""
    return f"{bare} pod(s) have no AWS_REGION and cannot ask for it: {closed}" if closed else ""
