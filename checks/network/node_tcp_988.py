"""Port 988 of every ENI of the file systems accepts a TCP connection from the node."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, skip
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.resources.node_report import NodeReport, Vantage
from diag.resources.reachability import Connect

UNREACHED = "mgs-unreachable-network"


@check("node-tcp-988", layer=Layer.NETWORK, speaks_for=UNREACHED)
def node_reaches_988(fleet: Fleet) -> Iterator[Draft]:
    """Port 988 of every ENI of the file systems accepts a TCP connection from the node.

    The connection goes the way that Lustre's own will: from the node's primary address. Through the driver's
    container it would leave from the pod's address, so there only a success means anything, and little.

    pass: every ENI accepts, from the node's own network
    fail: one does not
    unknown: the node did not say
    skip: asked from the pod's network, no address is known, or no node was inspected
    source: nc-style connect; Lustre 2.15 lnet/klnds/socklnd/socklnd_cb.c (LNet connects from the node)
    """
    yield from judge_nodes(fleet, _connects)


def _connects(report: NodeReport) -> Draft:
    closed = [answer for answer in report.connects or () if answer.outcome is not Connect.OPEN]
    message = tuple(f"{report.node} → {a.address}:{a.port} {a.outcome.value} {a.detail}".strip() for a in closed[:3])
    if report.vantage is Vantage.POD:
        return skip(report, "the driver's container connects from the pod's address, not from the node's", *message)
    if report.connects is None:
        return not_reported(report, "connects")
    if not report.connects:
        return skip(report, "no address of a file system is known")
    if closed:
        answers = sorted({answer.outcome.value for answer in closed})
        count = f"{len(closed)} of {len(report.connects)} ENI(s)"
        return fail(
            report, f"port {closed[0].port} of {count} does not accept from there: {', '.join(answers)}", *message
        )
    return ok(report, f"port {report.connects[0].port} of all {len(report.connects)} ENI(s) accepts from there")
