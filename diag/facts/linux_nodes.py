"""The nodes on which a Lustre volume can be mounted at all, and how several of them are told in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diag.facts.kubernetes import Node


def linux_nodes(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Neither Windows, which has no Lustre client, nor Fargate, where no DaemonSet runs."""
    return tuple(n for n in nodes if n.status.node_info.operating_system != "windows" and not n.is_fargate)


def told(nodes: Sequence[Node]) -> str:
    """`node node-a`, or `node node-a and 12 more`."""
    more = len(nodes) - 1
    return f"node {nodes[0].name}" + (f" and {more} more" if more else "")
