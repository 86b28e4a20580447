"""The driver's start-up taint, which it takes away when it is ready."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Reason, Unavailable, check, fail, ok, skip, unknown
from diag.analysis.driver.node_plugin import PluginHealth, State
from diag.analysis.driver.startup_taint import TAINT, remove_taint, stuck_by_state
from diag.analysis.driver.workloads import DRIVER
from diag.analysis.nodes.eligibility import linux_nodes, node_list
from diag.resources.kubernetes import Node


@check("startup-taint", layer=Layer.DRIVER, speaks_for="startup-taint-stuck")
def startup_taint(nodes: tuple[Node, ...], plugin_health: PluginHealth | Unavailable, taken_at: str) -> Iterator[Draft]:
    """No node keeps the driver's start-up taint for long.

    The taint holds pods back until the node plugin is ready, and the plugin takes it away at its start, in ten tries
    over about four minutes. It stays where the plugin never runs, or may not patch nodes; then the node takes no pods.

    pass: no node has the taint
    fail: a node has it though its plugin has been ready for five minutes; or the node is older than ten minutes and
        the plugin does not run there, and the cause of that is given
    unknown: nodes could not be listed, or the plugin on a tainted node not be seen
    skip: the node, or its plugin, has only just started
    source: aws-fsx-csi-driver v1.9.0 removeNotReadyTaint; chart 1.17.0 fsx-csi-node-role
    """
    tainted = [n for n in linux_nodes(nodes) if any(taint.key == TAINT for taint in n.spec.taints or ())]
    if not tainted:
        yield ok(DRIVER, f"no node has the taint {TAINT}")
        return
    if isinstance(plugin_health, Unavailable) and plugin_health.reason is not Reason.ABSENT:
        message = f"{node_list(tainted)} has the taint {TAINT}, and the plugin there cannot be seen: {plugin_health}"
        yield unknown(DRIVER, message, because=(plugin_health,), concerns=tainted)
        return
    for found, alike in stuck_by_state(tainted, plugin_health, taken_at).items():
        message = f"{node_list(alike)} keeps the taint {TAINT} and takes no pods: {found.why}"
        if found.state is State.STARTING:
            yield skip(DRIVER, f"{node_list(alike)} is only starting: it still has the taint {TAINT}", concerns=alike)
        elif found.state is State.BROKEN:
            yield fail(DRIVER, message, cause=found.cause, concerns=alike)
        else:
            # About no node in particular: the pods that it keeps waiting have none yet.
            names = ", ".join(node.name for node in alike)
            yield fail(DRIVER, f"{message}the plugin is ready there", f"tainted: {names}", fix=remove_taint(alike))
