"""The folder under which the node plugin looks for the kubelet."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.driver import set_kubelet_path
from diag.analysis.driver.node_plugin import READY, USUAL, PluginHealth, kubelet_root, roots_of_others
from diag.analysis.driver.workloads import DRIVER, missing_component
from diag.resources.kubernetes import Workload


@check("kubelet-path", layer=Layer.DRIVER, speaks_for="kubelet-path-wrong")
def kubelet_path(
    node_plugin: Workload | Unavailable, plugin_health: PluginHealth | Unavailable, daemon_sets: tuple[Workload, ...]
) -> Iterator[Draft]:
    """The node plugin registers where the nodes' kubelet looks.

    The plugin's registrar puts a socket in <kubelet root>/plugins_registry. With another root than the kubelet's the
    pod does not start, or starts and is never registered. EKS images use /var/lib/kubelet; other CSI drivers of the
    cluster show what its nodes use.

    pass: the root is the usual one or that of the other drivers, or a node has registered through it
    warn: the root is unusual, nothing registered through it, and nothing shows what the nodes use
    fail: nothing registered through it, and other drivers use another root
    unknown: DaemonSets, pods, nodes or CSINodes could not be listed
    skip: there is no node plugin, or it has no registration folder
    source: Kubernetes kubelet --root-dir; aws-fsx-csi-driver chart 1.17.0 node.kubeletPath
    """
    if isinstance(node_plugin, Unavailable):
        yield missing_component("node plugin of the driver", node_plugin)
        return
    root, others = kubelet_root(node_plugin), roots_of_others(node_plugin, daemon_sets)
    if not root:
        yield skip(node_plugin, "the node plugin has no hostPath that ends in plugins_registry")
    elif root in others or (root == USUAL and not others):
        yield ok(node_plugin, f"the kubelet's root is taken to be {root}")
    elif isinstance(plugin_health, Unavailable):
        message = f"it is unknown whether {root} is the kubelet's root: {plugin_health}"
        yield unknown(DRIVER, message, because=(plugin_health,))
    elif READY in plugin_health.states.values():
        yield ok(node_plugin, f"nodes have registered the driver under {root}")
    else:
        shown = "; ".join(f"{', '.join(names)} use {path}" for path, names in sorted(others.items()))
        message = f"the node plugin registers under {root}, and no node lists it" + (f"; {shown}" if shown else "")
        right = next(iter(sorted(others)), USUAL)
        fix = set_kubelet_path(node_plugin, right)
        yield (fail if others else warn)(node_plugin, message, cause="kubelet-path-wrong", fix=fix)
