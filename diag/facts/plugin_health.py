"""The node plugin's state over the nodes, as one fact."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from diag.declare.fact import fact
from diag.facts.driver_images import judge_images
from diag.facts.eks import ClusterIdentity
from diag.facts.kubernetes import CsiNode, Event, Node, Pod, Workload
from diag.facts.linux_nodes import linux_nodes
from diag.facts.plugin_state import PluginState, State, node_of, plugin_states, ready_since
from diag.facts.workloads import pods_of
from diag.model.unavailable import Unavailable


class PluginHealth(msgspec.Struct, frozen=True):
    """The plugin on each Linux node, by node name."""

    plugin: Workload
    states: dict[str, PluginState]
    ready_since: dict[str, str] = {}
    """RFC 3339 time since when its pod on the node is ready, where it is."""

    def alike(self, nodes: Iterable[Node]) -> dict[PluginState, list[Node]]:
        """Those of the nodes on which it is in the same state, together."""
        groups: dict[PluginState, list[Node]] = {}
        for node in nodes:
            groups.setdefault(self.states[node.name], []).append(node)
        return groups


@fact()
def plugin_health(
    node_plugin: Workload,
    driver_pods: tuple[Pod, ...],
    csi_nodes: tuple[CsiNode, ...],
    nodes: tuple[Node, ...],
    warning_events: tuple[Event, ...] | Unavailable,
    cluster_identity: ClusterIdentity,
    taken_at: str,
) -> PluginHealth:
    """How the driver's node plugin is on each node, and why where it is not well."""
    pods = pods_of(node_plugin, driver_pods)
    events = () if isinstance(warning_events, Unavailable) else warning_events
    waiting = {
        pod.key: PluginState(State.BROKEN, judged.cause, f"container {judged.container}: {judged.why}")
        for judged in judge_images(node_plugin, pods, events, cluster_identity.region)
        for pod in judged.pods
    }
    states = plugin_states(linux_nodes(nodes), csi_nodes, node_plugin, pods, waiting, taken_at)
    return PluginHealth(node_plugin, states, {node_of(pod): since for pod in pods if (since := ready_since(pod))})
