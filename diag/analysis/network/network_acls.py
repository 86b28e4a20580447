"""What network ACLs let through, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable

from diag.analysis.network.security_groups import holds
from diag.resources.ec2 import AclEntry, NetworkAcl


def acl_of(subnet_id: str, acls: Iterable[NetworkAcl]) -> NetworkAcl | None:
    """The ACL that guards a subnet: every subnet has exactly one."""
    return next((acl for acl in acls if any(a.subnet_id == subnet_id for a in acl.associations)), None)


def deciding(acl: NetworkAcl, port: int, address: str, *, egress: bool) -> AclEntry | None:
    """The entry that decides on TCP to a destination port, from (or to) an IPv4 address.

    None is the implicit deny at the end. Source: Amazon VPC user guide, network ACL rules.
    """
    fitting = (
        entry
        for entry in sorted(acl.entries, key=lambda entry: entry.rule_number)
        if entry.egress is egress and entry.protocol in ("-1", "6") and holds(entry.cidr_block, address)
    )
    return next((entry for entry in fitting if _has_port(entry, port)), None)


def lets(acl: NetworkAcl, port: int, address: str, *, egress: bool) -> bool:
    """Whether the ACL lets TCP to a destination port through."""
    entry = deciding(acl, port, address, egress=egress)
    return entry is not None and entry.rule_action == "allow"


def _has_port(entry: AclEntry, port: int) -> bool:
    ports = entry.port_range
    return entry.protocol == "-1" or ports is None or ports.from_ <= port <= ports.to
