"""The nc-style probe: does port 988 of every ENI accept a connection from here."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Table, Unavailable, check, fail, ok, skip, unknown
from diag.analysis.file_systems import has_no_servers, may_be_silent
from diag.analysis.network.vantage import is_within_reach
from diag.resources.ec2 import NetworkInterface, Vpc
from diag.resources.fsx import FileSystem
from diag.resources.reachability import Connect, TcpAnswer

WHAT_IT_MEANS = {
    Connect.REFUSED: "the host answers but nothing listens: not a Lustre server, or it is down",
    Connect.TIMEOUT: "no answer: a security group, a network ACL or a route drops it",
    Connect.NO_ROUTE: "there is no route to it",
    Connect.FAILED: "the connection could not be tried",
}


@check("tcp-988", layer=Layer.NETWORK, each="mounted_file_systems", speaks_for="mgs-unreachable-network")
def port_988_accepts(
    file_system: FileSystem,
    network_interfaces: Table[NetworkInterface],
    tcp_answers: tuple[TcpAnswer, ...],
    vpcs: Table[Vpc] | Unavailable,
) -> Iterator[Draft]:
    """Port 988 of every ENI of the file system accepts a TCP connection from where lustre-doctor runs.

    Each connection is closed at once: an idle one would make every other client wait. That a port accepts does not
    prove Lustre behind it (`lustre-doctor probe` does), nor that the nodes reach it; that it does not accept proves
    something only where this machine has a path into the file system's VPC.

    pass: every ENI accepts; that the nodes reach it too is not proved by it
    fail: an ENI does not, although this machine is in the VPC or reaches another ENI of the same file system
    unknown: FSx or EC2 did not give the addresses
    skip: no ENI accepts and this machine is outside the VPC, which says nothing about the nodes; or FSx itself has the
        servers down (being created, deleted or updated, failed, misconfigured), or it is none of Lustre
    source: Lustre 2.15.8 lnet/lnet/acceptor.c
    """
    if reason := has_no_servers(file_system):
        yield skip(file_system, reason)
        return
    addresses = [network_interfaces[id].private_ip_address for id in file_system.network_interface_ids]
    by_address = {answer.address: answer for answer in tcp_answers}
    answers = [by_address[address] for address in addresses if address in by_address]
    if not answers:
        yield unknown(file_system, f"no address of {file_system.id} is known, so none could be tried")
        return
    text = tuple(_line(answer) for answer in answers)
    closed = [answer for answer in answers if answer.outcome is not Connect.OPEN]
    inside = is_within_reach(answers, vpcs, file_system.vpc_id)
    if not closed:
        proves = ("eni-not-in-use",) if inside else ()
        message = f"port {answers[0].port} of all {len(answers)} ENI(s) accepts from here"
        yield ok(file_system, message, *text, rules_out=proves)
    elif reason := may_be_silent(file_system):
        yield skip(file_system, reason, *text)
    elif inside or len(closed) < len(answers):
        first = closed[0]
        message = f"{first.address} port {first.port} {first.outcome.value}: {WHAT_IT_MEANS[first.outcome]}"
        yield fail(file_system, message, *text)
    else:
        vpc = file_system.vpc_id or "the VPC"
        message = f"port {answers[0].port} cannot be judged from here: this machine is outside {vpc}"
        yield skip(file_system, message, *text)


def _line(answer: TcpAnswer) -> str:
    if answer.outcome is Connect.OPEN:
        return f"Connection to {answer.address} {answer.port} port [tcp] succeeded"
    return f"connect to {answer.address} port {answer.port} (tcp) failed: {answer.outcome.value}"
