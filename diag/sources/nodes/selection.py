"""Which nodes a run looks into."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from diag.analysis.volumes import Mount
from diag.model.unavailable import Unavailable
from diag.resources.ec2 import Instance
from diag.resources.kubernetes import Node
from diag.resources.table import Table

ALL, AFFECTED, SAMPLE = "all", "affected", "sample"


class Chosen(msgspec.Struct, frozen=True):
    """Nodes to ask, and names that were given and are none."""

    nodes: tuple[Node, ...]
    strangers: tuple[str, ...] = ()


def choose(
    nodes: Sequence[Node], mounts: Sequence[Mount], instances: Table[Instance] | Unavailable, wanted: Sequence[str]
) -> Chosen:
    """The nodes meant by `all`, `affected`, `sample` or names, in the cluster's order.

    Affected are those with a pod of this run that does not come up or does not go away; when there is none, and for
    `sample`, one node stands for each kind. Fargate and Windows nodes, which mount no Lustre, only by name.
    """
    usable = [node for node in nodes if not node.is_fargate and node.status.node_info.operating_system != "windows"]
    if ALL in wanted:
        return Chosen(tuple(usable))
    names = {name for name in wanted if name not in (AFFECTED, SAMPLE)}
    meant = set(names)
    if AFFECTED in wanted:
        meant |= affected(mounts)
    found = [node for node in nodes if node.name in meant]
    if SAMPLE in wanted or (AFFECTED in wanted and not found):
        have = {node.name for node in found}
        found += [node for node in representatives(usable, instances) if node.name not in have]
    known = {node.name for node in nodes}
    return Chosen(tuple(found), tuple(sorted(names - known)))


def affected(mounts: Sequence[Mount]) -> set[str]:
    """Names of the nodes on which a pod waits for a volume or hangs in termination."""
    return {
        mount.node_name for mount in mounts if mount.node_name and (not mount.pod.is_up or mount.pod.is_terminating)
    }


def representatives(nodes: Sequence[Node], instances: Table[Instance] | Unavailable) -> tuple[Node, ...]:
    """One node for each kind: operating system image, kernel, architecture, node group and subnet (or zone)."""
    kinds: dict[tuple[str, ...], Node] = {}
    for node in nodes:
        info = node.status.node_info
        instance = None if isinstance(instances, Unavailable) else instances.values.get(node.instance_id)
        place = instance.subnet_id if instance else node.zone
        kinds.setdefault((info.os_image, info.kernel_version, info.architecture, node.node_group, place), node)
    return tuple(kinds.values())
