"""The driver's node plugin: what became of it on each node, and why it is not at work where it is not."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping

import msgspec

from diag.analysis.driver.images import judge_images
from diag.analysis.driver.sockets import disagreements
from diag.analysis.driver.workloads import pods_of
from diag.analysis.nodes.eligibility import keeps_off, linux_nodes, selector_misses
from diag.analysis.pod_creation import cause_of, newest_refusal
from diag.model.layer import Layer
from diag.model.unavailable import Unavailable
from diag.registry import fact
from diag.resources.age import is_younger
from diag.resources.eks import ClusterIdentity
from diag.resources.kubernetes import FSX_DRIVER, ContainerStatus, CsiNode, Event, Node, Pod, Workload
from diag.sanitize import one_line

USUAL = "/var/lib/kubelet"
"""The kubelet's --root-dir where nobody sets another, as on every EKS image. Source: Kubernetes kubelet reference."""


REGISTRY = "/plugins_registry"
"""The folder under the root where the kubelet looks for plugins. Source: Kubernetes pkg/kubelet/config/defaults.go."""


def kubelet_root(workload: Workload) -> str:
    """The kubelet root that a CSI node plugin's registrar writes under; empty when it has no such hostPath."""
    for volume in workload.spec.template.spec.volumes or ():
        path = volume.host_path.path.rstrip("/") if volume.host_path else ""
        if path.endswith(REGISTRY):
            return path.removesuffix(REGISTRY) or "/"
    return ""


def roots_of_others(workload: Workload, daemon_sets: Iterable[Workload]) -> dict[str, tuple[str, ...]]:
    """The roots that other CSI node plugins use, with the names of those that do."""
    found: dict[str, tuple[str, ...]] = {}
    for other in daemon_sets:
        root = kubelet_root(other)
        if root and other.metadata != workload.metadata:
            found[root] = (*found.get(root, ()), other.metadata.name)
    return found


YOUNG_S = 600.0
"""Up to this age a node may still be starting its plugin. Our own measure: images pull within a minute or two."""

NOT_REGISTERED = "csi-driver-not-registered"


NOT_SCHEDULED = "csi-node-not-scheduled"


PLUGIN_DOWN = "csi-node-plugin-down"


STARTUP_RACE = "csi-driver-startup-race"


KUBELET_PATH = "kubelet-path-wrong"


SOCKETS_DIFFER = "driver-sockets-differ"


ARCHITECTURE = "image-wrong-architecture"


EVICTED = "csi-node-pod-evicted-before-workload"

LEAVING = frozenset(
    {
        "ToBeDeletedByClusterAutoscaler",
        "karpenter.sh/disrupted",
        "karpenter.sh/disruption",
    }
)
"""Taints of a node that is being taken away. Source: aws-fsx-csi-driver v1.9.0, pre-stop hook."""


class State(enum.Enum):
    """How the plugin is on one node."""

    READY = "ready"
    STARTING = "starting"
    BROKEN = "broken"


class PluginState(msgspec.Struct, frozen=True):
    """The plugin on one node; equal for nodes on which it fails alike."""

    state: State
    cause: str = ""
    why: str = ""
    is_kept_off_by_selector: bool = False


READY = PluginState(State.READY)


def plugin_states(
    nodes: Iterable[Node],
    csi_nodes: Iterable[CsiNode],
    plugin: Workload,
    pods: Iterable[Pod],
    image_faults: Mapping[str, PluginState],
    taken_at: str,
) -> dict[str, PluginState]:
    """The state on each node by its name.

    `pods` are those of the plugin; `image_faults` says by `namespace/name` which of them wait for an image, and how
    that is called.
    """
    registered = {node.metadata.name for node in csi_nodes if FSX_DRIVER in node.driver_names}
    by_node: dict[str, Pod] = {}
    for pod in sorted(pods, key=lambda p: (not p.is_terminating, p.metadata.creation_timestamp)):
        by_node[node_of(pod)] = pod
    return {
        node.name: _state(node, node.name in registered, plugin, by_node.get(node.name), image_faults, taken_at)
        for node in nodes
    }


