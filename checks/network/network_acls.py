"""Network ACLs of the nodes' and the file servers' subnets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from diag import Draft, Fix, Layer, Reason, Table, Unavailable, Unreadable, check, fail, ok, skip, warn
from diag.advice.steps import change, undo
from diag.analysis.file_systems import has_no_servers
from diag.analysis.network.network_acls import acl_of, deciding
from diag.analysis.network.paths import Clients, Crossing, crossings, enis_of
from diag.analysis.network.routing import table_of, way_to
from diag.analysis.network.transit import subnets_of
from diag.analysis.nodes.eligibility import node_list
from diag.knowledge.lustre_ports import LUSTRE_PORT, SOURCE_PORTS
from diag.model.fix import Step
from diag.resources.ec2 import AclEntry, NetworkAcl, NetworkInterface, PrefixList, RouteTable, Subnet
from diag.resources.fsx import FileSystem
from diag.resources.transit_gateway import TransitNetwork

HIGHEST = 32766
"""Rule numbers go so far. Source: EC2 API reference, CreateNetworkAclEntry."""
ANSWERS = (512, 1023)
"""The source ports that a Lustre client may take. Source: Lustre 2.15.8 lnet/lnet/acceptor.c."""


@check("network-acls", layer=Layer.NETWORK, each="mounted_file_systems", speaks_for="nacl-blocks-lustre")
def network_acls_pass_lustre(
    file_system: FileSystem,
    network_interfaces: Table[NetworkInterface],
    clients: dict[str, Clients],
    network_acls: tuple[NetworkAcl, ...],
    subnets: Table[Subnet] | Unavailable,
    route_tables: tuple[RouteTable, ...] | Unavailable,
    prefix_lists: Table[PrefixList] | Unavailable,
    transit_network: TransitNetwork | Unavailable,
) -> Iterator[Draft]:
    """Network ACLs let Lustre's packets through in both directions.

    An ACL remembers nothing: the answer needs an entry of its own. A Lustre client connects from the privileged ports
    1023 downwards, and FSx takes no others, so that the usual entry for answers, 1024-65535, drops them: the connect is
    never answered. Inside one subnet no ACL applies. Over a transit gateway the ACLs of the subnets in which it stands
    count as well, where it has those to itself.

    pass: 988 to the servers and 1018-1023 back to the nodes are let through by the ACLs of both subnets
    warn: answers to 1023, the first port that a client takes, come through, to some of 1018-1022 not
    fail: 988 to the servers, or the answer to 1023, is denied or has no entry
    unknown: ACLs or ENIs could not be read (where a gateway was not seen, the ACLs at its subnets are not judged)
    skip: the file system has no ENIs to look at, or every node is in the servers' own subnet
    source: Amazon VPC user guide, network ACLs; Amazon VPC Transit Gateways guide, tgw-nacls; Lustre 2.15.8
        lnet/lnet/acceptor.c (source ports 1023 to 512); aws-fsx-csi-driver docs/troubleshooting.md (those of FSx)
    """
    enis = enis_of(file_system, network_interfaces)
    if not enis:
        yield skip(file_system, has_no_servers(file_system))
        return
    crossed = [c for c in crossings(clients[file_system.id].groups, enis) if c.client.subnet_id != c.server_subnet]
    if not crossed:
        yield skip(file_system, "every node is in the subnet of the file servers, where no network ACL applies")
        return
    closed = [closing for crossing in crossed for closing in _closings(crossing, network_acls)]
    if not isinstance(route_tables, Unavailable) and not isinstance(transit_network, Unavailable):
        for crossing in crossed:
            over = _gateway_of(crossing, route_tables, prefix_lists)
            closed += _at_gateway(crossing, over, network_acls, transit_network) if over else ()
    fix = _let_through(closed, subnets)
    for closing in closed:
        yield _blocked(file_system, closing, fix)
    if not closed:
        further = [
            f"AWS also documents this, a mount does without it: {message}"
            for message in _calls_back(crossed, network_acls)
        ]
        message = "the network ACLs let 988 to its servers and 1018-1023 back to the nodes through"
        yield ok(file_system, message, *further)


def _calls_back(crossed: Sequence[Crossing], acls: Sequence[NetworkAcl]) -> dict[str, None]:
    """Where an ACL does not let the servers connect to 988 of the nodes, as they may do for a reconnect."""
    found: dict[str, None] = {}
    for crossing in crossed:
        nodes, servers = _acl(crossing.client.subnet_id, acls), _acl(crossing.server_subnet, acls)
        to_nodes = crossing.node_addresses(entry.cidr_block for acl in (nodes, servers) for entry in acl.entries)
        ends = ((servers, to_nodes, True, "out to the nodes"), (nodes, crossing.eni_addresses, False, "in from it"))
        for acl, others, egress, way in ends:
            if not all(_open(acl, LUSTRE_PORT, address, egress) for address in others):
                found[f"{acl.network_acl_id} does not let tcp {LUSTRE_PORT} {way}"] = None
    return found


class _Closing(NamedTuple):
    """One direction in which an ACL lets Lustre's packets through for no or not for all ports."""

    crossing: Crossing
    acl: NetworkAcl
    subnet: str
    other_subnet: str
    ports: tuple[int, ...]
    others: tuple[str, ...]
    egress: bool

    @property
    def denies(self) -> AclEntry | None:
        """The entry that denies; None where no entry allows."""
        found = (deciding(self.acl, self.ports[0], address, egress=self.egress) for address in self.others)
        entry = next(filter(None, found), None)
        return entry if entry and entry.rule_action == "deny" else None

    @property
    def is_request(self) -> bool:
        """It is the client's own connect that does not come through."""
        return self.ports == (LUSTRE_PORT,)


