"""TCP port 988 of the node is LNet's or nobody's."""

from __future__ import annotations

from collections.abc import Iterator

from checks.lnet.node_lnet import nids_of
from diag import Draft, Layer, check, fail, ok, skip
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.analysis.nodes.lnet_options import lnet_options
from diag.knowledge.lustre_ports import LUSTRE_PORT
from diag.resources.node_report import NodeReport


@check("node-port-988", layer=Layer.LNET, speaks_for="port-988-in-use")
def node_port_is_free(fleet: Fleet) -> Iterator[Draft]:
    """TCP port 988 of the node is LNet's or nobody's.

    LNet must listen on it and does not start otherwise. NFS clients take any reserved port, 988 among them.

    pass: LNet is up, so it has its port; or nobody holds it
    fail: LNet is not up and another program holds the port
    unknown: the node did not say
    skip: LNet of the node has another accept_port, or accept=none; asked through the driver's container, which has a
        network of its own; or no node was inspected
    source: FSx user guide, mount-troubleshooting (port 988); Lustre 2.15 lnet/lnet/acceptor.c
    """
    yield from judge_nodes(fleet, _port)


def _port(report: NodeReport) -> Draft:
    options = lnet_options(report)
    if options is not None and options.accept_port != str(LUSTRE_PORT):
        message = f"its LNet listens on port {options.accept_port} (accept_port), not on {LUSTRE_PORT}"
        return skip(report, message, f"{report.node}: {options.source}")
    if options is not None and options.accept == "none":
        return skip(report, "its LNet listens on no port (accept=none)", f"{report.node}: {options.source}")
    if nids_of(report):
        return ok(report, "LNet is up, so port 988 is its own")
    if report.sockets is None:
        return not_reported(report, "sockets")
    holders = [s for s in report.sockets if s.local_port == LUSTRE_PORT and s.state != "TIME_WAIT"]
    if holders:
        held = tuple(
            f"{report.node}: {s.local_address}:988 → {s.remote_address}:{s.remote_port} {s.state}" for s in holders
        )
        return fail(report, "another program holds TCP port 988, and LNet is not up", *held[:3])
    return ok(report, "nobody holds TCP port 988")
