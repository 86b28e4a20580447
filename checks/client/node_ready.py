"""Every node that has, or is to have, a Lustre volume is there and ready."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Kind, Layer, Subject, check, fail, ok, skip
from diag.analysis.volumes import Mount
from diag.resources.kubernetes import Node
from diag.sanitize import one_line


@check("node-ready", layer=Layer.CLIENT, speaks_for="node-not-ready")
def nodes_are_ready(mounts: tuple[Mount, ...], nodes: tuple[Node, ...]) -> Iterator[Draft]:
    """Every node that has, or is to have, a Lustre volume is there and ready.

    The kubelet of a node that is gone or does not answer neither mounts nor unmounts, and it says nothing: its pods
    wait without an event, and those that ran look as if they ran.

    pass: the node's condition Ready is True
    fail: it is not, the kubelet never gave that condition, or the node of a pod does not exist
    unknown: nodes, pods, claims or volumes could not be listed
    skip: no pod with a Lustre volume has a node
    source: Kubernetes documentation, nodes, conditions; pkg/controller/nodelifecycle
    """
    known = {node.name: node for node in nodes}
    placed: dict[str, list[Mount]] = {}
    for mount in mounts:
        # Of a pod that is over nothing more is mounted, and its node may be gone for long.
        if mount.node_name and not mount.pod.is_over:
            placed.setdefault(mount.node_name, []).append(mount)
    if not placed:
        yield skip(Subject(Kind.NODE, "(none)"), "no pod with a Lustre volume has a node")
    ready = []
    for name, there in placed.items():
        concerns = [subject for mount in there for subject in (mount.pod.subject, mount.volume.subject)]
        node = known.get(name)
        condition = node.ready if node else None
        if node is None:
            message = f"the node does not exist, and pod {there[0].pod.key} is bound to it"
            yield fail(Subject(Kind.NODE, name), message, concerns=concerns)
        elif condition is None:
            message = "its kubelet has never said whether it is ready (no condition Ready)"
            yield fail(node, message, concerns=concerns)
        elif condition.status != "True":
            since = f" since {condition.last_transition_time}" if condition.last_transition_time else ""
            message = f"the node is not ready{since}: {one_line(condition.message) or condition.reason}"
            yield fail(node, message, f"condition Ready is {condition.status}", concerns=concerns)
        else:
            ready.append(node)
    if ready:
        more = f" and {len(ready) - 1} more" if len(ready) > 1 else ""
        yield ok(ready[0], f"{ready[0].name}{more} ready", concerns=ready)
