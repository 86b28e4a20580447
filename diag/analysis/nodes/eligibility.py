"""On which nodes a pod could run, and on which a Lustre volume can be mounted at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diag.resources.kubernetes import LabelRequirement, Node, NodeSelector, NodeSelectorTerm, PodSpec, Taint, Toleration


def linux_nodes(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Neither Windows, which has no Lustre client, nor Fargate, where no DaemonSet runs."""
    return tuple(n for n in nodes if n.status.node_info.operating_system != "windows" and not n.is_fargate)


def node_list(nodes: Sequence[Node]) -> str:
    """`node node-a`, or `node node-a and 12 more`."""
    more = len(nodes) - 1
    return f"node {nodes[0].name}" + (f" and {more} more" if more else "")


REPELLING = frozenset({"NoSchedule", "NoExecute"})


DAEMON_TAINTS = frozenset(
    {
        *((f"node.kubernetes.io/{name}", "NoExecute") for name in ("not-ready", "unreachable")),
        *(
            (f"node.kubernetes.io/{name}", "NoSchedule")
            for name in ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
        ),
    }
)
"""Taints that every DaemonSet pod tolerates, each with its effect; one on the host's network tolerates one more.

Source: Kubernetes v1.34 pkg/controller/daemon/util/daemonset_util.go AddOrUpdateDaemonPodTolerations.
"""
HOST_NETWORK_TAINT = ("node.kubernetes.io/network-unavailable", "NoSchedule")


def keeps_off(spec: PodSpec, node: Node, *, daemon: bool = False) -> str:
    """What keeps a pod of that spec off the node, in words; empty when nothing does. `daemon` for a DaemonSet's pod."""
    if missed := selector_misses(spec, node):
        return f"its nodeSelector wants {missed}"
    if not _affinity_fits(spec, node):
        return "its required node affinity does not match"
    for taint in node.spec.taints or ():
        pair = (taint.key, taint.effect)
        free = daemon and (pair in DAEMON_TAINTS or (spec.host_network and pair == HOST_NETWORK_TAINT))
        if taint.effect in REPELLING and not free and not tolerates(spec.tolerations or (), taint):
            value = f"={taint.value}" if taint.value else ""
            return f"it does not tolerate the taint {taint.key}{value}:{taint.effect}"
    return ""


def selector_misses(spec: PodSpec, node: Node) -> str:
    """The first label of the nodeSelector that the node does not have; empty when it has all."""
    wanted = sorted((spec.node_selector or {}).items())
    return next((f"{key}={value}" for key, value in wanted if node.metadata.label(key) != value), "")


def tolerates(tolerations: Iterable[Toleration], taint: Taint) -> bool:
    """Whether one of the tolerations covers the taint. Source: Kubernetes v1.34 core/v1 ToleratesTaint."""
    return any(
        toleration.effect in ("", taint.effect)
        and toleration.key in ("", taint.key)
        and (toleration.operator == "Exists" or (bool(toleration.key) and toleration.value == taint.value))
        for toleration in tolerations
    )


def _affinity_fits(spec: PodSpec, node: Node) -> bool:
    affinity = spec.affinity.node_affinity if spec.affinity else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity else None
    return required is None or selects(required, node)


def selects(selector: NodeSelector, node: Node) -> bool:
    """Whether one of the selector's terms fits the node."""
    return any(_term_fits(term, node) for term in selector.node_selector_terms or ())


def _term_fits(term: NodeSelectorTerm, node: Node) -> bool:
    """A term fits when all its expressions do; one without any fits no node."""
    labels = node.metadata.labels or {}
    expressions, fields = term.match_expressions or (), term.match_fields or ()
    if not expressions and not fields:
        return False
    return all(_expression_fits(e, labels) for e in expressions) and all(
        _expression_fits(f, {"metadata.name": node.name}) for f in fields
    )


def _expression_fits(expression: LabelRequirement, labels: dict[str, str]) -> bool:
    if expression.operator in ("Gt", "Lt"):
        return _compares(labels.get(expression.key), expression.operator, expression.values or ())
    return expression.holds(labels)


def _compares(value: str | None, operator: str, values: tuple[str, ...]) -> bool:
    try:
        have, bound = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return have > bound if operator == "Gt" else have < bound
