"""The driver's start-up taint: where it is stuck, and how it is taken away by hand."""

from __future__ import annotations

from collections.abc import Iterable

from diag.advice.steps import change, person
from diag.analysis.driver.node_plugin import NOT_REGISTERED, YOUNG_S, PluginHealth, PluginState, State
from diag.model.fix import Fix, StepKind
from diag.model.unavailable import Unavailable
from diag.resources.age import is_younger
from diag.resources.kubernetes import Node

TAINT = "fsx.csi.aws.com/agent-not-ready"
"""Source: aws-fsx-csi-driver v1.9.0 pkg/driver/node.go, docs/install.md."""


TRIES_S = 300.0
"""Ten tries with a wait that doubles from half a second take 256 s. Source: the same file."""

NO_PLUGIN = PluginState(State.BROKEN, NOT_REGISTERED, "the driver has no node plugin in this cluster")


STARTING = PluginState(State.STARTING)


def stuck_by_state(
    tainted: Iterable[Node], health: PluginHealth | Unavailable, taken_at: str
) -> dict[PluginState, list[Node]]:
    """The tainted nodes by how the plugin is on them; STARTING where it is too early to call the taint stuck."""
    groups: dict[PluginState, list[Node]] = {}
    for node in tainted:
        early = is_younger(node.metadata.creation_timestamp, taken_at, YOUNG_S)
        state = NO_PLUGIN
        if isinstance(health, PluginHealth):
            state = health.states[node.name]
            if state.state is State.READY:
                early = is_younger(health.ready_since.get(node.name, ""), taken_at, TRIES_S)
        groups.setdefault(STARTING if early else state, []).append(node)
    return groups


def remove_taint(nodes: Iterable[Node]) -> Fix:
    """Take the taint away by hand."""
    names = [node.name for node in nodes]
    told = "Let pods onto the node; the plugin must be allowed to get and patch nodes, or the taint comes again."
    left_off = "Leave it off: put back with the effect NoExecute it evicts every pod that does not tolerate it."
    remove = f"kubectl taint nodes {{node}} {TAINT}-"
    removed = (change(remove, {"node": name}, changes=told) for name in names)
    return Fix((*removed, person(left_off, kind=StepKind.UNDO)))