def _closings(crossing: Crossing, acls: Sequence[NetworkAcl]) -> Iterator[_Closing]:
    near, far = crossing.client.subnet_id, crossing.server_subnet
    nodes, servers = _acl(near, acls), _acl(far, acls)
    to_servers = crossing.eni_addresses
    to_nodes = crossing.node_addresses(entry.cidr_block for acl in (nodes, servers) for entry in acl.entries)
    for acl, subnet, other, ports, others, egress in (
        (nodes, near, far, (LUSTRE_PORT,), to_servers, True),
        (servers, far, near, (LUSTRE_PORT,), to_nodes, False),
        (servers, far, near, tuple(SOURCE_PORTS), to_nodes, True),
        (nodes, near, far, tuple(SOURCE_PORTS), to_servers, False),
    ):
        closed = tuple(port for port in ports if not all(_open(acl, port, address, egress) for address in others))
        if closed:
            yield _Closing(crossing, acl, subnet, other, closed, others, egress)


def _gateway_of(crossing: Crossing, tables: Sequence[RouteTable], prefix_lists: Table[PrefixList] | Unavailable) -> str:
    """The transit gateway over which the nodes' packets go; empty where they take another way."""
    table = table_of(Subnet(crossing.client.subnet_id, crossing.client.vpc_id), tables)
    route = way_to(crossing.eni_addresses[0], table, prefix_lists)[1] if table else None
    return route.transit_gateway_id if route else ""


def _at_gateway(
    crossing: Crossing, gateway: str, acls: Sequence[NetworkAcl], network: TransitNetwork
) -> Iterator[_Closing]:
    """The same for the subnets in which a transit gateway stands, where each of them on one side closes.

    Such an ACL judges by the end in its own VPC: inbound what that sends to the gateway, outbound what it gets from it.
    In a subnet that the gateway shares with that end only the rules for the end itself count.
    Source: Amazon VPC Transit Gateways guide, tgw-nacls.
    """
    client, answers = crossing.client, tuple(SOURCE_PORTS)
    nodes = crossing.node_addresses(entry.cidr_block for acl in acls for entry in acl.entries)
    for vpc, own, ends, sent, got in (
        (client.vpc_id, client.subnet_id, nodes, (LUSTRE_PORT,), answers),
        (crossing.enis[0].vpc_id, crossing.server_subnet, crossing.eni_addresses, answers, (LUSTRE_PORT,)),
    ):
        stands = subnets_of(gateway, vpc, network)
        guards = [(id, acl) for id in stands if (acl := acl_of(id, acls))] if own not in stands else []
        for ports, egress in ((sent, False), (got, True)):
            found = [
                _Closing(crossing, acl, id, own, closed, ends, egress)
                for id, acl in guards
                if (closed := tuple(p for p in ports if not all(_open(acl, p, end, egress) for end in ends)))
            ]
            if found and len(found) == len(stands):
                yield found[0]


