"""The folder under which the node plugin looks for the kubelet."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.driver import propagate, set_kubelet_path
from diag.advice.steps import advise
from diag.analysis.driver.node_plugin import READY, USUAL, PluginHealth, kubelet_root, roots_of_others
from diag.analysis.driver.workloads import DRIVER, missing_component
from diag.analysis.identity.controller import plugin_of
from diag.resources.kubernetes import Workload

WRONG_PATH, NOT_PERMITTED = "kubelet-path-wrong", "mount-not-permitted"
INSTALLER = "whoever installed the driver"


@check("kubelet-path", layer=Layer.DRIVER, speaks_for=(WRONG_PATH, NOT_PERMITTED))
def kubelet_path(
    node_plugin: Workload | Unavailable, plugin_health: PluginHealth | Unavailable, daemon_sets: tuple[Workload, ...]
) -> Iterator[Draft]:
    """The node plugin registers where the nodes' kubelet looks, and what it mounts there is seen outside of it.

    The plugin's registrar puts a socket in <kubelet root>/plugins_registry. With another root than the kubelet's the
    pod does not start, or starts and is never registered. EKS images use /var/lib/kubelet; other CSI drivers of the
    cluster show what its nodes use. The container that mounts must be privileged, and its mount of the kubelet's folder
    must have the node's own path and propagate, else the pods see an empty directory.

    pass: the root is the usual one or that of the other drivers, or a node has registered through it
    warn: the root is unusual, nothing registered through it, and nothing shows what the nodes use
    fail: nothing registered through it, and other drivers use another root; or the container that mounts is not
        privileged, or what it mounts does not leave it
    unknown: DaemonSets, pods, nodes or CSINodes could not be listed
    skip: there is no node plugin, or it has no registration folder
    source: Kubernetes kubelet --root-dir, and mount propagation; aws-fsx-csi-driver chart 1.17.0 node-daemonset.yaml
    """
    if isinstance(node_plugin, Unavailable):
        yield missing_component("node plugin of the driver", node_plugin)
        return
    root, others = kubelet_root(node_plugin), roots_of_others(node_plugin, daemon_sets)
    yield from _shut_in(node_plugin, root)
    if not root:
        yield skip(node_plugin, "the node plugin has no hostPath that ends in plugins_registry")
    elif root in others or (root == USUAL and not others):
        yield ok(node_plugin, f"the kubelet's root is taken to be {root}", rules_out=(WRONG_PATH,))
    elif isinstance(plugin_health, Unavailable):
        message = f"it is unknown whether {root} is the kubelet's root: {plugin_health}"
        yield unknown(DRIVER, message, because=(plugin_health,))
    elif READY in plugin_health.states.values():
        yield ok(node_plugin, f"nodes have registered the driver under {root}", rules_out=(WRONG_PATH,))
    else:
        shown = "; ".join(f"{', '.join(names)} use {path}" for path, names in sorted(others.items()))
        message = f"the node plugin registers under {root}, and no node lists it" + (f"; {shown}" if shown else "")
        right = next(iter(sorted(others)), USUAL)
        fix = set_kubelet_path(node_plugin, right)
        yield (fail if others else warn)(node_plugin, message, cause=WRONG_PATH, fix=fix)


def _shut_in(node_plugin: Workload, root: str) -> Iterator[Draft]:
    """What keeps the container that mounts from mounting for the pods. One that mounts no volume is not looked at."""
    spec = node_plugin.spec.template.spec
    container = plugin_of(spec)
    if not root or not container.volume_mounts:
        return
    names = {"container": container.name, "daemonset": node_plugin.metadata.name}
    if container.security_context is None or not container.security_context.privileged:
        fix = advise(
            "Make container {container} of daemonset {daemonset} privileged, as the chart does.", names, by=INSTALLER
        )
        message = f"container {container.name} is not privileged: the kernel does not let it mount"
        yield fail(node_plugin, message, cause=NOT_PERMITTED, fix=fix)
    paths = {volume.name: volume.host_path.path.rstrip("/") for volume in spec.volumes or () if volume.host_path}
    mounts = [mount for mount in container.volume_mounts if paths.get(mount.name) == root]
    if elsewhere := next((m.mount_path for m in mounts if m.mount_path.rstrip("/") != root), ""):
        request = "mount the kubelet's folder in {container} of {daemonset} under the path that it has on the node"
        message = f"container {container.name} has {root} at {elsewhere}: what it mounts lands in the container alone"
        yield fail(node_plugin, message, cause=WRONG_PATH, fix=advise(request, names, by=INSTALLER))
    if not any(mount.mount_propagation == "Bidirectional" for mount in mounts):
        message = f"what container {container.name} mounts under {root} does not leave it: pods see an empty directory"
        request = "Mount the kubelet's folder in {container} of {daemonset}, with mountPropagation: Bidirectional."
        fix = propagate(node_plugin, container.name, mounts[0]) if mounts else advise(request, names, by=INSTALLER)
        yield fail(node_plugin, message, cause=WRONG_PATH, fix=fix)
