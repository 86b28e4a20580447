"""The way from the node to the file system: name, TCP, source port."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Table, Unavailable, check, fail, ok, skip
from diag.analysis.nodes.differential import Fleet, not_told, tell
from diag.resources.ec2 import NetworkInterface
from diag.resources.node_report import NodeTruth, Vantage
from diag.resources.reachability import Connect

TIMED_OUT = (124, 137)
UNREACHED = "mgs-unreachable-network"


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
    told = tuple(f"{truth.node} → {a.address}:{a.port} {a.outcome.value} {a.detail}".strip() for a in closed[:3])
    if truth.vantage is Vantage.POD:
        return skip(truth, "the driver's container connects from the pod's address, not from the node's", *told)
    if truth.connects is None:
        return not_told(truth, "connects")
    if not truth.connects:
        return skip(truth, "no address of a file system is known")
    if closed:
        answers = sorted({answer.outcome.value for answer in closed})
        count = f"{len(closed)} of {len(truth.connects)} ENI(s)"
        return fail(truth, f"port {closed[0].port} of {count} does not accept from there: {', '.join(answers)}", *told)
    return ok(truth, f"port {truth.connects[0].port} of all {len(truth.connects)} ENI(s) accepts from there")


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
    yield from tell(fleet, lambda truth: _source_ports(truth, fleet.addresses.get(truth.node, ())))


def _source_ports(truth: NodeTruth, own: tuple[str, ...]) -> Draft:
    if truth.translations is None:
        return not_told(truth, "translations")
    sources = {*own, *(nid.partition("@")[0] for nid in truth.nids or ())}
    lnet = [t for t in truth.translations if t.source_port < 1024 and (not sources or t.source_address in sources)]
    rewritten = [t for t in lnet if t.is_rewritten]
    if rewritten:
        shown = (f"{truth.node}: {t.source_address}:{t.source_port} → {t.server} seen as "
                 f"{t.seen_address}:{t.seen_port}" for t in rewritten[:3])  # fmt: skip
        return fail(truth, "the source port of its connections to 988 is rewritten on the node", *shown)
    if not lnet:
        return skip(truth, "its connection tracking shows no connection of Lustre's")
    return ok(truth, "its connections to 988 keep their source port")
