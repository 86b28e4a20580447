"""The security groups that new file systems are made with: would FSx take them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from diag import Draft, Layer, Reason, Table, Unavailable, Unreadable, check, ok, skip, warn
from diag.advice.security_rules import RULE_PORTS, Rule, authorize
from diag.analysis.network.paths import PORTS, client_groups
from diag.analysis.network.security_groups import Peer, admits, peer, rules_of
from diag.analysis.nodes.eligibility import linux_nodes
from diag.analysis.storage_classes import Demand, group_ids, subnet_ids
from diag.knowledge.lustre_ports import LUSTRE_PORT
from diag.model.unavailable import value_or
from diag.resources.ec2 import Instance, PrefixList, SecurityGroup, Subnet
from diag.resources.kubernetes import Node


@check("storageclass-groups", layer=Layer.NETWORK, each="demands", speaks_for="sg-self-rule-missing")
def groups_let_servers_talk(
    demand: Demand,
    class_groups: Table[SecurityGroup],
    class_subnets: Table[Subnet],
    prefix_lists: Table[PrefixList] | Unavailable,
    mounting_nodes: tuple[Node, ...] | Unavailable,
    instances: Table[Instance] | Unavailable,
) -> Iterator[Draft]:
    """The StorageClass's security groups let a new file system's servers reach each other on port 988.

    FSx looks at the groups before it makes a file system, and as a rule refuses with "do not permit Lustre LNET
    network traffic on port 988" when they have no rule for it from themselves or from the subnet. It has been seen to
    make one all the same, so this is a warning; the event of a refused claim says for certain.

    pass: the groups admit 988 from themselves, or from the whole subnet
    warn: they do not
    unknown: groups, subnet or a prefix list could not be read
    skip: the class names no group that EC2 has (see storageclass-network)
    source: FSx for Lustre user guide, limit-access-security-groups and cannot-create-fs
    """
    ids = group_ids(demand.parameters)
    if not ids or any(_is_absent(class_groups, id) for id in ids):
        yield skip(demand.storage_class, "it names no security group that EC2 has", concerns=demand.path)
        return
    rules = rules_of(class_groups, ids)
    if how := admits(rules, LUSTRE_PORT, _servers(demand, class_subnets), prefix_lists):
        yield ok(demand.storage_class, f"{', '.join(ids)} admit {how}", concerns=demand.path)
        return
    nodes = client_groups(linux_nodes(value_or(mounting_nodes, ())), value_or(instances, Table()))
    closed = [
        Rule(ids[0], client.groups[0], label)
        for client in nodes.groups
        for label, ports in PORTS
        if client.groups and not all(admits(rules, port, client.peer, prefix_lists) for port in ports)
    ]
    # A file system that only its own servers reach is made, and not mounted.
    fix = authorize([*(Rule(ids[0], ids[0], ports) for ports in RULE_PORTS), *closed])
    message = f"no rule of {', '.join(ids)} admits tcp 988 from the group itself or the subnet; FSx mostly refuses that"
    yield warn(demand.storage_class, message, cause=None, fix=fix, concerns=demand.path)


def _is_absent(groups: Table[SecurityGroup], id: str) -> bool:
    found = groups.get(id)
    return isinstance(found, Unavailable) and found.reason is Reason.ABSENT


def _servers(demand: Demand, subnets: Table[Subnet]) -> Peer:
    """The servers-to-be: the groups themselves, anywhere in the subnet. Raises Unreadable."""
    addresses: list[str] = []
    for id in subnet_ids(demand.parameters):
        if id in subnets:
            if not (cidr := subnets[id].cidr_block):
                raise Unreadable(
                    Unavailable(f"CidrBlock of {id}", Reason.GARBLED, "EC2 did not say the subnet's range")
                )
            network = ipaddress.ip_network(cidr, strict=False)
            addresses += [str(network[0]), str(network[-1])]
    return peer(group_ids(demand.parameters), addresses)
