"""The driver's node plugin on each node that mounts, or may mount, a volume."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Reason, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.driver import clear_node_selector
from diag.advice.steps import advise
from diag.analysis.driver.images import DISK_FULL
from diag.analysis.driver.node_plugin import (
    ARCHITECTURE,
    KUBELET_PATH,
    NOT_REGISTERED,
    NOT_SCHEDULED,
    PLUGIN_DOWN,
    READY,
    SOCKETS_DIFFER,
    STARTUP_RACE,
    PluginHealth,
    State,
)
from diag.analysis.driver.workloads import DRIVER
from diag.analysis.nodes.eligibility import node_list
from diag.analysis.nodes.placement import MountReach
from diag.resources.kubernetes import PersistentVolume

ROOM = "Free room on the disk of the node (images, logs), or replace the node by one with a larger disk."
CAUSES = (NOT_REGISTERED, NOT_SCHEDULED, PLUGIN_DOWN, STARTUP_RACE, KUBELET_PATH, SOCKETS_DIFFER, ARCHITECTURE)


@check("csi-node-registered", layer=Layer.DRIVER, speaks_for=CAUSES)
def csi_node_registered(
    plugin_health: PluginHealth | Unavailable, mount_reach: MountReach, volumes: tuple[PersistentVolume, ...]
) -> Iterator[Draft]:
    """The node plugin runs and is registered on every node that mounts, or may mount, a volume.

    The kubelet hands a mount to the plugin that registered on its node: without one it says "driver name
    fsx.csi.aws.com not found in the list of registered CSI drivers". Taints, node selectors, missing images, crashes
    and a node that is only minutes old all end there, so the reason is given. Nodes that fail alike are one finding.

    pass: the DaemonSet's pod is ready on the node and its CSINode lists the driver
    warn: it is not so on a node where no pod of these volumes is, but one may come
    fail: it is not so on a node that has such a pod, or on no node at all
    unknown: DaemonSets, pods, nodes or CSINodes could not be listed
    skip: a node that no pod uses yet is only minutes old
    source: Kubernetes CSINode and plugin registration; aws-fsx-csi-driver chart 1.17.0; docs/troubleshooting.md
    """
    if isinstance(plugin_health, Unavailable):
        if plugin_health.reason is not Reason.ABSENT:
            yield unknown(DRIVER, f"cannot see the node plugin: {plugin_health}", because=(plugin_health,))
        elif volumes:
            yield fail(DRIVER, f"the driver is not installed: {plugin_health.detail}", cause=NOT_REGISTERED)
        return
    subject = plugin_health.plugin.subject
    nowhere = bool(volumes) and READY not in plugin_health.states.values()
    for use, nodes in (("waiting", mount_reach.waiting), ("up", mount_reach.up), ("possible", mount_reach.possible)):
        for found, alike in plugin_health.alike(nodes).items():
            starting = found.state is State.STARTING
            message = f"the plugin is not at work on {node_list(alike)}: {found.why}"
            if found.state is State.READY:
                message = f"the plugin is ready and registered on {node_list(alike)}"
                yield ok(subject, message, rules_out=(NOT_REGISTERED, NOT_SCHEDULED), concerns=alike)
            elif starting and use == "possible":
                yield skip(subject, f"too early to say: {message}", concerns=alike)
            else:
                only_warn = (use == "possible" and not nowhere) or (starting and use == "up")
                say = warn if only_warn else fail
                evidence = f"CSINode and pods of {subject}"
                fix = clear_node_selector(plugin_health.plugin) if found.is_kept_off_by_selector else None
                fix = advise(ROOM, by="whoever runs the nodes") if DISK_FULL in found.why else fix
                yield say(subject, message, evidence, cause=found.cause, fix=fix, concerns=alike)
