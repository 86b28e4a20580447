"""The scheduler has a node for every pod of a Lustre claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from diag import Draft, Fix, Layer, Unavailable, Unreadable, check, fail, ok, skip, unknown, warn
from diag.advice.replace_class import Waiting, replace_class
from diag.advice.replace_volume import replace_volume
from diag.advice.steps import advise, change, person
from diag.analysis.claims import ClaimCase
from diag.analysis.driver.startup_taint import TAINT
from diag.analysis.nodes.scheduling import (
    ZONE_LABELS,
    Restriction,
    homes,
    is_gated,
    limits_of,
    obstacle_in,
    restrictions_of,
    scheduler_says,
    waits_for_node,
    why_not_there,
)
from diag.analysis.pod_events import events_by_pod
from diag.model.fix import StepKind
from diag.model.unavailable import value_or
from diag.resources.age import age_s
from diag.resources.kubernetes import Event, Node, PersistentVolume, PersistentVolumeClaim, Pod
from diag.sanitize import one_line

CONFLICT, MISFIT, OTHER = "volume-node-affinity", "claim-volume-mismatch", "pod-unschedulable"

USUAL, OWNER = "default-scheduler", "whoever wrote the pod"
RENAME = (
    "Call the volume in the pod otherwise, so that its claim gets a name of its own; the claim that is there stays."
)
BY_NAME = "Start the scheduler {name}, or take schedulerName away from the pod's template and make the pod again."

PATIENCE_S = 5 * 60
"""Our own measure: what adds nodes (Karpenter, Cluster Autoscaler) has added one after five minutes."""

FULL = (
    "End pods that hold volumes on these nodes, or add a node; the FSx driver sets no limit of its own, so that it is"
    " mostly another volume of the pod that counts (`kubectl get csinodes -o yaml`, allocatable.count)"
)

ClaimPods = Mapping[str, tuple[Pod, ...]]


@check("pod-scheduling", layer=Layer.REQUEST, each="lustre_claims", speaks_for=(CONFLICT, MISFIT, OTHER))
def pods_get_a_node(
    case: ClaimCase,
    claim_pods: ClaimPods,
    nodes: tuple[Node, ...] | Unavailable,
    warning_events: tuple[Event, ...] | Unavailable,
    persistent_volumes: tuple[PersistentVolume, ...] | Unavailable,
    claims: tuple[PersistentVolumeClaim, ...] | Unavailable,
    taken_at: str,
) -> Iterator[Draft]:
    """The scheduler has a node for every pod of a Lustre claim.

    A pod without a node mounts nothing. An FSx for Lustre file system can be mounted from every zone, so that a node
    affinity or a zone label of its volume, or allowedTopologies of its class, only takes nodes away.

    pass: every pod has its node, and the volume leaves at least one node to the next
    warn: the volume or the class leaves no node of the cluster, and no pod waits for one yet
    fail: a pod waits, and the volume or the class leaves it no node, or none beside another volume of it; the nodes
        hold as many volumes as they may; the scheduler has found none for five minutes; the pod names a scheduler that
        has not seen it in that time; or the claim that was to be made for the pod alone was made by somebody else
    unknown: a pod waits for long and the scheduler does not say why, or pods or nodes could not be read
    skip: no pod uses the claim, the claim itself is not ready, or a pod waits for a moment only or behind its
        schedulingGates
    source: Kubernetes v1.34 pkg/scheduler/framework/plugins (volumebinding, volumezone, nodeaffinity)
    """
    about = case.volume if case.is_bound and case.volume else case.claim
    users = claim_pods.get("/".join(case.claim.key), ())
    waiting = [pod for pod in users if waits_for_node(pod)]
    if foreign := [pod for pod in waiting if _is_of_another(case, pod)]:
        message = f"it was not made for pod {foreign[0].key}, whose ephemeral volume wants a claim of that name"
        yield fail(case.claim, message, cause=MISFIT, fix=advise(RENAME, by=OWNER), concerns=foreign)
        return
    known = value_or(nodes, ())
    limits = restrictions_of(case, known)
    if limits and isinstance(nodes, Unavailable):
        raise Unreadable(nodes)
    possible = homes(limits, known) if limits else ()
    if limits and not possible:
        message = f"{_says(limits)}, and no node of the cluster fits"
        say = fail if waiting else warn
        fix = _fix(limits, claim_pods, case, waiting)
        yield say(about, message, *_zones(known), cause=CONFLICT, fix=fix, concerns=waiting)
        return
    if limits and waiting and (off := why_not_there(waiting[0], possible)):
        message = f"{_says(limits)}, which leaves {possible[0].name}, and pod {waiting[0].key} cannot go there: {off}"
        yield fail(about, message, cause=CONFLICT, fix=_fix(limits, claim_pods, case, waiting), concerns=waiting)
        return
    by_claim = {claim.key: claim.spec.volume_name for claim in value_or(claims, ())}
    by_name = {volume.name: volume for volume in value_or(persistent_volumes, ())}
    beside = _limits_beside(case, waiting[0], by_claim, by_name) if limits and waiting else ()
    if beside and homes(beside, known) and not homes((*limits, *beside), known):
        message = f"{_says(limits)}; {_says(beside)}, and no node fits both volumes of pod {waiting[0].key}"
        yield fail(about, message, cause=CONFLICT, fix=_fix(limits, claim_pods, case, waiting), concerns=waiting)
        return
    if not waiting:
        if gated := [pod for pod in users if is_gated(pod)]:
            message = f"pod {gated[0].key} waits for who set its schedulingGates (a queue, say), not for the scheduler"
            yield skip(about, message, concerns=gated)
        elif users:
            yield ok(about, f"{len(users)} pod(s) of {case.claim.metadata.name} have a node", concerns=users)
        else:
            yield skip(about, f"no pod uses {case.claim.metadata.name}")
        return
    events = {} if isinstance(warning_events, Unavailable) else events_by_pod(warning_events)
    alike: dict[str, list[Pod]] = {}
    for pod in waiting:
        own = events.get((pod.metadata.namespace, pod.metadata.name), ())
        alike.setdefault(scheduler_says(pod, own), []).append(pod)
    for text, pods in alike.items():
        yield _judge(case, pods, text, taken_at)


def _judge(case: ClaimCase, pods: Sequence[Pod], text: str, taken_at: str) -> Draft:
    """By the scheduler's words alone, which are the same for all these pods."""
    about = case.volume if case.is_bound and case.volume else case.claim
    first, words, obstacle = pods[0], one_line(text), obstacle_in(text)
    who = f"pod {first.key}" + (f" and {len(pods) - 1} more" if len(pods) > 1 else "")
    waited = max(age_s(pod.metadata.creation_timestamp, taken_at) or 0.0 for pod in pods)
    alone = len(set(first.spec.claim_names)) == 1
    if obstacle.claim:
        return skip(about, f"{who} waits for a claim: {words}", concerns=pods)
    if obstacle.conflict and alone:
        return fail(about, f"{who} has no node because of its volume", words, cause=CONFLICT, concerns=pods)
    if obstacle.nothing_to_bind and (alone or not case.is_bound):
        return fail(about, f"{who} has no node: no volume fits its claim", words, cause=MISFIT, concerns=pods)
    if obstacle.conflict or obstacle.nothing_to_bind:
        message = f"{who} has no node because of another of its volumes; this one may be mounted on any"
        return fail(about, message, words, cause=OTHER, concerns=pods)
    if obstacle.at_limit:
        message = f"{who} has no node: the nodes that fit hold as many volumes of a driver as its CSINode allows"
        return fail(about, message, words, cause=OTHER, fix=advise(FULL, by=OWNER), concerns=pods)
    if TAINT in text:
        return skip(
            about, f"{who} waits for the driver to take its startup taint away (see startup-taint)", concerns=pods
        )
    if waited < PATIENCE_S:
        return skip(
            about, f"{who} waits for a node for {waited / 60:.0f} minutes: {words or 'no word yet'}", concerns=pods
        )
    if not text and (scheduler := first.spec.scheduler_name) not in ("", USUAL):
        message = (
            f"{who} waits for scheduler {scheduler} for {waited / 60:.0f} minutes, and none of that name has seen it"
        )
        return fail(about, message, cause=OTHER, fix=advise(BY_NAME, {"name": scheduler}, by=OWNER), concerns=pods)
    if not text:
        message = f"{who} waits for a node for {waited / 60:.0f} minutes, and no scheduler says why"
        return unknown(about, message, concerns=pods)
    return fail(about, f"{who} has no node for {waited / 60:.0f} minutes: {words}", cause=OTHER, concerns=pods)


