"""What an EFA-enabled file system asks of security groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diag import Draft, Layer, Table, Unavailable, check, ok, skip, warn
from diag.advice.security_rules import EVERYTHING, Rule, authorize
from diag.analysis.file_systems import has_no_servers
from diag.analysis.network.paths import Clients
from diag.analysis.network.security_groups import rules_of
from diag.resources.ec2 import Instance, NetworkInterface, Permission, SecurityGroup
from diag.resources.fsx import FileSystem


@check("efa-traffic", layer=Layer.NETWORK, each="mounted_file_systems", speaks_for="efa-requirements")
def efa_may_talk(
    file_system: FileSystem,
    network_interfaces: Table[NetworkInterface],
    security_groups: Table[SecurityGroup],
    clients: dict[str, Clients] | Unavailable,
    instances: Table[Instance] | Unavailable,
) -> Iterator[Draft]:
    """The groups of an EFA-enabled file system let all traffic to and from themselves and its EFA clients through.

    EFA is no IP traffic: rules by port or by range do not cover it, 0.0.0.0/0 neither, so that each group has to name
    the other in both directions. A client without an EFA interface mounts over TCP all the same.

    pass: the groups of each ENI allow every protocol from and to themselves, and so do they and the groups of the
        nodes' EFA interfaces among each other
    warn: some do not; what then stays is TCP
    unknown: ENIs or groups could not be read
    skip: EFA is not enabled, or the file system has no ENIs to look at
    source: FSx for Lustre user guide, efa-file-systems, limit-access-security-groups and cannot-create-fs; EKS user
        guide, sec-group-reqs (self rules for EFA traffic)
    """
    reason = has_no_servers(file_system) or ("" if file_system.lustre.efa_enabled else "EFA is not enabled")
    if reason:
        yield skip(file_system, reason)
        return
    servers = dict.fromkeys(network_interfaces[id].group_ids for id in file_system.network_interface_ids)
    nodes = _efa_groups(file_system, clients, instances)
    pairs = dict.fromkeys(
        (*((ids, ids) for ids in servers), *((a, b) for s in servers for n in nodes for a, b in ((s, n), (n, s))))
    )
    closed = [
        (ids, others, egress)
        for ids, others in pairs
        for egress in (False, True)
        if not _lets_all(rules_of(security_groups, ids, egress=egress), others)
    ]
    if not closed:
        whom = "themselves and the nodes' EFA interfaces" if nodes else "themselves"
        yield ok(file_system, f"its groups let all traffic among {whom} through, as EFA needs")
        return
    lacking = "; ".join(
        f"{', '.join(ids)} {'outbound to' if egress else 'inbound from'} {', '.join(others)}"
        for ids, others, egress in closed
    )
    fix = authorize(
        [Rule(ids[0], others[0], EVERYTHING, is_egress=egress) for ids, others, egress in closed if ids and others]
    )
    message = f"EFA is enabled, and no rule that names the group lets all traffic through: {lacking}"
    yield warn(file_system, message, cause="efa-requirements", fix=fix)


def _efa_groups(
    file_system: FileSystem, clients: dict[str, Clients] | Unavailable, instances: Table[Instance] | Unavailable
) -> tuple[tuple[str, ...], ...]:
    """The sets of groups on EFA interfaces of the nodes that mount it; none where none has one, or none was read."""
    if isinstance(clients, Unavailable) or isinstance(instances, Unavailable):
        return ()
    nodes = (node for group in clients[file_system.id].groups for node in group.nodes)
    found = (instances.get(node.instance_id) for node in nodes)
    sets = (one.efa_groups for one in found if isinstance(one, Instance))
    return tuple(dict.fromkeys(ids for ids in sets if ids))


def _lets_all(rules: Sequence[Permission], ids: Sequence[str]) -> bool:
    """By a rule for every protocol that names one of the groups: no range covers EFA."""
    return any(
        rule.ip_protocol == "-1" and any(pair.group_id in ids for pair in rule.user_id_group_pairs) for rule in rules
    )
