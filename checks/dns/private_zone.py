"""Private hosted zones and Resolver rules of the VPC, which answer for a name in place of AWS."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Table, Unavailable, Unreadable, check, fail, ok, skip, warn
from diag.advice.steps import Values, change, person, undo
from diag.analysis.attributes import is_address
from diag.analysis.file_systems import file_system_of
from diag.analysis.network.names import NameStanding
from diag.analysis.network.paths import Clients
from diag.model.unavailable import value_or
from diag.resources.ec2 import NetworkInterface
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume
from diag.resources.route53 import HostedZone, ProfileResource, RecordSet, ResolverRule, ZoneRecords, covers, taker_of

SHADOWS, WRONG = "private-zone-shadows-name", "dns-wrong-address"


@check("private-zone", layer=Layer.DNS, each="volumes", speaks_for=(SHADOWS, WRONG))
def no_zone_shadows_the_name(
    volume: PersistentVolume,
    file_systems: Table[FileSystem],
    private_zones: tuple[HostedZone, ...] | Unavailable,
    zone_records: Table[ZoneRecords] | Unavailable,
    resolver_rules: tuple[ResolverRule, ...] | Unavailable,
    network_interfaces: Table[NetworkInterface] | Unavailable,
    name_standings: dict[str, NameStanding],
    clients: dict[str, Clients] | Unavailable,
    profile_resources: tuple[ProfileResource, ...] | Unavailable,
) -> Iterator[Draft]:
    """No private hosted zone and no Resolver rule of the VPC takes the file system's name from AWS.

    The VPC's resolver searches the private zone that matches best and says NXDOMAIN when it has no record; it then asks
    nobody else. A FORWARD rule sends the name to other servers, and comes before a zone of the same domain. Zones and
    rules that a Route 53 Profile shares with the VPC count alike.

    pass: no such zone or rule, the zone has the file system's address or is AWS's own, or a rule's servers know it
    warn: the zone has an ENI of another server; it has no record and the name resolves now; a rule's servers may not
        know the name
    fail: the zone has no address for the name, or another; a rule forwards the name and it does not resolve
    unknown: zones, their records or rules could not be read, and nothing shows that the name resolves
    skip: mounted by address, FSx has no such file system, or the nodes are in another VPC
    source: Route 53 developer guide, hosted-zone-private-considerations and resolver-overview-forward-vpc-to-network
    """
    name, known = (volume.dns_name or "").lower().rstrip("."), file_system_of(volume, file_systems)
    if not name or is_address(name) or isinstance(known, Unavailable):
        yield skip(volume, "no name of a file system is asked for this volume")
        return
    if not isinstance(clients, Unavailable) and any(g.vpc_id != known.vpc_id for g in clients[known.id].groups):
        yield skip(volume, f"the nodes are not in {known.vpc_id} (see dns-vpc)")
        return
    standing, vpc = name_standings[volume.name], known.vpc_id
    taker = taker_of(name, vpc, value_or(private_zones, ()), value_or(resolver_rules, ()))
    if isinstance(taker, ResolverRule):
        yield _judge_rule(volume, known, name, taker, standing)
    elif taker is not None and not taker.owner.owning_service:
        yield _judge_zone(volume, known, name, taker, zone_records, network_interfaces, standing)
    elif (
        standing.resolves is not True
        and (unread := _first_unread(private_zones, resolver_rules, profile_resources)) is not None
    ):
        raise Unreadable(unread)
    else:
        nothing = f"no private zone or Resolver rule of {vpc} takes {name}"
        text = f"{taker.name} of {vpc} is AWS's own" if taker else nothing
        yield ok(volume, text, concerns=(known,))


def _judge_rule(
    volume: PersistentVolume, known: FileSystem, name: str, rule: ResolverRule, standing: NameStanding
) -> Draft:
    if rule.rule_type != "FORWARD":
        text = f"Resolver rule {rule.id} leaves {rule.domain_name} to the resolver of {rule.vpc_id}"
        return ok(volume, text, concerns=(known,))
    message = f"Resolver rule {rule.id} of {rule.vpc_id} forwards {rule.domain_name} to {', '.join(rule.targets)}"
    if standing.resolves:
        return ok(volume, f"{message}; {name} resolves all the same", concerns=(known,))
    if standing.resolves is False:
        fix = leave_to_aws(rule, name)
        return fail(volume, f"{message}, and {name} does not resolve", fix=fix, cause=SHADOWS, concerns=(known,))
    return warn(volume, f"{message}; those must know {name}", cause=SHADOWS, concerns=(known,))


def leave_to_aws(rule: ResolverRule, name: str) -> Fix:
    """A SYSTEM rule for the names of file systems alone; every other name goes where the rule at fault sends it.

    It has to be closer than that rule: a VPC has one rule of a domain. A rule for this one name serves nothing else.
    Source: Route 53 developer guide, resolver-overview-forward-vpc-to-network-using-rules.
    """
    domain = next((one for one in (name.partition(".")[2], name) if not covers(one, rule.domain_name)), "")
    values = {"vpc": rule.vpc_id, "resolver_rule": rule.id, "dns_name": domain}
    command = "aws route53resolver {} --vpc-id {{vpc}} {}"
    if not domain:
        own = "--resolver-rule-id {resolver_rule}"
        changes = (
            f"{rule.vpc_id} asks its own resolver for {rule.domain_name} again, the one name that the rule is for."
        )
        take = change(command.format("disassociate-resolver-rule", own), values, changes=changes)
        return Fix((take, undo(command.format("associate-resolver-rule", own), values)))
    made = "--cli-input-json file://system-rule.json"
    make = (
        "aws route53resolver create-resolver-rule --name own-names-{vpc} --creator-request-id {dns_name}-{vpc}"
        " --rule-type SYSTEM"
        " --domain-name {dns_name} --query '{ResolverRuleId:ResolverRule.Id}' --output json > system-rule.json"
    )
    changes = f"{rule.vpc_id} asks its own resolver for {domain} alone; all else of {rule.domain_name} as before"
    return Fix(
        (
            change(make, values, changes="Make a rule that no VPC uses yet."),
            change(command.format("associate-resolver-rule", made), values, changes=changes),
            undo(command.format("disassociate-resolver-rule", made), values),
            undo(f"aws route53resolver delete-resolver-rule {made}"),
        )
    )


def _judge_zone(
    volume: PersistentVolume,
    known: FileSystem,
    name: str,
    zone: HostedZone,
    zone_records: Table[ZoneRecords] | Unavailable,
    network_interfaces: Table[NetworkInterface] | Unavailable,
    standing: NameStanding,
) -> Draft:
    title = f"private zone {zone.name} ({zone.hosted_zone_id}) of {zone.vpc_id}"
    answering = f"route53:ListResourceRecordSets {zone.hosted_zone_id}"
    records = zone_records if isinstance(zone_records, Unavailable) else zone_records.get(zone.hosted_zone_id)
    if isinstance(records, Unavailable):
        if standing.resolves is None:
            raise Unreadable(records)
        if standing.resolves:
            return ok(volume, f"{title} answers for {name}, which resolves", concerns=(known,))
        message = f"{title} answers for {name}, which does not resolve; its records could not be read"
        return fail(volume, message, cause=SHADOWS, concerns=(known,))
    found = records.answer_to(name, zone.name)
    right = _addresses(known, network_interfaces)
    if found is None:
        message = f"{title} answers for {name} and has no address for it"
        if standing.counts and standing.resolves:
            text = f"{message}; the name resolves now, from a cache or past the VPC's resolver"
            return warn(volume, text, answering, cause=SHADOWS, concerns=(known,))
        fix = _set_record(zone, name, right[:1], records.of(name))
        return fail(volume, message, answering, fix=fix, cause=SHADOWS, concerns=(known,))
    if wrong := [address for address in found if right and address not in right]:
        message = f"{title} leads {name} to {', '.join(wrong)}, no ENI of {known.id} ({', '.join(right)})"
        fix = _set_record(zone, name, right[:1], records.of(name))
        return fail(volume, message, answering, fix=fix, cause=WRONG, concerns=(known,))
    if found and right and right[0] not in found:
        message = f"{title} leads {name} to {', '.join(found)}, an ENI of another server; the primary is {right[0]}"
        return warn(volume, message, answering, cause=WRONG, concerns=(known,))
    text = f"{title} leads {name} to {', '.join(found) or 'another name'}"
    return ok(volume, text, answering, concerns=(known,))


def _set_record(zone: HostedZone, name: str, address: tuple[str, ...], old: RecordSet | None) -> Fix:
    """The record that is missing or wrong, and the old one back. Without an address the runbook's remedies stand."""
    if not address:
        return Fix(())
    by = f"account {zone.owner.owning_account}, which owns the zone" if zone.owner.owning_account else ""
    if old is not None and old.set_identifier:
        request = "Let each of the records that a routing policy chooses from for {dns_name} be {primary_address}."
        return Fix((person(request, {"dns_name": name, "primary_address": address[0]}, by=by or "the zone's owner"),))
    command = "aws route53 change-resource-record-sets --hosted-zone-id {hosted_zone} --change-batch {settings}"

    def values(action: str, addresses: tuple[str, ...], ttl: int = 60) -> Values:
        record = {"Name": name, "Type": "A", "TTL": ttl, "ResourceRecords": [{"Value": one} for one in addresses]}
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        return {"hosted_zone": zone.hosted_zone_id, "settings": batch}

    changes = f"{zone.name} answers for this file system; a new file system needs a record of its own"
    before = values("UPSERT", old.values, old.ttl or 60) if old else values("DELETE", address[:1])
    return Fix((change(command, values("UPSERT", address[:1]), changes=changes, by=by), undo(command, before)))


def _addresses(known: FileSystem, enis: Table[NetworkInterface] | Unavailable) -> tuple[str, ...]:
    """The file system's addresses, the primary one first; none where one was not read."""
    if isinstance(enis, Unavailable) or any(id not in enis for id in known.network_interface_ids):
        return ()
    return tuple(enis[id].private_ip_address for id in known.network_interface_ids)


def _first_unread(*facts: object) -> Unavailable | None:
    return next((one for one in facts if isinstance(one, Unavailable)), None)