def _is_of_another(case: ClaimCase, pod: Pod) -> bool:
    """Whether the pod's ephemeral volume finds a claim of its name that belongs to somebody else.

    Source: Kubernetes v1.34 component-helpers/storage/ephemeral.
    """
    owners = {reference.uid for reference in case.claim.metadata.owner_references or ()}
    return case.claim.metadata.name in pod.spec.own_claims and pod.metadata.uid not in ("", *owners)


def _limits_beside(
    case: ClaimCase, pod: Pod, by_claim: Mapping[tuple[str, str], str], volumes: Mapping[str, PersistentVolume]
) -> tuple[Restriction, ...]:
    """What the other volumes of the pod say of the nodes."""
    others = (by_claim.get((pod.metadata.namespace, name), "") for name in pod.spec.claim_names)
    own = case.volume.name if case.volume else ""
    beside = (volumes[name] for name in dict.fromkeys(others) if name in volumes and name != own)
    return tuple(limit for volume in beside for limit in limits_of(volume))


def _says(limits: Sequence[Restriction]) -> str:
    """`the nodeAffinity of PersistentVolume fsx-pv wants topology.kubernetes.io/zone In eu-west-1c`."""
    return "; ".join(f"the {limit.field} of {limit.holder.subject} wants {limit.words}" for limit in limits)


def _zones(nodes: Sequence[Node]) -> tuple[str, ...]:
    zones = sorted({node.zone for node in nodes if node.zone})
    return (f"{len(nodes)} node(s), in {', '.join(zones)}" if zones else f"{len(nodes)} node(s)",)


def _fix(limits: Sequence[Restriction], pods: ClaimPods, case: ClaimCase, waiting: Sequence[Pod]) -> Fix:
    """Take the restriction away: the file system has none."""
    first = next((limit for limit in limits if limit.field not in ZONE_LABELS), limits[0])
    if not isinstance(first.holder, PersistentVolume):
        return replace_class(first.holder, Waiting((case.claim,), waiting), fields={"allowedTopologies": None})
    # A copy of the volume would keep its labels, so that they go before one is made.
    labels = [limit.field for limit in limits if limit.field in ZONE_LABELS]
    names, taken = {"volume": first.holder.name}, " ".join(f"{label}-" for label in labels)
    unlabelled = (
        (
            change(f"kubectl label pv {{volume}} {taken}", names, changes="Let the volume be mounted in every zone."),
            person(f"Put the label {', '.join(labels)} back.", kind=StepKind.UNDO),
        )
        if labels
        else ()
    )
    if first.field in ZONE_LABELS:
        return Fix(unlabelled)
    return Fix((*unlabelled, *replace_volume(first.holder, pods, spec={"nodeAffinity": None}).steps))
