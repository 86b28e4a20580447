"""Volumes that mount on some nodes and not on others."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Table, Unavailable, check, ok, skip, warn
from diag.analysis.nodes.differential import compare, traits_of
from diag.analysis.nodes.placement import Placement, Placements
from diag.resources.ec2 import Instance
from diag.resources.kubernetes import Node, PersistentVolume


@check("node-mounts", layer=Layer.MOUNT, each="volumes")
def volume_mounts_everywhere(
    volume: PersistentVolume, placements: Placements, nodes: tuple[Node, ...], instances: Table[Instance] | Unavailable
) -> Iterator[Draft]:
    """A volume that mounts on one node mounts on all.

    Where it does not, what the failing nodes share and the others lack shows where to look: a kernel or image, a
    zone or subnet, a node group, or one single node. A pod counts as failing when its kubelet reports FailedMount.

    pass: no node on which it fails while it is up on others
    warn: it is up on some nodes and fails on others; the message says what sets those apart
    skip: no pod has it up on any node, so there is nothing to compare
    source: status and events of the pods; traits from status.nodeInfo, labels and ec2:DescribeInstances
    """
    placed = placements.get(volume.name, Placement())
    up, down = placed.up_on, placed.down_on
    if not up:
        tried = f", {len(down)} node(s) fail to mount it" if down else ""
        yield skip(volume, f"{volume.name} is up on no node{tried}: nothing to compare")
        return
    if not down:
        yield ok(volume, f"{volume.name} is up on {len(up)} node(s) and fails on no other", rules_out=())
        return
    traits = {node.name: traits_of(node, instances, None) for node in nodes if node.name in up or node.name in down}
    shown = (f"{name}: {', '.join(f'{k} {v}' for k, v in traits.get(name, {}).items())}" for name in sorted(down)[:3])
    concerned = [node for node in nodes if node.name in down]
    message = f"{volume.name} does not come up on {compare(down, up, traits)}"
    yield warn(volume, message, *shown, concerns=(*concerned, *(mount.pod for mount in placed.in_vain)))
