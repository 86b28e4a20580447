"""Network ACLs of the nodes' and the file servers' subnets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diag import Draft, Fix, Layer, Reason, Table, Unavailable, Unreadable, check, fail, ok, skip, warn
from diag.analysis.file_systems import has_no_servers
from diag.analysis.network.network_acls import acl_of, deciding
from diag.analysis.network.paths import Clients, Crossing, crossings, enis_of
from diag.analysis.network.security_groups import MGS_PORT, RETURN_PORTS
from diag.analysis.nodes.eligibility import told
from diag.resources.ec2 import NetworkAcl, NetworkInterface
from diag.resources.fsx import FileSystem


@check("network-acls", layer=Layer.NETWORK, each="mounted_file_systems", speaks_for="nacl-blocks-lustre")
def network_acls_pass_lustre(
    file_system: FileSystem,
    network_interfaces: Table[NetworkInterface],
    clients: dict[str, Clients],
    network_acls: tuple[NetworkAcl, ...],
) -> Iterator[Draft]:
    """Network ACLs let Lustre's packets through in both directions.

    An ACL remembers nothing: the answer needs an entry of its own. A Lustre client connects from the privileged ports
    1023 downwards, so that the usual entry for answers, 1024-65535, drops them. Inside one subnet no ACL applies.

    pass: 988 to the servers and 1018-1023 back to the nodes are let through by the ACLs of both subnets
    warn: the entry for answers to 1018-1023 is missing (worked out from the ports in Lustre's code, not documented)
    fail: 988 to the servers is denied or has no entry
    skip: the file system has no ENIs to look at, or every node is in the servers' own subnet
    unknown: ACLs or ENIs could not be read
    source: Amazon VPC user guide, network ACLs; Lustre 2.15.8 lnet/lnet/acceptor.c (source ports 1023 to 512)
    """
    enis = enis_of(file_system, network_interfaces)
    if not enis:
        yield skip(file_system, has_no_servers(file_system))
        return
    crossed = [c for c in crossings(clients[file_system.id].groups, enis) if c.client.subnet_id != c.server_subnet]
    if not crossed:
        yield skip(file_system, "every node is in the subnet of the file servers, where no network ACL applies")
        return
    shut = False
    for crossing in crossed:
        for draft in _of(file_system, crossing, network_acls):
            shut = True
            yield draft
    if not shut:
        yield ok(file_system, "the network ACLs let 988 to its servers and 1018-1023 back to the nodes through")


def _of(file_system: FileSystem, crossing: Crossing, acls: Sequence[NetworkAcl]) -> Iterator[Draft]:
    nodes, servers = _acl(crossing.client.subnet_id, acls), _acl(crossing.server_subnet, acls)
    to_servers = crossing.eni_addresses
    to_nodes = crossing.node_addresses(entry.cidr_block for acl in (nodes, servers) for entry in acl.entries)
    for acl, subnet, ports, others, egress in (
        (nodes, crossing.client.subnet_id, (MGS_PORT,), to_servers, True),
        (servers, crossing.server_subnet, (MGS_PORT,), to_nodes, False),
        (servers, crossing.server_subnet, tuple(RETURN_PORTS), to_nodes, True),
        (nodes, crossing.client.subnet_id, tuple(RETURN_PORTS), to_servers, False),
    ):
        closed = [port for port in ports if not all(_open(acl, port, address, egress) for address in others)]
        if closed:
            yield _blocked(file_system, crossing, acl, subnet, closed, others, egress)


def _open(acl: NetworkAcl, port: int, address: str, egress: bool) -> bool:
    entry = deciding(acl, port, address, egress=egress)
    return entry is not None and entry.rule_action == "allow"


def _acl(subnet_id: str, acls: Sequence[NetworkAcl]) -> NetworkAcl:
    acl = acl_of(subnet_id, acls)
    if acl is None:
        what = f"network ACL of {subnet_id}"
        raise Unreadable(Unavailable(what, Reason.ABSENT, "this account has no ACL of that subnet"))
    return acl


def _blocked(
    file_system: FileSystem,
    crossing: Crossing,
    acl: NetworkAcl,
    subnet: str,
    closed: Sequence[int],
    others: Sequence[str],
    egress: bool,
) -> Draft:
    ports = f"{closed[0]}-{closed[-1]}" if len(closed) > 1 else str(closed[0])
    is_request = closed == [MGS_PORT]
    entry = next((e for a in others if (e := deciding(acl, closed[0], a, egress=egress))), None)
    why = f"entry {entry.rule_number} denies it" if entry and entry.rule_action == "deny" else "no entry allows it"
    what = f"tcp {ports}" if is_request else f"the answers to tcp {ports}, Lustre's own source ports"
    message = (
        f"{acl.network_acl_id} of {subnet} does not let {what} {'out to' if egress else 'in from'} {others[0]}: {why}"
    )
    number = max(1, entry.rule_number - 1) if entry and entry.rule_action == "deny" else 90
    side = f"--network-acl-id {acl.network_acl_id} --{'egress' if egress else 'ingress'} --rule-number {number}"
    low, high = (MGS_PORT, MGS_PORT) if is_request else (512, 1023)
    fix = Fix(
        (f"aws ec2 create-network-acl-entry {side} --protocol tcp --port-range From={low},To={high}"
         f" --cidr-block <CIDR of {others[0]}> --rule-action allow",),
        "one entry; give the other side's whole subnet, and a number that is free and comes before a deny",
        f"aws ec2 delete-network-acl-entry {side}",
    )  # fmt: skip
    told_nodes = f"nodes: {told(crossing.client.nodes)}"
    draft = fail if is_request else warn
    return draft(file_system, message, told_nodes, cause="nacl-blocks-lustre", fix=fix, concerns=crossing.client.nodes)
