"""What an EFA-enabled file system asks of security groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diag import Draft, Layer, Table, check, ok, skip, warn
from diag.advice.security_rules import EVERYTHING, Rule, authorize
from diag.analysis.file_systems import has_no_servers
from diag.analysis.network.security_groups import rules_of
from diag.resources.ec2 import NetworkInterface, Permission, SecurityGroup
from diag.resources.fsx import FileSystem


@check("efa-traffic", layer=Layer.NETWORK, each="mounted_file_systems", speaks_for="efa-requirements")
def efa_may_talk(
    file_system: FileSystem, network_interfaces: Table[NetworkInterface], security_groups: Table[SecurityGroup]
) -> Iterator[Draft]:
    """The groups of an EFA-enabled file system let all traffic to and from themselves through.

    EFA has no ports, so that rules by port do not cover it. A client without EFA mounts over TCP all the same.

    pass: the groups of each ENI allow every protocol from and to themselves
    warn: those of one do not; what then stays is TCP
    unknown: ENIs or groups could not be read
    skip: EFA is not enabled, or the file system has no ENIs to look at
    source: FSx for Lustre user guide, efa-file-systems and limit-access-security-groups
    """
    reason = has_no_servers(file_system) or ("" if file_system.lustre.efa_enabled else "EFA is not enabled")
    if reason:
        yield skip(file_system, reason)
        return
    sets = dict.fromkeys(network_interfaces[id].group_ids for id in file_system.network_interface_ids)
    closed = [
        (ids, egress)
        for ids in sets
        for egress in (False, True)
        if not _lets_all(rules_of(security_groups, ids, egress=egress), ids, egress=egress)
    ]
    if not closed:
        yield ok(file_system, "its groups let all traffic among themselves through, as EFA needs")
        return
    lacking = ", ".join(f"{', '.join(ids)} {'outbound' if egress else 'inbound'}" for ids, egress in closed)
    fix = authorize([Rule(ids[0], ids[0], EVERYTHING, is_egress=egress) for ids, egress in closed if ids])
    message = f"EFA is enabled, and not all traffic among its own groups is open: {lacking}"
    yield warn(file_system, message, cause="efa-requirements", fix=fix)


def _lets_all(rules: Sequence[Permission], ids: Sequence[str], *, egress: bool) -> bool:
    """By a rule for every protocol that names one of the groups; outbound, one to everywhere does as well."""
    return any(
        rule.ip_protocol == "-1"
        and (
            any(pair.group_id in ids for pair in rule.user_id_group_pairs)
            or (egress and any(item.cidr_ip == "0.0.0.0/0" for item in rule.ip_ranges))
        )
        for rule in rules
    )
