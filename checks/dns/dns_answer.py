"""What DNS answers to the name of a volume."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Reason, Table, Unavailable, Unreadable, check, fail, ok, skip, unknown, warn
from diag.analysis.attributes import DNS_NAME, HOST_NAME, is_address
from diag.analysis.file_systems import file_system_of, has_no_servers, meant_cache
from diag.analysis.network.names import NameStanding
from diag.grammar.unfilled import is_stand_in
from diag.resources.ec2 import NetworkInterface
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume
from diag.resources.reachability import DnsAnswer, Resolution

WHAT_IT_MEANS = {
    Resolution.NO_NAME: "there is no such name (NXDOMAIN)",
    Resolution.NO_ADDRESS: "the name has no address record",
    Resolution.SERVER_FAILED: "the server failed (SERVFAIL)",
    Resolution.REFUSED: "the server refuses to answer",
    Resolution.TIMEOUT: "no answer in time",
    Resolution.UNREACHABLE: "the server cannot be reached",
}


ASK_ANOTHER = "see whether this machine reaches it, or name another with --dns-server"

RESOLVES = (
    "dns-resolution-failure", "dns-wrong-address", "dns-outside-vpc", "vpc-dns-disabled", "custom-dns-servers",
    "private-zone-shadows-name",
)  # fmt: skip


@check("dns-answer", layer=Layer.DNS, each="volumes", speaks_for=("dns-resolution-failure", "dns-wrong-address"))
def dns_answers_the_file_system(
    volume: PersistentVolume,
    name_standings: dict[str, NameStanding],
    file_systems: Table[FileSystem] | Unavailable,
    network_interfaces: Table[NetworkInterface] | Unavailable,
) -> Iterator[Draft]:
    """The volume's name resolves, to the address of its file system's primary ENI.

    mount.lustre resolves the name before it asks the kernel for anything; a name that does not resolve ends in "Can't
    parse NID" and exit status 22, a wrong address in an I/O error. What this machine sees counts when it is in the
    file system's VPC or asks the server given by --dns-server; from elsewhere the name rightly need not resolve.

    pass: it resolves to the primary ENI (which refutes the causes only where the answer counts)
    warn: it resolves to an ENI of another server of the same file system
    fail: asked from inside the VPC or of --dns-server, it does not resolve or leads elsewhere
    unknown: no DNS server answered, or the name resolves and FSx or EC2 could not say to which addresses it should
    skip: mounted by address, the name is not the file system's (see dns-name), or no answer from outside the VPC
    source: FSx for Lustre user guide, mount-troubleshooting; Lustre 2.15 mount_lustre.c convert_hostnames
    """
    name = volume.dns_name or ""
    known = file_system_of(volume, file_systems)
    if reason := _not_to_be_asked(volume, name, known):
        yield skip(volume, reason)
        return
    standing = name_standings[volume.name]
    if not standing.answers:
        yield unknown(volume, f"{name} was not asked of any DNS server")
        return
    texts, last = tuple(_line(answer) for answer in standing.answers), standing.answers[-1]
    right = last.outcome is Resolution.ANSWERED and _addresses(known, network_interfaces)
    if not standing.counts and not (right and last.addresses == right[:1]):
        yield skip(volume, f"{name} cannot be judged from here: this machine is outside the VPC", *texts)
    elif last.outcome in (Resolution.TIMEOUT, Resolution.UNREACHABLE):
        # A server that this machine cannot reach says nothing about the nodes, which may ask another or another way.
        why = Unavailable(
            f"DNS server {last.server}", Reason.UNREACHABLE, WHAT_IT_MEANS[last.outcome], remedy=ASK_ANOTHER
        )
        yield unknown(volume, f"no DNS server answered for {name}", *texts, because=(why,))
    elif not right:
        yield fail(volume, f"{name} does not resolve: {WHAT_IT_MEANS[last.outcome]}", *texts)
    elif foreign := [address for address in last.addresses if address not in right]:
        message = f"{name} leads to {', '.join(foreign)}, which is no ENI of the file system ({', '.join(right)})"
        yield fail(volume, message, *texts, cause="dns-wrong-address")
    elif right[0] not in last.addresses:
        message = f"{name} leads to {', '.join(last.addresses)}, an ENI of another server; the primary is {right[0]}"
        yield warn(volume, message, *texts, cause="dns-wrong-address")
    else:
        yield ok(
            volume,
            f"{name} resolves to {right[0]}, the primary ENI",
            *texts,
            rules_out=RESOLVES if standing.counts else (),
        )


def _not_to_be_asked(volume: PersistentVolume, name: str, known: FileSystem | Unavailable) -> str:
    """Why no answer to the name would mean anything; empty when one does."""
    if not name or is_stand_in(name) or not HOST_NAME.fullmatch(name):
        return "the volume gives no name that could be asked (see dns-name)"
    if is_address(name):
        return f"the volume is mounted by address ({name}): no name is asked"
    ours = DNS_NAME.fullmatch(name.lower().removesuffix("."))
    if isinstance(known, Unavailable):
        if meant_cache(volume):
            return f"{name} is of an Amazon File Cache, whose servers FSx does not list"
        return f"FSx has no file system behind {name}" if ours and known.reason is Reason.ABSENT else ""
    if reason := has_no_servers(known):
        return reason
    if ours and known.dns_name and ours[0] != known.dns_name.lower():
        return f"{name} is not the name of {known.id} (see dns-name)"
    return ""


def _addresses(
    known: FileSystem | Unavailable, network_interfaces: Table[NetworkInterface] | Unavailable
) -> tuple[str, ...]:
    """Addresses of the file system's ENIs, the primary one first, at least one. Raises Unreadable."""
    if isinstance(known, Unavailable):
        raise Unreadable(known)
    if isinstance(network_interfaces, Unavailable):
        raise Unreadable(network_interfaces)
    if not known.network_interface_ids:
        raise Unreadable(Unavailable(f"NetworkInterfaceIds of {known.id}", Reason.ABSENT, "FSx names none"))
    return tuple(network_interfaces[id].private_ip_address for id in known.network_interface_ids)


def _line(answer: DnsAnswer) -> str:
    texts = ", ".join(answer.addresses) or answer.detail or WHAT_IT_MEANS.get(answer.outcome, answer.outcome.value)
    return f"DNS {answer.server or '(no server)'} on {answer.name}: {texts}"
