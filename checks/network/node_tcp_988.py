"""Port 988 of every ENI of the file systems accepts a TCP connection from the node."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, skip
from diag.analysis.nodes.differential import Fleet, not_told, tell
from diag.resources.node_report import NodeTruth, Vantage
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
    skip: asked from the pod's network, no address is known, or no node was looked into
    source: nc-style connect; Lustre 2.15 lnet/klnds/socklnd/socklnd_cb.c (LNet connects from the node)
    """
    yield from tell(fleet, _connects)


def _connects(truth: NodeTruth) -> Draft:
    closed = [answer for answer in truth.connects or () if answer.outcome is not Connect.OPEN]
    message = tuple(f"{truth.node} → {a.address}:{a.port} {a.outcome.value} {a.detail}".strip() for a in closed[:3])
    if truth.vantage is Vantage.POD:
        return skip(truth, "the driver's container connects from the pod's address, not from the node's", *message)
    if truth.connects is None:
        return not_told(truth, "connects")
    if not truth.connects:
        return skip(truth, "no address of a file system is known")
    if closed:
        answers = sorted({answer.outcome.value for answer in closed})
        count = f"{len(closed)} of {len(truth.connects)} ENI(s)"
        return fail(
            truth, f"port {closed[0].port} of {count} does not accept from there: {', '.join(answers)}", *message
        )
    return ok(truth, f"port {truth.connects[0].port} of all {len(truth.connects)} ENI(s) accepts from there")
