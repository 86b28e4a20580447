"""The security groups let every node reach port 988 of every ENI of the file system, and the further ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from diag import Draft, Fix, Layer, Table, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.security_rules import Rule, authorize
from diag.analysis.file_systems import has_no_servers
from diag.analysis.network.paths import (
    ClientGroup,
    Clients,
    Gap,
    by_reference,
    described,
    enis_of,
    further_gaps,
    request_gaps,
    server_gaps,
)
from diag.analysis.nodes.eligibility import node_list
from diag.resources.ec2 import NetworkInterface, PrefixList, RouteTable, SecurityGroup, Subnet
from diag.resources.fsx import FileSystem
from diag.resources.transit_gateway import TransitNetwork


@check(
    "security-groups",
    layer=Layer.NETWORK,
    each="mounted_file_systems",
    speaks_for=("sg-missing-988", "sg-egress-blocked", "sg-lustre-rules-incomplete"),
)
def security_groups_admit_clients(
    file_system: FileSystem,
    network_interfaces: Table[NetworkInterface],
    security_groups: Table[SecurityGroup],
    prefix_lists: Table[PrefixList],
    clients: dict[str, Clients],
    route_tables: tuple[RouteTable, ...] | Unavailable,
    subnets: Table[Subnet] | Unavailable,
    transit_network: TransitNetwork | Unavailable,
) -> Iterator[Draft]:
    """The security groups let every node reach port 988 of every ENI of the file system, and the further ports.

    A client talks to MGS, MDS and OSS on different ENIs, each with its own groups, so one ENI without the rule is
    enough to break a mount. What counts on the node's side are the groups of its primary interface: Lustre leaves
    there, whatever network policies, pod security groups or custom networking say of the pods. A rule that names a
    group counts inside a VPC, over an active peering and, of inbound rules, over a transit gateway that is told to
    pass such references on, not through a firewall or appliance. A missing 988 makes the mount hang and end in a
    time-out or an I/O error.

    pass: every ENI admits 988 from the nodes, and the nodes' groups let it out
    warn: an ENI does not admit 1018-1023 from the nodes: the mount works, reconnects may not
    fail: an ENI does not admit 988 from a node, or a node's groups do not let 988 out
    unknown: ENIs, groups, a prefix list or the nodes' instances could not be read; or only a rule that names a group
        admits the nodes, and the way goes over a transit gateway that could not be seen
    skip: the file system has no ENIs to look at (being created, deleted, failed, or none of Lustre)
    source: FSx for Lustre user guide, limit-access-security-groups; Lustre 2.15 lnet/lnet/acceptor.c; Amazon VPC user
        guide, security group rules; VPC peering guide, vpc-peering-security-groups; Transit Gateways guide, security
        group referencing
    """
    enis = enis_of(file_system, network_interfaces)
    if not enis:
        yield skip(file_system, has_no_servers(file_system))
        return
    found = clients[file_system.id]
    for client in found.groups:
        for seen, members in by_reference(client, enis, route_tables, prefix_lists, transit_network):
            yield from _of_client(file_system, seen, members, security_groups, prefix_lists, subnets)
    if found.unread or not found.groups:
        count = len(found.unread) or "no"
        yield unknown(file_system, f"{count} node(s) whose EC2 instance is not known", because=found.unread[:1])


def _of_client(
    file_system: FileSystem,
    client: ClientGroup,
    enis: Sequence[NetworkInterface],
    groups: Table[SecurityGroup],
    prefix_lists: Table[PrefixList],
    subnets: Table[Subnet] | Unavailable,
) -> Iterator[Draft]:
    who = f"{', '.join(client.groups)} ({node_list(client.nodes)})"
    for gap in request_gaps(client, enis, groups, prefix_lists):
        where = ", ".join(eni.network_interface_id for eni in gap.enis)
        evidence = described(groups, gap.groups, egress=gap.is_egress)
        if gap.is_egress:
            message, cause = f"{who} does not let tcp {gap.ports} out to {where}", "sg-egress-blocked"
        else:
            message = f"{', '.join(gap.groups)} on {where} does not admit tcp {gap.ports} from {who}"
            cause = "sg-missing-988"
        reference = client.peer.reference.outbound if gap.is_egress else client.peer.reference
        if reference.holds is False:
            message += f"; a rule that names a group does not count over {reference.why}"
        further = (
            other for other in further_gaps(client, enis, groups, prefix_lists) if _is_the_servers(other, client)
        )
        between = (one.across(client, subnets) for one in (gap, *further))
        fix = authorize_gaps((*between, *server_gaps(enis, groups, prefix_lists)))
        yield fail(file_system, message, evidence, cause=cause, fix=fix, concerns=client.nodes)
        return
    gaps = list(further_gaps(client, enis, groups, prefix_lists))
    yield ok(
        file_system,
        f"{len(enis)} ENI(s) admit 988 from {who}",
        f"groups of the ENIs: {', '.join(sorted({id for eni in enis for id in eni.group_ids}))}",
        *(
            f"AWS also documents this rule, a mount does without it: {missing(gap)}"
            for gap in gaps
            if gap.groups == client.groups
        ),
        rules_out=("sg-missing-988", "sg-egress-blocked"),
        concerns=client.nodes,
    )
    lacking = [gap for gap in gaps if _is_the_servers(gap, client)]
    if lacking:
        message = f"988 is open, the further ports are not: {'; '.join(dict.fromkeys(map(missing, lacking)))}"
        between = (gap.across(client, subnets) for gap in lacking)
        fix = authorize_gaps((*between, *server_gaps(enis, groups, prefix_lists)))
        yield warn(file_system, message, cause="sg-lustre-rules-incomplete", fix=fix, concerns=client.nodes)


def _is_the_servers(gap: Gap, client: ClientGroup) -> bool:
    return gap.groups != client.groups and not gap.is_egress


def missing(gap: Gap) -> str:
    """What a gap lacks, in words."""
    direction = "outbound to" if gap.is_egress else "inbound from"
    return f"{', '.join(gap.groups) or 'no group'} lacks tcp {gap.ports} {direction} {', '.join(gap.other) or 'them'}"


def authorize_gaps(gaps: Iterable[Gap]) -> Fix:
    """The commands that add the rules which the gaps lack."""
    rules: list[Rule] = []
    for gap in gaps:
        if gap.groups and gap.ranges is not None:
            rules += [Rule(gap.groups[0], "", gap.ports, gap.is_egress, cidr) for cidr in gap.ranges]
        elif gap.groups and gap.other:
            rules.append(Rule(gap.groups[0], gap.other[0], gap.ports, gap.is_egress))
    return authorize(rules)
