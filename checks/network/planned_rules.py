"""The security groups of a Terraform plan: will clients and servers reach each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from diag import Draft, Fix, Layer, Subject, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.steps import advise
from diag.analysis.network.security_groups import Guarded, covers_port, guarded
from diag.knowledge.lustre_ports import LUSTRE_PORT, SOURCE_PORTS
from diag.resources.ec2 import Permission
from diag.resources.manifests import ManifestSet

MISSING, INCOMPLETE, SELF = "sg-missing-988", "sg-lustre-rules-incomplete", "sg-self-rule-missing"


@check("planned-rules", layer=Layer.NETWORK, speaks_for=(MISSING, INCOMPLETE, SELF))
def planned_rules_let_lustre_in(manifest_set: ManifestSet | Unavailable) -> Iterator[Draft]:
    """The planned security groups of a Lustre file system let ports 988 and 1018-1023 in.

    Who may use the ports depends on nodes that the plan need not know, so only the ports are judged, and whether the
    servers may reach each other. A group that no planned file system uses is judged when it has a rule for a Lustre
    port.

    pass: both are open, and the group admits itself or a range
    warn: 1018-1023 are not open, or only other groups are admitted, which FSx mostly refuses
    fail: no rule of the plan opens 988
    unknown: the ports of a rule are known only after apply
    skip: the file system has groups that are not in the plan
    source: FSx for Lustre user guide, limit-access-security-groups
    """
    for case in () if isinstance(manifest_set, Unavailable) else guarded(manifest_set):
        yield _judge(case)


def _judge(case: Guarded) -> Draft:
    about: Subject = case.groups[0].subject if case.groups else case.file_systems[0].subject
    concerns = case.file_systems
    names = ", ".join(group.group.group_id for group in case.groups)
    rules = [rule for planned in case.groups for rule in planned.group.ip_permissions]
    closed = [port for port in SOURCE_PORTS if not _is_open(rules, port)]
    if case.strangers and not (_is_open(rules, LUSTRE_PORT) and not closed):
        return skip(about, f"{', '.join(case.strangers)} is not in the plan", concerns=concerns)
    if any(group.is_open for group in case.groups) and (closed or not _is_open(rules, LUSTRE_PORT)):
        return unknown(about, f"the ports of a rule of {names} are known only after apply", concerns=concerns)
    if not _is_open(rules, LUSTRE_PORT):
        message = f"no ingress rule of {names} opens tcp {LUSTRE_PORT}, which every Lustre client and server needs"
        return fail(about, message, cause=MISSING, fix=_rules("988 and 1018-1023"), concerns=concerns)
    if closed:
        message = f"{names} opens {LUSTRE_PORT}, but not {', '.join(map(str, closed))}; AWS documents 1018-1023 as well"
        return warn(about, message, cause=INCOMPLETE, fix=_rules("1018-1023"), concerns=concerns)
    own = {group.group.group_id for group in case.groups}
    if not any(_admits_servers(rule, own) for rule in rules if covers_port(rule, LUSTRE_PORT)):
        message = f"{names} admits only other groups, not itself: the file servers cannot reach each other on 988"
        return warn(about, message, cause=SELF, fix=_rules("988 and 1018-1023 with self = true"), concerns=concerns)
    return ok(about, f"{names} lets 988 and 1018-1023 in", rules_out=(), concerns=concerns)


def _is_open(rules: Sequence[Permission], port: int) -> bool:
    return any(covers_port(rule, port) for rule in rules)


def _admits_servers(rule: Permission, own: set[str]) -> bool:
    return bool(rule.ip_ranges or rule.prefix_list_ids) or any(p.group_id in own for p in rule.user_id_group_pairs)


def _rules(ports: str) -> Fix:
    return advise(f"Add ingress rules for tcp {ports}, from the nodes and from the group itself.")