def node_of(pod: Pod) -> str:
    """The node that a DaemonSet's pod is on or meant for: before it is scheduled its affinity names it."""
    if pod.spec.node_name:
        return pod.spec.node_name
    node_affinity = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    required = node_affinity.required_during_scheduling_ignored_during_execution if node_affinity else None
    for term in (required.node_selector_terms if required else None) or ():
        for field in term.match_fields or ():
            if field.key == "metadata.name" and field.values:
                return field.values[0]
    return ""


def _state(
    node: Node,
    registered: bool,
    plugin: Workload,
    pod: Pod | None,
    image_faults: Mapping[str, PluginState],
    taken_at: str,
) -> PluginState:
    young = is_younger(node.metadata.creation_timestamp, taken_at, YOUNG_S)
    if pod is None:
        return _without_pod(node, plugin, young)
    if pod.key in image_faults:
        return image_faults[pod.key]
    if not pod.spec.node_name:
        return PluginState(State.BROKEN, NOT_SCHEDULED, f"its pod is not scheduled: {_condition(pod, 'PodScheduled')}")
    root = kubelet_root(plugin)
    if not pod.is_ready:
        return _not_ready(pod, young, root)
    if registered:
        return READY
    if root not in ("", USUAL):
        why = f"its pod runs but registers under {root}, where this node's kubelet does not look"
        return PluginState(State.BROKEN, KUBELET_PATH, why)
    if young:
        return PluginState(State.STARTING, STARTUP_RACE, "the node is new and the CSINode does not list the driver yet")
    return PluginState(State.BROKEN, NOT_REGISTERED, "its pod runs, but the CSINode does not list the driver")


_NO_POD = PluginState(State.BROKEN, NOT_SCHEDULED, "the DaemonSet has no pod there, though nothing keeps it off")


def _without_pod(node: Node, plugin: Workload, young: bool) -> PluginState:
    spec = plugin.spec.template.spec
    if barrier := keeps_off(spec, node, daemon=True):
        why = f"the DaemonSet has no pod there: {barrier}"
        return PluginState(State.BROKEN, NOT_SCHEDULED, why, bool(selector_misses(spec, node)))
    if any(taint.key in LEAVING for taint in node.spec.taints or ()):
        return PluginState(State.BROKEN, EVICTED, "the node is being taken away, and the plugin's pod went first")
    if young:
        return PluginState(State.STARTING, STARTUP_RACE, "the node is new and has no pod of the DaemonSet yet")
    return _NO_POD


_NO_PROGRAM = "exec format error"
"""ENOEXEC, as the container runtime writes it. Source: runc libcontainer/init_linux.go."""
_ENDED_AT_ONCE = re.compile(r"ended with exit code (?:1|255) Error,")


def _of_architecture(states: Mapping[str, PluginState], nodes: Iterable[Node]) -> dict[str, PluginState]:
    """The states, with their cause where the plugin ends at once on every node of one architecture and runs on others.

    A runtime that starts the program and not the container leaves no word of it in the pod's status.
    """
    of = {node.name: node.status.node_info.architecture for node in nodes}
    well = {of[name] for name, state in states.items() if state.state is State.READY}
    ended = {name for name, state in states.items() if state.cause == PLUGIN_DOWN and _ENDED_AT_ONCE.search(state.why)}
    if not well or not ended or well & {of[name] for name in ended}:
        return dict(states)
    seen = f"on {', '.join(sorted({of[name] for name in ended}))} alone, and runs on {', '.join(sorted(well))}"
    return {
        name: PluginState(State.BROKEN, ARCHITECTURE, f"{state.why}: {seen}") if name in ended else state
        for name, state in states.items()
    }


