"""TCP port 988 of the node is LNet's or nobody's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.lnet.node_lnet import nids_of
from diag import Draft, Layer, check, fail, ok, skip
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.resources.node_report import NodeReport


@check("node-port-988", layer=Layer.LNET, speaks_for="port-988-in-use")
def node_port_is_free(fleet: Fleet) -> Iterator[Draft]:
    """TCP port 988 of the node is LNet's or nobody's.

    LNet must listen on it and does not start otherwise. NFS clients take any reserved port, 988 among them.

    pass: LNet is up, so it has its port; or nobody holds it
    fail: LNet is not up and another program holds the port
    unknown: the node did not say
    skip: the node's accept_port is another; asked through the driver's container, which has a network of its own;
        or no node was inspected
    source: FSx user guide, mount-troubleshooting (port 988); Lustre 2.15 lnet/lnet/acceptor.c
    """
    yield from judge_nodes(fleet, _port)


PORT = 988
"""Source: Lustre lnet/lnet/acceptor.c, `accept_port`."""


def _accept_port(report: NodeReport) -> int:
    """The port on which LNet of this node listens: as modprobe is told, else the usual one."""
    options = " ".join(line for line in report.module_settings or () if line.startswith("options lnet "))
    found = re.findall(r"\baccept_port=(\d{1,5})\b", options, re.ASCII)
    return int(found[-1]) if found else PORT


def _port(report: NodeReport) -> Draft:
    if (port := _accept_port(report)) != PORT:
        return skip(report, f"its LNet listens on port {port} (accept_port), not on {PORT}")
    if nids_of(report):
        return ok(report, "LNet is up, so port 988 is its own")
    if report.sockets is None:
        return not_reported(report, "sockets")
    holders = [s for s in report.sockets if s.local_port == PORT and s.state != "TIME_WAIT"]
    if holders:
        held = tuple(
            f"{report.node}: {s.local_address}:988 → {s.remote_address}:{s.remote_port} {s.state}" for s in holders
        )
        return fail(report, "another program holds TCP port 988, and LNet is not up", *held[:3])
    return ok(report, "nobody holds TCP port 988")
