"""Security groups: may the nodes reach port 988 of every file-system ENI."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Table, Unavailable, check, fail, ok, unknown, warn
from diag.facts.ec2 import Instance, NetworkInterface, PrefixList, SecurityGroup, Subnet
from diag.facts.fsx import FileSystem
from diag.facts.kubernetes import Node
from diag.facts.paths import ClientGroup, Gap, client_groups_of, missing_self_rules, port_gaps
from diag.facts.security import MGS_PORT


@check("security-groups", layer=Layer.NETWORK, each="mounted_file_systems",
       speaks_for=("sg-missing-988", "sg-egress-blocked", "sg-lustre-rules-incomplete"))  # fmt: skip
def security_groups_admit_clients(
    file_system: FileSystem,
    network_interfaces: Table[NetworkInterface],
    security_groups: Table[SecurityGroup],
    prefix_lists: Table[PrefixList],
    instances: Table[Instance],
    mounting_nodes: tuple[Node, ...],
) -> Iterator[Draft]:
    """The security groups let every node reach ports 988 and 1018-1023 of every ENI of the file system.

    A client talks to MGS, MDS and OSS on different ENIs, each with its own groups, so one ENI without the rule is
    enough to break a mount. What counts are the groups of the node's primary interface: Lustre traffic leaves there,
    never through a pod's own ENI. A missing 988 makes the mount hang and end in a time-out or an I/O error.

    pass: every ENI admits 988 and 1018-1023 from every node, and the nodes' groups let it out
    warn: 988 is open but 1018-1023 is not; AWS documents both, the mount works, reconnects may not
    fail: an ENI does not admit 988 from a node, or a node's groups do not let 988 out
    unknown: ENIs, groups or the nodes' instances could not be read
    source: FSx for Lustre user guide, limit-access-security-groups; Lustre 2.15 lnet/lnet/acceptor.c
    """
    enis = [network_interfaces[id] for id in file_system.network_interface_ids]
    if not enis:
        yield unknown(file_system, f"FSx names no network interface of {file_system.id}, so no group can be looked at")
        return
    found = client_groups_of(mounting_nodes, instances)
    if not found.clients:
        yield unknown(file_system, "no node's EC2 instance could be read", because=found.unread[:1])
        return
    healthy = True
    for client in found.clients:
        for gap in port_gaps(client, enis, security_groups, prefix_lists):
            healthy = False
            yield _draft(gap, file_system, client)
    if healthy:
        groups = sorted({group for eni in enis for group in eni.group_ids})
        told = f"{len(enis)} ENI(s) of {file_system.id} admit 988 and 1018-1023 from the nodes"
        yield ok(
            file_system,
            told,
            f"groups of the ENIs: {', '.join(groups)}",
            concerns=[n for c in found.clients for n in c.nodes],
        )
    if found.unread:
        yield unknown(
            file_system, f"{len(found.unread)} node(s) have no readable EC2 instance", because=found.unread[:1]
        )


def _draft(gap: Gap, file_system: FileSystem, client: ClientGroup) -> Draft:
    nodes = f"node group {', '.join(client.groups)} ({client.nodes[0].name}" + (
        f" and {len(client.nodes) - 1} more)" if len(client.nodes) > 1 else ")"
    )
    enis = ", ".join(eni.network_interface_id for eni in gap.enis)
    concerns = (*client.nodes, *gap.enis)
    if gap.is_egress:
        fix = _authorize("egress", client.groups[0], gap.ports, gap.groups[0])
        return fail(
            file_system,
            f"{nodes} does not let tcp {gap.ports} out to {enis}",
            cause="sg-egress-blocked",
            fix=fix,
            concerns=concerns,
        )
    fix = _authorize("ingress", gap.groups[0], gap.ports, client.groups[0])
    message = f"{', '.join(gap.groups)} on {enis} does not admit tcp {gap.ports} from {nodes}"
    if gap.ports == str(MGS_PORT):
        return fail(file_system, message, *gap.evidence, cause="sg-missing-988", fix=fix, concerns=concerns)
    return warn(file_system, message, *gap.evidence, cause="sg-lustre-rules-incomplete", fix=fix, concerns=concerns)


@check("security-groups-self", layer=Layer.NETWORK, each="mounted_file_systems", speaks_for="sg-self-rule-missing")
def security_groups_admit_servers(
    file_system: FileSystem,
    network_interfaces: Table[NetworkInterface],
    security_groups: Table[SecurityGroup],
    subnets: Table[Subnet] | Unavailable,
) -> Iterator[Draft]:
    """The file system's own servers may talk to each other on ports 988 and 1018-1023.

    AWS asks for a rule from the group to itself, or from the whole subnet, and refuses most creations without it.
    A file system that exists without it may mount all the same.

    pass: the ENIs' groups admit both port ranges from themselves or from the subnet
    warn: they do not
    unknown: ENIs or groups could not be read
    source: FSx for Lustre user guide, limit-access-security-groups and cannot-create-fs
    """
    enis = [network_interfaces[id] for id in file_system.network_interface_ids]
    missing = missing_self_rules(enis, security_groups, subnets)
    if not missing:
        yield ok(file_system, "its groups admit 988 and 1018-1023 from themselves")
        return
    for group, ports in missing:
        fix = _authorize("ingress", group, ports, group)
        message = f"{group} has no rule to itself for tcp {ports}: AWS asks for one between the file servers"
        yield warn(file_system, message, cause="sg-self-rule-missing", fix=fix)


def _authorize(direction: str, group: str, ports: str, peer: str) -> Fix:
    side = f"aws ec2 authorize-security-group-{direction} --group-id {group}"
    if direction == "ingress":
        command = f"{side} --protocol tcp --port {ports} --source-group {peer}"
    else:
        low, _, high = ports.partition("-")
        command = f"{side} --ip-permissions IpProtocol=tcp,FromPort={low},ToPort={high or low},UserIdGroupPairs=[{{GroupId={peer}}}]"
    undo = command.replace("authorize-", "revoke-", 1)
    return Fix((command,), f"opens tcp {ports} {'from' if direction == 'ingress' else 'to'} {peer} alone", undo)
