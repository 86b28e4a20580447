"""Which nodes a claim's volume leaves to the scheduler, and what the scheduler says of a pod without a node."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from diag.analysis.binding import why_not_taken
from diag.analysis.claims import ClaimCase, Why, why_pending
from diag.analysis.nodes.eligibility import keeps_off, linux_nodes, selects
from diag.analysis.pod_events import REASONS
from diag.model.symptom import Phase
from diag.resources.kubernetes import (
    Event,
    LabelRequirement,
    Node,
    NodeSelector,
    NodeSelectorTerm,
    PersistentVolume,
    Pod,
    StorageClass,
)

ZONE_LABELS = {
    "topology.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region": "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
}
"""Labels of a PersistentVolume that a node must have too, and the node's label for each.

Source: Kubernetes v1.34 pkg/scheduler/framework/plugins/volumezone/volume_zone.go.
"""


class Restriction(msgspec.Struct, frozen=True):
    """Which nodes an object leaves to the pods of a claim."""

    holder: PersistentVolume | StorageClass
    field: str
    """`nodeAffinity`, a label, or `allowedTopologies`."""
    selector: NodeSelector

    @property
    def words(self) -> str:
        """`topology.kubernetes.io/zone In eu-west-1c`, alternatives joined by `or`."""
        terms = (
            " and ".join(
                f"{need.key} {need.operator} {', '.join(need.values or ())}".rstrip()
                for need in (*(term.match_expressions or ()), *(term.match_fields or ()))
            )
            for term in self.selector.node_selector_terms or ()
        )
        return " or ".join(terms) or "nothing"


def restrictions_of(case: ClaimCase, nodes: Sequence[Node]) -> tuple[Restriction, ...]:
    """What the claim's volume, or the class that is to make one, says of the nodes; empty when it may be anywhere.

    Of several volumes among which the scheduler chooses, one that leaves a node counts.
    """
    volumes = tuple(filter(None, (case.volume,))) if case.is_bound else _to_be_bound(case)
    if volumes:
        each = [tuple(limits_of(volume)) for volume in volumes]
        return next((limits for limits in each if not limits or homes(limits, nodes)), each[0])
    topologies = case.storage_class.allowed_topologies if case.storage_class and case.is_dynamic else None
    if case.is_bound or case.storage_class is None or not topologies:
        return ()
    terms = tuple(
        NodeSelectorTerm(
            tuple(LabelRequirement(need.key, "In", need.values) for need in topology.match_label_expressions or ())
        )
        for topology in topologies
    )
    return (Restriction(case.storage_class, "allowedTopologies", NodeSelector(terms)),)


def _to_be_bound(case: ClaimCase) -> tuple[PersistentVolume, ...]:
    pending = why_pending(case)
    if pending.volume is None or pending.why not in (Why.BINDS_SOON, Why.WAITS_FOR_POD):
        return ()
    others = case.offered if pending.why is Why.WAITS_FOR_POD else ()
    return (pending.volume, *(volume for volume in others if not why_not_taken(case.claim, volume)))


def limits_of(volume: PersistentVolume) -> Iterator[Restriction]:
    """What a volume says of the nodes on which it may be mounted."""
    required = volume.spec.node_affinity.required if volume.spec.node_affinity else None
    if required is not None:
        yield Restriction(volume, "nodeAffinity", required)
    for label, key in ZONE_LABELS.items():
        if value := volume.metadata.label(label):
            need = LabelRequirement(key, "In", tuple(value.split("__")))
            yield Restriction(volume, label, NodeSelector((NodeSelectorTerm((need,)),)))


def homes(restrictions: Iterable[Restriction], nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The Linux nodes that every restriction allows. A node without any zone label passes the volume's labels."""
    kept = tuple(restrictions)
    return tuple(node for node in linux_nodes(nodes) if all(_allows(restriction, node) for restriction in kept))


def _allows(restriction: Restriction, node: Node) -> bool:
    if restriction.field in ZONE_LABELS and not any(map(node.metadata.label, ZONE_LABELS)):
        return True
    return selects(restriction.selector, node)


def why_not_there(pod: Pod, nodes: Iterable[Node]) -> str:
    """What keeps the pod off every one of the nodes, in the words of the first; empty when one takes it."""
    reasons = [keeps_off(pod.spec, node) for node in nodes]
    return reasons[0] if reasons and all(reasons) else ""


def waits_for_node(pod: Pod) -> bool:
    """Whether the scheduler has to find a node for the pod. Gated pods wait for somebody else's word."""
    return not pod.spec.node_name and not pod.is_up and not pod.is_terminating and not is_gated(pod)


def is_gated(pod: Pod) -> bool:
    """Whether its schedulingGates keep the scheduler from looking at it; who set them takes them away."""
    return any(c.type == "PodScheduled" and c.reason == "SchedulingGated" for c in pod.status.conditions or ())


def scheduler_says(pod: Pod, events: Iterable[Event]) -> str:
    """The scheduler's newest words: of the pod's condition, or of its events; empty when it says nothing."""
    for condition in pod.status.conditions or ():
        if condition.type == "PodScheduled" and condition.status == "False" and condition.message:
            return condition.message
    reasons, uids = REASONS[Phase.SCHEDULE], ("", pod.metadata.uid)
    own = ((e.last_seen, e.message) for e in events if e.reason in reasons and e.involved_object.uid in uids)
    return max(own, default=("", ""))[1]


_VOLUME_CONFLICT = re.compile(
    r"didn't match PersistentVolume's node affinity|volume node affinity conflict|no available volume zone"
)
"""Source: Kubernetes v1.25 to v1.35 pkg/scheduler/framework/plugins, volumebinding/binder.go and volumezone."""

_NOTHING_TO_BIND = re.compile(r"didn't find available persistent volumes to bind")

_AT_ITS_LIMIT = re.compile(r"exceed max volume count")
"""Nodes that hold as many volumes of a driver as its CSINode says. Source: as above, nodevolumelimits/csi.go."""

_CLAIMS_OWN = re.compile(
    r"unbound immediate PersistentVolumeClaims|persistentvolumeclaim \"[^\"]*\" (?:not found|is being deleted)"
    r"|bound to non-existent persistentvolume|waiting for ephemeral volume controller to create"
)
"""The claim itself is not ready: its own checks say why."""


class Obstacle(msgspec.Struct, frozen=True):
    """What the scheduler's words are about."""

    conflict: bool = False
    """A bound volume leaves no node."""
    nothing_to_bind: bool = False
    """No volume fits a claim that is bound with its first pod, and none may be made on any node."""
    at_limit: bool = False
    """Nodes hold as many volumes as they may."""
    claim: bool = False
    """A claim is absent, unbound or being deleted."""


def obstacle_in(text: str) -> Obstacle:
    """What of the volumes a scheduler's message names."""
    return Obstacle(
        bool(_VOLUME_CONFLICT.search(text)),
        bool(_NOTHING_TO_BIND.search(text)),
        bool(_AT_ITS_LIMIT.search(text)) and "Insufficient" not in text,
        bool(_CLAIMS_OWN.search(text)),
    )
