"""On which nodes the pods of each volume run, could run, or fail."""

from __future__ import annotations

import msgspec

from diag.analysis.nodes.eligibility import keeps_off, linux_nodes
from diag.analysis.volumes import Mount
from diag.model.layer import Layer
from diag.registry import fact
from diag.resources.kubernetes import Event, Node


class MountReach(msgspec.Struct, frozen=True):
    """The Linux nodes of a cluster by what they have to do with our volumes. Fargate and Windows are left out."""

    waiting: tuple[Node, ...] = ()
    """A pod that mounts one of the volumes is there and not up yet, or failed before it was."""
    up: tuple[Node, ...] = ()
    """Every such pod there is up."""
    possible: tuple[Node, ...] = ()
    """Nothing keeps such a pod off, and none is there. Without any such pod: every node."""


@fact(layer=Layer.CLIENT)
def mount_reach(nodes: tuple[Node, ...], mounts: tuple[Mount, ...]) -> MountReach:
    """The nodes where the volumes are, or may be, mounted."""
    waiting = {m.node_name for m in mounts if m.node_name and not m.pod.is_up}
    up = {m.node_name for m in mounts if m.node_name and m.pod.is_up} - waiting
    # Replicas share their constraints: each distinct set is tried on the nodes once, not each pod.
    constraints = {
        msgspec.json.encode((m.pod.spec.node_selector, m.pod.spec.affinity, m.pod.spec.tolerations)): m.pod.spec
        for m in mounts
    }
    usable = linux_nodes(nodes)
    there = waiting | up
    rest = (node for node in usable if node.name not in there)
    return MountReach(
        tuple(node for node in usable if node.name in waiting),
        tuple(node for node in usable if node.name in up),
        tuple(
            node for node in rest if not constraints or any(not keeps_off(spec, node) for spec in constraints.values())
        ),
    )


class Placement(msgspec.Struct, frozen=True):
    """The pods of one volume that were scheduled, by what became of its mount there."""

    up: tuple[Mount, ...] = ()
    in_vain: tuple[Mount, ...] = ()
    """Not up, and kubelet reports FailedMount for the pod."""

    @property
    def up_on(self) -> frozenset[str]:
        """Names of the nodes where it is up."""
        return frozenset(mount.node_name for mount in self.up)

    @property
    def down_on(self) -> frozenset[str]:
        """Names of the nodes where every pod fails to mount it."""
        return frozenset(mount.node_name for mount in self.in_vain) - self.up_on


Placements = dict[str, Placement]
"""By the name of the PersistentVolume; none for a volume that no scheduled pod uses."""


@fact(layer=Layer.REQUEST)
def placements(mounts: tuple[Mount, ...], warning_events: tuple[Event, ...]) -> Placements:
    """The scheduled pods of each volume."""
    failing = {
        (event.involved_object.namespace, event.involved_object.name)
        for event in warning_events
        if event.reason == "FailedMount" and event.involved_object.kind == "Pod"
    }
    up: dict[str, list[Mount]] = {}
    in_vain: dict[str, list[Mount]] = {}
    for mount in mounts:
        if not mount.node_name:
            continue
        if mount.pod.is_up:
            up.setdefault(mount.volume.name, []).append(mount)
        elif (mount.pod.metadata.namespace, mount.pod.metadata.name) in failing:
            in_vain.setdefault(mount.volume.name, []).append(mount)
    return {name: Placement(tuple(up.get(name, ())), tuple(in_vain.get(name, ()))) for name in {**up, **in_vain}}
