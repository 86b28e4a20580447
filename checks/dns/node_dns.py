"""The volumes' DNS names resolve on every node, to an address of a file system's ENI."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Table, Unavailable, check, fail, ok, skip
from diag.analysis.nodes.differential import Fleet, judge_nodes, not_reported
from diag.resources.ec2 import NetworkInterface
from diag.resources.node_report import NodeReport, Vantage

TIMED_OUT = (124, 137)


@check("node-dns", layer=Layer.DNS, speaks_for=("dns-resolution-failure", "dns-wrong-address"))
def node_resolves_names(fleet: Fleet, network_interfaces: Table[NetworkInterface] | Unavailable) -> Iterator[Draft]:
    """The volumes' DNS names resolve on every node, to an address of a file system's ENI.

    Through exec it is the driver's container that resolves, just as mount.lustre does it; over SSH, SSM and local
    the node, whose resolver the container may not use.

    pass: every name resolves to a known ENI (which refutes the causes where mount.lustre's own resolver answered)
    fail: a name does not resolve, or leads to an address that no ENI of the file systems has
    unknown: the node did not say
    skip: the volumes give no name to ask, or no node was inspected
    source: Lustre 2.15 utils/mount_lustre.c; getent(1)
    """
    enis = None if isinstance(network_interfaces, Unavailable) else {i.private_ip_address for i in network_interfaces}
    yield from judge_nodes(fleet, lambda report: _names(report, enis))


def _names(report: NodeReport, enis: set[str] | None) -> Draft:
    if report.names is None:
        return not_reported(report, "names")
    servers = ", ".join(report.resolver.nameservers) if report.resolver else "its resolver"
    for answer in report.names:
        if not answer.addresses:
            why = f"no answer in time from {servers}" if answer.exit_status in TIMED_OUT else "there is no such name"
            return fail(report, f"{answer.name} does not resolve there: {why}", cause="dns-resolution-failure")
        if enis and not enis & set(answer.addresses):
            message = f"{answer.name} leads to {', '.join(answer.addresses)} there, which is no ENI of the file systems"
            return fail(report, message, cause="dns-wrong-address")
    if not report.names:
        return skip(report, "no volume gives a name to ask")
    refutes = ("dns-resolution-failure", "dns-wrong-address") if report.vantage is Vantage.POD and enis else ()
    shown = tuple(f"{answer.name} → {', '.join(answer.addresses)}" for answer in report.names)
    return ok(report, f"{len(report.names)} name(s) resolve there", *shown, rules_out=refutes)
