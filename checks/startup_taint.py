"""The driver's start-up taint, which it takes away when it is ready."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from diag import Draft, Fix, Layer, Unavailable, check, fail, ok, skip, unknown
from diag.facts.absence import DRIVER
from diag.facts.age import is_younger
from diag.facts.kubernetes import Node
from diag.facts.linux_nodes import linux_nodes, told
from diag.facts.plugin_health import PluginHealth
from diag.facts.plugin_state import YOUNG_S, State

TAINT = "fsx.csi.aws.com/agent-not-ready"
"""Source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go, docs/install.md."""


@check("startup-taint", layer=Layer.DRIVER, speaks_for="startup-taint-stuck")
def startup_taint(nodes: tuple[Node, ...], plugin_health: PluginHealth | Unavailable, taken_at: str) -> Iterator[Draft]:
    """No node keeps the driver's start-up taint once it is more than minutes old.

    The taint holds pods back until the node plugin is ready, and the plugin takes it away once, at its start. It stays
    where the plugin never runs, or may not patch nodes; then the node takes no pods.

    pass: no node has the taint, or only nodes that are minutes old
    fail: an older node has it; where the plugin does not run there, its cause is told
    unknown: nodes could not be listed, or the plugin on a tainted node not be seen
    source: aws-fsx-csi-driver v1.9.0 removeNotReadyTaint; chart 1.17.0 fsx-csi-node-role
    """
    tainted = [n for n in linux_nodes(nodes) if any(taint.key == TAINT for taint in n.spec.taints or ())]
    old = [node for node in tainted if not is_younger(node.metadata.creation_timestamp, taken_at, YOUNG_S)]
    if not tainted:
        yield ok(DRIVER, f"no node has the taint {TAINT}")
    elif not old:
        yield skip(DRIVER, f"{told(tainted)} still starting with the taint {TAINT}", concerns=tainted)
    elif isinstance(plugin_health, Unavailable):
        message = f"{told(old)} has the taint {TAINT}, and the plugin there cannot be seen: {plugin_health}"
        yield unknown(DRIVER, message, because=(plugin_health,), concerns=old)
    else:
        for found, alike in plugin_health.alike(old).items():
            ready = found.state is State.READY
            why = "the plugin is ready there and has not taken it away" if ready else found.why
            names = " ".join(shlex.quote(node.name) for node in alike[:20])
            fix = Fix(
                (f"kubectl taint nodes {names} {TAINT}-",),
                "lets pods onto the node; fsx-csi-node-sa must be allowed to get and patch nodes, or it comes again",
                f"kubectl taint nodes {names} {TAINT}=:NoExecute",
            )
            message = f"{told(alike)} keeps the taint {TAINT} and takes no pods: {why}"
            cause = "startup-taint-stuck" if ready else found.cause
            yield fail(DRIVER, message, cause=cause, fix=fix if ready else None, concerns=alike)
