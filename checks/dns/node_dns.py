"""The volumes' DNS names resolve on every node, to an address of a file system's ENI."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Table, Unavailable, check, fail, ok, skip
from diag.analysis.nodes.differential import Fleet, not_told, tell
from diag.resources.ec2 import NetworkInterface
from diag.resources.node_report import NodeTruth, Vantage

TIMED_OUT = (124, 137)


@check("node-dns", layer=Layer.DNS, speaks_for=("dns-resolution-failure", "dns-wrong-address"))
def node_resolves_names(fleet: Fleet, network_interfaces: Table[NetworkInterface] | Unavailable) -> Iterator[Draft]:
    """The volumes' DNS names resolve on every node, to an address of a file system's ENI.

    Through exec it is the driver's container that resolves, just as mount.lustre does it; over SSH, SSM and local
    the node, whose resolver the container may not use.

    pass: every name resolves to a known ENI (which refutes the causes where mount.lustre's own resolver answered)
    fail: a name does not resolve, or leads to an address that no ENI of the file systems has
    unknown: the node did not say
    skip: the volumes give no name to ask, or no node was looked into
    source: Lustre 2.15 utils/mount_lustre.c; getent(1)
    """
    enis = None if isinstance(network_interfaces, Unavailable) else {i.private_ip_address for i in network_interfaces}
    yield from tell(fleet, lambda truth: _names(truth, enis))


def _names(truth: NodeTruth, enis: set[str] | None) -> Draft:
    if truth.names is None:
        return not_told(truth, "names")
    servers = ", ".join(truth.resolver.nameservers) if truth.resolver else "its resolver"
    for answer in truth.names:
        if not answer.addresses:
            why = f"no answer in time from {servers}" if answer.exit_status in TIMED_OUT else "there is no such name"
            return fail(truth, f"{answer.name} does not resolve there: {why}", cause="dns-resolution-failure")
        if enis and not enis & set(answer.addresses):
            message = f"{answer.name} leads to {', '.join(answer.addresses)} there, which is no ENI of the file systems"
            return fail(truth, message, cause="dns-wrong-address")
    if not truth.names:
        return skip(truth, "no volume gives a name to ask")
    refutes = ("dns-resolution-failure", "dns-wrong-address") if truth.vantage is Vantage.POD and enis else ()
    shown = tuple(f"{answer.name} → {', '.join(answer.addresses)}" for answer in truth.names)
    return ok(truth, f"{len(truth.names)} name(s) resolve there", *shown, rules_out=refutes)
