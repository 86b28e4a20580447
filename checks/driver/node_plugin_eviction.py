"""Whether the node plugin leaves a node before the pods that need it to unmount."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from diag import Draft, Fix, Layer, Unavailable, check, fail, ok, warn
from diag.advice.driver import annotate_pods
from diag.advice.steps import caution, change
from diag.analysis.driver.node_plugin import node_of
from diag.analysis.driver.workloads import missing_component, pods_of
from diag.analysis.nodes.eligibility import node_list
from diag.analysis.volumes import Mount
from diag.resources.kubernetes import Node, Pod, Workload

CAUSE = "csi-node-pod-evicted-before-workload"


ANNOTATION = "cluster-autoscaler.kubernetes.io/enable-ds-eviction"


SCALED_DOWN = "ToBeDeletedByClusterAutoscaler"


PRIORITY = "system-node-critical"


LEAVING = frozenset(
    {SCALED_DOWN, "karpenter.sh/disrupted", "karpenter.sh/disruption", "node.kubernetes.io/unschedulable"}
)
"""Taints of a node that is being emptied. Source: aws-fsx-csi-driver v1.9.0 pre-stop hook."""


@check("node-plugin-eviction", layer=Layer.DRIVER, speaks_for=CAUSE)
def node_plugin_eviction(
    node_plugin: Workload | Unavailable,
    driver_pods: tuple[Pod, ...],
    nodes: tuple[Node, ...],
    mounts: tuple[Mount, ...],
) -> Iterator[Draft]:
    """The node plugin stays on a node as long as a pod has a volume mounted there.

    The kubelet needs the plugin to unmount: evicted first, it leaves the pods hanging in Terminating, and the drain
    never ends. The chart gives it the priority class system-node-critical; against the cluster autoscaler its pods
    take an annotation as well.

    pass: nothing speaks for an early eviction
    warn: no critical priority class; or the autoscaler is at work and may evict the plugin
    fail: a node that is being emptied has pods with volumes and no plugin any more
    unknown: DaemonSets, pods or nodes could not be listed
    skip: there is no node plugin
    source: aws-fsx-csi-driver docs/troubleshooting.md; kubernetes/autoscaler issue 5240
    """
    if isinstance(node_plugin, Unavailable):
        yield missing_component("node plugin of the driver", node_plugin)
        return
    served = {node_of(pod) for pod in pods_of(node_plugin, driver_pods) if pod.status.phase != "Failed"}
    using = {mount.node_name for mount in mounts}
    leaving = [node for node in nodes if LEAVING & _taints(node)]
    stranded = [node for node in leaving if node.name in using - served]
    template = node_plugin.spec.template
    if stranded:
        message = f"{node_list(stranded)} is being emptied: pods with volumes are there, the plugin is gone"
        yield fail(node_plugin, message, fix=_keep(stranded), concerns=stranded)
    exposed = template.spec.priority_class_name != PRIORITY
    if exposed:
        message = f"the node plugin has priority class {template.spec.priority_class_name!r}, not {PRIORITY}"
        yield warn(node_plugin, message, cause=CAUSE)
    if any(SCALED_DOWN in _taints(node) for node in leaving) and template.metadata.annotation(ANNOTATION) != "false":
        fix = annotate_pods(node_plugin, ANNOTATION, "false")
        message = "the cluster autoscaler is at work and may evict the plugin before the workloads"
        yield warn(node_plugin, message, cause=CAUSE, fix=fix)
    elif not stranded and not exposed:
        yield ok(node_plugin, "nothing speaks for an early eviction of the node plugin", rules_out=())


def _keep(nodes: Iterable[Node]) -> Fix | None:
    """The plugin's pod comes back as soon as the autoscaler's taint is gone, and unmounts."""
    tainted = [node.name for node in nodes if SCALED_DOWN in _taints(node)]
    effect = "Let the plugin come back to the node, which then unmounts."
    taint = f"kubectl taint nodes {{node}} {SCALED_DOWN}-"
    again = caution("The autoscaler takes the node away again when it is still idle; the pods have ended by then.")
    return Fix((again, *(change(taint, {"node": name}, changes=effect) for name in tainted))) if tainted else None


def _taints(node: Node) -> frozenset[str]:
    return frozenset(taint.key for taint in node.spec.taints or ())
