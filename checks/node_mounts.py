"""Volumes that mount on some nodes and not on others."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Table, Unavailable, check, ok, skip, warn
from diag.facts.ec2 import Instance
from diag.facts.kubernetes import Event, Node, PersistentVolume
from diag.facts.mounts import Mount
from diag.fleet.differential import compare
from diag.fleet.traits import traits_of


@check("node-mounts", layer=Layer.MOUNT, each="volumes")
def volume_mounts_everywhere(
    volume: PersistentVolume,
    mounts: tuple[Mount, ...],
    warning_events: tuple[Event, ...],
    nodes: tuple[Node, ...],
    instances: Table[Instance] | Unavailable,
) -> Iterator[Draft]:
    """A volume that mounts on one node mounts on all.

    Where it does not, what the failing nodes share and the others lack tells where to look: a kernel or image, a
    zone or subnet, a node group, or one single node. A pod counts as failing when its kubelet reports FailedMount.

    pass: no node on which it fails while it is up on others
    warn: it is up on some nodes and fails on others; the message says what sets those apart
    skip: no pod has it up on any node, so there is nothing to compare
    source: status and events of the pods; traits from status.nodeInfo, labels and ec2:DescribeInstances
    """
    failing = {
        (event.involved_object.namespace, event.involved_object.name)
        for event in warning_events
        if event.reason == "FailedMount" and event.involved_object.kind == "Pod"
    }
    placed = [mount for mount in mounts if mount.volume.name == volume.name and mount.node_name]
    up = {mount.node_name for mount in placed if mount.pod.is_up}
    stuck = [m for m in placed if not m.pod.is_up and (m.pod.metadata.namespace, m.pod.metadata.name) in failing]
    down = {mount.node_name for mount in stuck} - up
    if not up:
        tried = f", {len(down)} node(s) try in vain" if down else ""
        yield skip(volume, f"{volume.name} is up on no node{tried}: nothing to compare")
        return
    if not down:
        yield ok(volume, f"{volume.name} is up on {len(up)} node(s) and fails on no other", rules_out=())
        return
    traits = {node.name: traits_of(node, instances, None) for node in nodes if node.name in up | down}
    shown = (f"{name}: {', '.join(f'{k} {v}' for k, v in traits.get(name, {}).items())}" for name in sorted(down)[:3])
    concerned = [node for node in nodes if node.name in down]
    message = f"{volume.name} does not come up on {compare(down, up, traits)}"
    yield warn(volume, message, *shown, concerns=(*concerned, *(mount.pod for mount in stuck)))
