"""The node does not rewrite the source port of Lustre's connections."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, fail, ok, skip
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.resources.node_report import NodeReport


@check("node-source-port", layer=Layer.NETWORK, speaks_for="source-port-rewritten-snat")
def node_keeps_source_ports(fleet: Fleet) -> Iterator[Draft]:
    """The node does not rewrite the source port of Lustre's connections.

    LNet connects from a port below 1024, and servers refuse any other. A masquerading rule that catches the node's own
    traffic gives it another port; the node's connection tracking shows both.

    pass: connections to 988 are tracked and keep their port
    fail: one is rewritten
    unknown: the node did not say
    skip: none is tracked, the kernel shows no table, or asked through the driver's container
    source: Linux nf_conntrack; Lustre 2.15 lnet/lnet/acceptor.c (secure ports)
    """
    yield from judge_nodes(fleet, lambda report: _source_ports(report, fleet.addresses.get(report.node, ())))


def _source_ports(report: NodeReport, own: tuple[str, ...]) -> Draft:
    if report.translations is None:
        return not_reported(report, "translations")
    sources = {*own, *(nid.partition("@")[0] for nid in report.nids or ())}
    lnet = [t for t in report.translations if t.source_port < 1024 and (not sources or t.source_address in sources)]
    rewritten = [t for t in lnet if t.is_rewritten]
    if rewritten:
        shown = (f"{report.node}: {t.source_address}:{t.source_port} → {t.server} seen as "
                 f"{t.seen_address}:{t.seen_port}" for t in rewritten[:3])  # fmt: skip
        return fail(report, "the source port of its connections to 988 is rewritten on the node", *shown)
    if not lnet:
        return skip(report, "its connection tracking shows no connection of Lustre's")
    return ok(report, "its connections to 988 keep their source port")