def _not_ready(pod: Pod, young: bool, root: str) -> PluginState:
    if pod.status.phase == "Failed":
        return PluginState(State.BROKEN, PLUGIN_DOWN, f"its pod ended: {pod.status.reason or 'Failed'}")
    for status in pod.status.container_statuses or ():
        if how := how_it_ended(status):
            return PluginState(State.BROKEN, of_ending(how) or PLUGIN_DOWN, f"container {status.name} {how}")
    started = any(status.ready for status in pod.status.container_statuses or ())
    if not started and root not in ("", USUAL):
        return PluginState(
            State.BROKEN, KUBELET_PATH, f"its pod does not start; it wants the kubelet's folder at {root}"
        )
    if young:
        return PluginState(State.STARTING, STARTUP_RACE, "the node is new and its pod is still starting")
    for status in pod.status.container_statuses or ():
        if status.state.waiting is not None and status.state.waiting.reason.endswith("Error"):
            why = f"container {status.name} is not made: {status.state.waiting.reason}: {status.state.waiting.message}"
            return PluginState(State.BROKEN, PLUGIN_DOWN, one_line(why))
    waiting = ", ".join(s.name for s in pod.status.container_statuses or () if not s.ready) or "its containers"
    return PluginState(State.BROKEN, PLUGIN_DOWN, f"its pod is not ready: {waiting}")


def of_ending(how: str) -> str:
    """The cause that the words of a container's end name; empty when they name none."""
    return ARCHITECTURE if _NO_PROGRAM in how else ""


def how_it_ended(status: ContainerStatus) -> str:
    """How a container that is down ended last; empty for one that is up or was never started."""
    if status.ready:
        return ""
    ended = status.state.terminated or status.last_state.terminated
    looping = status.state.waiting is not None and status.state.waiting.reason == "CrashLoopBackOff"
    if ended is not None:
        said = f" ({one_line(ended.message)})" if ended.message.strip() else ""
        again = f", {status.restart_count} restarts" if status.restart_count else ""
        return f"ended with exit code {ended.exit_code} {ended.reason}{said}{again}".replace("  ", " ")
    return f"is in CrashLoopBackOff after {status.restart_count} restarts" if looping else ""


def ready_since(pod: Pod) -> str:
    """RFC 3339 time since when the pod is ready; empty when it is not."""
    found = next((c for c in pod.status.conditions or () if c.type == "Ready" and c.status == "True"), None)
    return (found.last_transition_time or "") if found else ""


def _condition(pod: Pod, kind: str) -> str:
    found = next((c for c in pod.status.conditions or () if c.type == kind), None)
    return one_line(found.message or found.reason) if found else "no reason given"


def _parted(state: PluginState, why: str) -> PluginState:
    """A state that the sockets of the template explain; any other as it is."""
    if state.cause not in (PLUGIN_DOWN, NOT_REGISTERED):
        return state
    return PluginState(State.BROKEN, SOCKETS_DIFFER, f"{state.why} ({why})")


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


@fact(layer=Layer.DRIVER)
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
        pod.key: PluginState(State.BROKEN, judged.cause or PLUGIN_DOWN, f"container {judged.container}: {judged.why}")
        for judged in judge_images(node_plugin, pods, events, cluster_identity.region)
        for pod in judged.pods
    }
    states = plugin_states(linux_nodes(nodes), csi_nodes, node_plugin, pods, waiting, taken_at)
    refusal = newest_refusal("DaemonSet", node_plugin.metadata, events)
    if refusal is not None and _NO_POD in states.values():
        why = f"the API server refuses its pod: {one_line(refusal.message)}"
        refused = PluginState(State.BROKEN, cause_of(refusal.message, of_driver=True), why)
        states = {name: refused if state == _NO_POD else state for name, state in states.items()}
    if parted := next(disagreements(node_plugin), ""):
        states = {name: _parted(state, parted) for name, state in states.items()}
    states = _of_architecture(states, nodes)
    return PluginHealth(node_plugin, states, {node_of(pod): since for pod in pods if (since := ready_since(pod))})