def _open(acl: NetworkAcl, port: int, address: str, egress: bool) -> bool:
    entry = deciding(acl, port, address, egress=egress)
    return entry is not None and entry.rule_action == "allow"


def _acl(subnet_id: str, acls: Sequence[NetworkAcl]) -> NetworkAcl:
    acl = acl_of(subnet_id, acls)
    if acl is None:
        what = f"network ACL of {subnet_id}"
        raise Unreadable(Unavailable(what, Reason.ABSENT, "this account has no ACL of that subnet"))
    return acl


def _blocked(file_system: FileSystem, closing: _Closing, fix: Fix) -> Draft:
    closed, entry = closing.ports, closing.denies
    ports = f"{closed[0]}-{closed[-1]}" if len(closed) > 1 else str(closed[0])
    what = f"tcp {ports}" if closing.is_request else f"the answers to tcp {ports}, Lustre's own source ports"
    way = f"{'out to' if closing.egress else 'in from'} {closing.others[0]}"
    why = f"entry {entry.rule_number} denies it" if entry else "no entry allows it"
    nodes = closing.crossing.client.nodes
    is_sure = closing.is_request or SOURCE_PORTS[-1] in closed
    return (fail if is_sure else warn)(
        file_system, f"{closing.acl.network_acl_id} of {closing.subnet} does not let {what} {way}: {why}",
        f"nodes: {node_list(nodes)}", cause="nacl-blocks-lustre", fix=fix, concerns=nodes,
    )  # fmt: skip


def _let_through(closed: Sequence[_Closing], subnets: Table[Subnet] | Unavailable) -> Fix:
    """One entry for each direction, from the other side's whole subnet, before the entry that denies.

    Where no number is free before that one, it is made again behind, and its own number taken.
    """
    taken = {(c.acl.network_acl_id, e.egress, e.rule_number) for c in closed for e in c.acl.entries}
    steps: dict[Step, Step] = {}
    for closing in closed:
        acl, egress, denies = closing.acl.network_acl_id, closing.egress, closing.denies
        last = denies.rule_number - 1 if denies else 90
        number = next((n for n in range(last, 0, -1) if (acl, egress, n) not in taken), None)
        taken.add((acl, egress, number or 0))
        other = subnets if isinstance(subnets, Unavailable) else subnets.get(closing.other_subnet)
        names = {"acl": acl, "cidr": other.cidr_block if isinstance(other, Subnet) else ""}
        side = "--network-acl-id {acl} --" + ("egress" if egress else "ingress") + " --rule-number {rule_number}"
        low, high = (LUSTRE_PORT, LUSTRE_PORT) if closing.is_request else ANSWERS
        allow = f"{side} --protocol tcp --port-range From={low},To={high} --cidr-block {{cidr}} --rule-action allow"
        effect = "Write one entry, for the whole subnet of the other side."
        if number is not None or denies is None:
            at = {**names, "rule_number": str(number or "")}
            made = change(f"aws ec2 create-network-acl-entry {allow}", at, changes=effect)
            steps[made] = undo(f"aws ec2 delete-network-acl-entry {side}", at)
            continue
        behind = next(n for n in range(denies.rule_number + 1, HIGHEST) if (acl, egress, n) not in taken)
        taken.add((acl, egress, behind))
        at = {**names, "rule_number": str(denies.rule_number)}
        old = {"acl": acl, "cidr": denies.cidr_block, "rule_number": str(behind)}
        deny = f"{side} {_what(denies)} --cidr-block {{cidr}} --rule-action deny"
        again = change(
            f"aws ec2 create-network-acl-entry {deny}", old, changes="Write the entry that denies once more."
        )
        steps[again] = undo(f"aws ec2 delete-network-acl-entry {side}", old)
        taking = change(f"aws ec2 replace-network-acl-entry {allow}", at, changes=f"{effect} It replaces the first.")
        back = {**old, "rule_number": str(denies.rule_number)}
        steps[taking] = undo(f"aws ec2 replace-network-acl-entry {deny}", back)
    return Fix((*steps, *steps.values()))


def _what(entry: AclEntry) -> str:
    """The protocol and ports of an entry, as the command takes them."""
    if entry.protocol == "-1" or entry.port_range is None:
        return "--protocol all" if entry.protocol == "-1" else "--protocol tcp"
    return f"--protocol tcp --port-range From={entry.port_range.from_},To={entry.port_range.to}"
