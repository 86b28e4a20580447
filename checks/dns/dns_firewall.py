"""DNS Firewall of the VPC, which blocks names before the resolver looks for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from diag import Draft, Fix, Layer, Table, Unavailable, check, fail, ok, skip
from diag.advice.steps import change, person, undo
from diag.analysis.attributes import is_address
from diag.analysis.file_systems import file_system_of
from diag.analysis.network.names import NameStanding
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume
from diag.resources.route53 import FirewallRule, decider_of
from diag.sanitize import one_line

CAUSE, OWNER = "dns-firewall-blocks-name", "whoever runs DNS Firewall"
_ENTRY = "{domain_entry}"
_UPDATE = (
    "aws route53resolver update-firewall-domains --firewall-domain-list-id {{firewall_domain_list}}"
    " --operation {} --domains {}"
)
BEFORE = (
    "put a rule that allows {domain_entry} before rule {name} of {firewall_rule_group}: the first that fits decides"
)


@check("dns-firewall", layer=Layer.DNS, each="volumes", speaks_for=CAUSE)
def no_firewall_blocks_the_name(
    volume: PersistentVolume,
    file_systems: Table[FileSystem],
    names_in_doubt: tuple[str, ...],
    dns_firewall: tuple[FirewallRule, ...],
    name_standings: dict[str, NameStanding] | Unavailable,
) -> Iterator[Draft]:
    """No rule of DNS Firewall that the VPC meets, its own or by a Route 53 Profile, blocks the file system's name.

    Rules are asked before private zones and AWS's own names, group by group and rule by rule; the first whose list has
    the name decides. A list of what is allowed with a `*` that blocks the rest has to hold the names of file systems.

    pass: the first rule that is about the name lets it pass, none is, or the name resolves inside the VPC
    fail: a rule blocks the name
    unknown: rule groups or lists could not be read
    skip: mounted by address, FSx has no such file system, or a pod that mounts by the name is up
    source: Route 53 developer guide, resolver-dns-firewall-overview
    """
    name, known = volume.dns_name or "", file_system_of(volume, file_systems)
    if not name or is_address(name) or isinstance(known, Unavailable) or name not in names_in_doubt:
        yield skip(volume, "no name is in doubt: by address, of no file system, or a pod mounts by it")
        return
    standing = NameStanding() if isinstance(name_standings, Unavailable) else name_standings[volume.name]
    rule = decider_of(name, known.vpc_id, dns_firewall)
    if rule is None or rule.action != "BLOCK":
        said = f"rule {rule.name} of {rule.firewall_rule_group_id} lets {name} pass" if rule else ""
        yield ok(volume, said or f"no rule of DNS Firewall of {known.vpc_id} is about {name}", concerns=(known,))
    elif standing.counts and standing.resolves:
        yield ok(volume, f"{blocks(rule, name)}, and it resolves all the same", concerns=(known,))
    else:
        yield fail(volume, blocks(rule, name), fix=let_pass(rule, (name,), dns_firewall), concerns=(known,))


def blocks(rule: FirewallRule, name: str) -> str:
    """`rule walled-garden of rslvr-frg-… of vpc-… blocks fs-… (NXDOMAIN)`."""
    where = f"rule {rule.name} of DNS Firewall group {rule.firewall_rule_group_id} of {rule.vpc_id}"
    return f"{where} blocks {name} by the entry {', '.join(rule.takes)} ({rule.block_response or 'NODATA'})"


def let_pass(rule: FirewallRule, names: Iterable[str], rules: Iterable[FirewallRule]) -> Fix:
    """The names in a list that is allowed before; where there is none, what its owner has to write."""
    entries = [_entry_for(name) for name in names]
    before = (r for r in rules if r.vpc_id == rule.vpc_id and r.action == "ALLOW" and r.place < rule.place)
    allowed = next((r for r in before if r.firewall_domain_list_id and not r.is_managed and r.qtype in ("", "A")), None)
    if allowed is None:
        group = {"name": rule.name, "firewall_rule_group": rule.firewall_rule_group_id}
        return Fix(
            tuple(
                person(BEFORE.replace(_ENTRY, entry), {**group, "domain_entry": domain}, by=OWNER)
                for entry, domain in entries
            )
        )
    firewall_list = {"firewall_domain_list": allowed.firewall_domain_list_id}
    effect = f"Every VPC with the list of rule {one_line(allowed.name)} may ask for this."
    return Fix(
        (
            *(
                change(
                    _UPDATE.format("ADD", entry), {**firewall_list, "domain_entry": domain}, changes=effect, by=OWNER
                )
                for entry, domain in entries
            ),
            *(
                undo(_UPDATE.format("REMOVE", entry), {**firewall_list, "domain_entry": domain})
                for entry, domain in reversed(entries)
            ),
        )
    )


def _entry_for(name: str) -> tuple[str, str]:
    """The entry of a list that takes a name, and the domain in it; every file system of a Region has one entry."""
    return (f"*.{_ENTRY}", name.partition(".")[2]) if name.startswith("fs-") else (_ENTRY, name)
