"""On which nodes the pods that mount our volumes run, and on which they could run."""

from __future__ import annotations

import msgspec

from diag.declare.fact import fact
from diag.facts.kubernetes import Node
from diag.facts.linux_nodes import linux_nodes
from diag.facts.mounts import Mount
from diag.facts.scheduling import keeps_off


class MountReach(msgspec.Struct, frozen=True):
    """The Linux nodes of a cluster by what they have to do with our volumes. Fargate and Windows are left out."""

    waiting: tuple[Node, ...] = ()
    """A pod that mounts one of the volumes is there and not up yet."""
    up: tuple[Node, ...] = ()
    """Every such pod there is up."""
    possible: tuple[Node, ...] = ()
    """Nothing keeps such a pod off, and none is there. Without any such pod: every node."""


@fact()
def mount_reach(nodes: tuple[Node, ...], mounts: tuple[Mount, ...]) -> MountReach:
    """The nodes where the volumes are, or may be, mounted."""
    waiting = {m.node_name for m in mounts if m.node_name and not m.pod.is_up}
    up = {m.node_name for m in mounts if m.node_name} - waiting
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
