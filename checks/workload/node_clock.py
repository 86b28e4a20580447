"""The node's clock agrees with this machine's."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, ok, warn
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.resources.node_report import NodeReport

SKEW_S = 60.0
"""A clock that differs by more makes logs of node and servers hard to put side by side."""


REFUSED_S = 300.0
"""AWS takes no request that was signed by a clock that differs by more. Source: IAM user guide, signing errors."""


@check("node-clock", layer=Layer.WORKLOAD, speaks_for="node-clock-wrong")
def node_clock_agrees(fleet: Fleet) -> Iterator[Draft]:
    """The node's clock agrees with this machine's.

    Lustre itself does not need it, but times of files and logs are compared between nodes and servers, and AWS refuses
    what a controller on a node with another time signs.

    pass: it differs by at most a minute
    warn: it differs by more
    unknown: the node did not say
    skip: no node was inspected
    source: date(1) on the node, between question and answer
    """
    yield from judge_nodes(fleet, _clock)


def _clock(report: NodeReport) -> Draft:
    if report.clock_skew_s is None:
        return not_reported(report, "clock_skew_s")
    if abs(report.clock_skew_s) <= SKEW_S:
        return ok(report, "its clock agrees with this machine's")
    way = "ahead of" if report.clock_skew_s > 0 else "behind"
    cause = "node-clock-wrong" if abs(report.clock_skew_s) > REFUSED_S else ""
    seen = f"{report.node}: {report.clock_skew_s:+.0f} s"
    return warn(report, f"its clock is minutes {way} this machine's", seen, cause=cause)
