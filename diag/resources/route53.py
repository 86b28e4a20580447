"""Route 53's private hosted zones, Resolver rules, Profiles and DNS Firewall, in the API's own shape.

Versions 2013-04-01 (route53), 2018-04-01 (route53resolver) and 2018-05-10 (route53profiles).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from diag.resources.aws_shape import PascalShape

WILDCARD = "*."
_SPELT = r"\052."
"""How Route 53 spells it. Source: Route 53 developer guide, DNS domain name format."""


class ZoneOwner(PascalShape, frozen=True):
    """An account, or the AWS service that manages the zone."""

    owning_account: str = ""
    owning_service: str = ""


class HostedZone(PascalShape, frozen=True):
    """A private hosted zone, as a VPC sees it."""

    hosted_zone_id: str
    name: str
    owner: ZoneOwner = ZoneOwner()
    vpc_id: str = ""
    """The VPC that was asked about."""


class RecordValue(PascalShape, frozen=True):
    """One value of a record set."""

    value: str = ""


class RecordSet(PascalShape, frozen=True):
    """The records of one name and type; an alias has no values of its own."""

    name: str
    type: str
    resource_records: tuple[RecordValue, ...] = ()
    ttl: int | None = msgspec.field(default=None, name="TTL")
    set_identifier: str = ""
    """Of one of several record sets of a name and type, among which a routing policy chooses."""

    def __post_init__(self) -> None:
        """Spell a wildcard as people do."""
        if self.name.startswith(_SPELT):
            msgspec.structs.force_setattr(self, "name", WILDCARD + self.name.removeprefix(_SPELT))

    @property
    def values(self) -> tuple[str, ...]:
        """What it answers."""
        return tuple(record.value for record in self.resource_records)


class ZoneRecords(msgspec.Struct, frozen=True):
    """The record sets of one zone that answer for the volumes' names, or lead them to another zone."""

    record_sets: tuple[RecordSet, ...] = ()

    def of(self, name: str) -> RecordSet | None:
        """The record set of IPv4 addresses under exactly this name."""
        return next((r for r in self.record_sets if r.type == "A" and _bare(r.name) == _bare(name)), None)

    def answer_to(self, name: str, zone: str) -> tuple[str, ...] | None:
        """The zone's IPv4 addresses for a name; None without any, empty where it leads on to another name or zone.

        A record of the name itself comes before the closest wildcard; a delegated domain is no longer the zone's.
        """
        if any(r.type == "NS" and covers(r.name, name) and not covers(r.name, zone) for r in self.record_sets):
            return ()
        exact = [r for r in self.record_sets if _bare(r.name) == _bare(name)]
        wild = [r for r in self.record_sets if r.name.startswith(WILDCARD) and _is_below(name, r)]
        closest = max((len(r.name) for r in wild), default=0)
        for record in exact or [r for r in wild if len(r.name) == closest]:
            if record.type == "CNAME" or (record.type == "A" and not record.values):
                return ()
            if record.type == "A":
                return record.values
        return None


def covers(domain: str, name: str) -> bool:
    """Whether a name is a domain's own or below it; the root covers every name."""
    domain, name = _bare(domain), _bare(name)
    return not domain or name == domain or name.endswith(f".{domain}")


def _bare(name: str) -> str:
    return name.lower().strip(".")


def _is_below(name: str, wildcard: RecordSet) -> bool:
    domain = wildcard.name.removeprefix(WILDCARD)
    return covers(domain, name) and _bare(domain) != _bare(name)


class ResolverTarget(PascalShape, frozen=True):
    """A DNS server that a rule forwards to."""

    ip: str = ""
    ipv6: str = ""


class ResolverRule(PascalShape, frozen=True):
    """A Resolver rule that a VPC uses."""

    id: str
    domain_name: str
    rule_type: str = ""
    """`FORWARD`; `SYSTEM` leaves a name to the VPC's own resolver."""
    target_ips: tuple[ResolverTarget, ...] = ()
    vpc_id: str = ""
    """The VPC that it is associated with."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The servers that are asked."""
        return tuple(target.ip or target.ipv6 for target in self.target_ips)


def taker_of(
    name: str, vpc: str, zones: Iterable[HostedZone], rules: Iterable[ResolverRule]
) -> HostedZone | ResolverRule | None:
    """The private zone or Resolver rule of a VPC that takes a name: the closest one, and of two alike the rule.

    Source: Route 53 developer guide, resolver-overview-forward-vpc-to-network (which rule wins).
    """
    takers: list[tuple[str, HostedZone | ResolverRule]] = [
        *((rule.domain_name, rule) for rule in rules if rule.vpc_id == vpc and covers(rule.domain_name, name)),
        *((zone.name, zone) for zone in zones if zone.vpc_id == vpc and covers(zone.name, name)),
    ]
    closest = max(takers, key=lambda taker: len(taker[0].strip(".")), default=None)
    return closest[1] if closest else None


class ProfileResource(PascalShape, frozen=True):
    """What a Route 53 Profile shares with a VPC."""

    resource_arn: str
    resource_type: str = ""
    """`PRIVATE_HOSTED_ZONE`, `RESOLVER_RULE`, `FIREWALL_RULE_GROUP`, …"""
    resource_properties: str = ""
    """JSON; of a rule group `{"priority": 102}`."""
    vpc_id: str = ""
    """The VPC that the Profile is associated with."""

    @property
    def id(self) -> str:
        """The last part of its ARN."""
        return self.resource_arn.rpartition("/")[2]


class FirewallRule(PascalShape, frozen=True):
    """A rule of DNS Firewall, as one VPC meets it."""

    firewall_rule_group_id: str = ""
    firewall_domain_list_id: str = ""
    name: str = ""
    priority: int = 0
    action: str = ""
    """`ALLOW`, `ALERT` (which lets the question pass) or `BLOCK`."""
    block_response: str = ""
    qtype: str = ""
    vpc_id: str = ""
    group_priority: int = 0
    takes: tuple[str, ...] = ()
    """The entries of its list that are of a name that is asked for."""
    is_managed: bool = False
    """Its list is AWS's own, of names that do harm."""

    @property
    def place(self) -> tuple[int, int]:
        """Rules are asked in this order. Source: Route 53 developer guide, resolver-dns-firewall-overview."""
        return self.group_priority, self.priority

    def is_about(self, name: str) -> bool:
        """Whether it decides a question for the name's IPv4 addresses."""
        return self.qtype in ("", "A", "TYPE1") and any(is_entry_of(entry, name) for entry in self.takes)


def is_entry_of(entry: str, name: str) -> bool:
    """Whether an entry of a domain list is of a name: `*.` stands for what is below a domain, not for itself."""
    entry, name = _bare(entry), _bare(name)
    if entry.startswith("*"):
        return name.endswith(entry[1:]) and name != entry[2:]
    return entry == name


def decider_of(name: str, vpc: str, rules: Iterable[FirewallRule]) -> FirewallRule | None:
    """The rule of DNS Firewall that decides a question of a VPC: the first that is about it."""
    return min((r for r in rules if r.vpc_id == vpc and r.is_about(name)), key=lambda r: r.place, default=None)
