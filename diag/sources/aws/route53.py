"""Facts read from Route 53: the zones and rules of a VPC that take the volumes' names from its own resolver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from diag.analysis.attributes import is_address
from diag.analysis.claims import Provisioning
from diag.analysis.network.names import api_names, to_be_mounted
from diag.decode import decode_json
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable, Unreadable, value_or
from diag.registry import fact
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume
from diag.resources.route53 import (
    WILDCARD,
    FirewallRule,
    HostedZone,
    ProfileResource,
    RecordSet,
    ResolverRule,
    ZoneRecords,
    covers,
    is_entry_of,
)
from diag.resources.table import Table, table_of
from diag.sources.aws.failure import malformed_answer
from diag.sources.aws.session import Aws, shaped

ACTIONS = frozenset({"ALLOW", "ALERT", "BLOCK"})
"""What a rule of DNS Firewall may do. Source: Route 53 Resolver API reference, FirewallRule."""
_AUTODEFINED = "rslvr-autodefined"
"""Rules that Resolver makes itself, for what it answers anyway."""


@fact(
    layer=Layer.DNS,
    label="Route 53 Profile",
    permissions=("route53profiles:ListProfileAssociations", "route53profiles:ListProfileResourceAssociations"),
)
def profile_resources(
    aws: Aws, cluster_identity: ClusterIdentity, names_in_doubt: tuple[str, ...]
) -> tuple[ProfileResource, ...]:
    """What Profiles share with the VPCs of the Region; nothing is asked where every name has been mounted by.

    All associations of the Region in one list, so that this waits for no file system. A Region without such a service
    has no Profiles.
    """
    if not names_in_doubt:
        return ()
    region, service = cluster_identity.region, "route53profiles"
    try:
        associations = aws.pages(service, "ListProfileAssociations", "ProfileAssociations", region=region)
    except Unreadable as missing:
        if missing.unavailable.reason is Reason.UNREACHABLE:
            return ()
        raise
    found: list[ProfileResource] = []
    for profile in dict.fromkeys(str(one.get("ProfileId", "")) for one in associations):
        vpcs = [str(one.get("ResourceId", "")) for one in associations if one.get("ProfileId") == profile]
        key = "ProfileResourceAssociations"
        shared = aws.pages(service, "ListProfileResourceAssociations", key, region=region, ProfileId=profile)
        found += (shaped({**raw, "VpcId": vpc}, ProfileResource, profile) for raw in shared for vpc in vpcs)
    return tuple(found)


def _shared(resources: tuple[ProfileResource, ...] | Unavailable, kind: str) -> tuple[ProfileResource, ...]:
    return tuple(one for one in value_or(resources, ()) if one.resource_type == kind)


@fact(
    layer=Layer.DNS,
    label="DNS Firewall",
    permissions=(
        "route53resolver:ListFirewallRuleGroupAssociations",
        "route53resolver:ListFirewallRules",
        "route53resolver:ListFirewallDomainLists",
        "route53resolver:ListFirewallDomains",
    ),
    names={"Takes": "host"},
)
def dns_firewall(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    names_in_doubt: tuple[str, ...],
    profile_resources: tuple[ProfileResource, ...],
) -> tuple[FirewallRule, ...]:
    """The rules of DNS Firewall that VPCs of the Region meet, in the order in which they are asked.

    Of each list the entries that are of a name in doubt; AWS's own lists, which nobody may read, have none.
    """
    if not names_in_doubt:
        return ()
    region, service = cluster_identity.region, "route53resolver"

    def listed(operation: str, key: str, **arguments: str) -> tuple[dict[str, Any], ...]:
        return aws.pages(service, operation, key, region=region, **arguments)

    groups = [
        (int(one.get("Priority", 0)), str(one.get("FirewallRuleGroupId", "")), str(one.get("VpcId", "")))
        for one in listed("ListFirewallRuleGroupAssociations", "FirewallRuleGroupAssociations")
    ]
    groups += [(_priority(one), one.id, one.vpc_id) for one in _shared(profile_resources, "FIREWALL_RULE_GROUP")]
    if not groups:
        return ()
    of_aws = {
        str(one.get("Id", ""))
        for one in listed("ListFirewallDomainLists", "FirewallDomainLists")
        if one.get("ManagedOwnerName")
    }
    rules = {
        group: listed("ListFirewallRules", "FirewallRules", FirewallRuleGroupId=group)
        for group in dict.fromkeys(group for _, group, _ in groups)
    }
    ids = {str(raw.get("FirewallDomainListId") or "") for found in rules.values() for raw in found} - of_aws - {""}
    names = (*names_in_doubt, *to_be_mounted(names_in_doubt))
    entries = {
        id: tuple(
            str(entry)
            for entry in listed("ListFirewallDomains", "Domains", FirewallDomainListId=id)
            if any(is_entry_of(str(entry), name) for name in names)
        )
        for id in sorted(ids)
    }
    found = []
    for priority, group, vpc in groups:
        for raw in rules[group]:
            id = str(raw.get("FirewallDomainListId") or "")
            more = {"VpcId": vpc, "GroupPriority": priority, "Takes": entries.get(id, ()), "IsManaged": id in of_aws}
            rule = shaped({**raw, **more}, FirewallRule, f"rule of {group}")
            if rule.action not in ACTIONS:
                what = f"a rule of {group} has the action {rule.action!r}"
                raise Unreadable(malformed_answer("route53resolver:ListFirewallRules", what))
            found.append(rule)
    return tuple(sorted(found, key=lambda rule: rule.place))


def _priority(resource: ProfileResource) -> int:
    try:
        return decode_json(resource.resource_properties, _Properties).priority
    except msgspec.DecodeError:
        return 0


class _Properties(msgspec.Struct):
    priority: int = 0


@fact(
    layer=Layer.DNS,
    label="private zone",
    permissions=("route53:ListHostedZonesByVPC", "ec2:DescribeVpcs", "route53:GetHostedZone"),
    names={"Name": "host"},
)
def private_zones(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    mounted_file_systems: tuple[FileSystem, ...],
    volumes: tuple[PersistentVolume, ...],
    provisioning: Provisioning | Unavailable,
    eks_cluster: EksCluster | Unavailable,
    profile_resources: tuple[ProfileResource, ...] | Unavailable,
) -> tuple[HostedZone, ...]:
    """The private hosted zones of the file systems' VPCs, and where something is provisioned of the cluster's VPC.

    Those that Profiles share come last: of two of one name the VPC's own counts. Route 53 asks for ec2:DescribeVpcs
    too.
    """
    names = _names(volumes)
    vpcs = _vpcs(mounted_file_systems) if names else []
    if value_or(provisioning, Provisioning()).in_use and isinstance(eks_cluster, EksCluster):
        names |= set(api_names(cluster_identity.region))
        vpcs += [eks_cluster.vpc_id] if eks_cluster.vpc_id not in ("", *vpcs) else []
    if not vpcs:
        return ()
    region, seen = cluster_identity.region, "private hosted zone"
    found = [shaped({**raw, "VpcId": vpc}, HostedZone, seen) for vpc in vpcs for raw in _zones(aws, region, vpc)]
    shared = [one for one in _shared(profile_resources, "PRIVATE_HOSTED_ZONE") if one.vpc_id in vpcs]
    zones = {
        id: aws.one("route53", "GetHostedZone", region=region, Id=id)["HostedZone"]
        for id in dict.fromkeys(one.id for one in shared)
    }
    for one in shared:
        # A zone without a name, which none is, would shadow nothing.
        raw = {"Name": zones[one.id].get("Name") or None, "HostedZoneId": one.id, "VpcId": one.vpc_id}
        found.append(shaped(raw, HostedZone, seen))
    return tuple(found)


def _zones(aws: Aws, region: str, vpc: str) -> Iterator[dict[str, Any]]:
    """botocore has no paginator for this list."""
    token: dict[str, str] = {}
    while True:
        answer = aws.one("route53", "ListHostedZonesByVPC", region=region, VPCId=vpc, VPCRegion=region, **token)
        yield from answer["HostedZoneSummaries"]
        following = {"NextToken": str(answer["NextToken"])} if answer.get("NextToken") else {}
        if not following or following == token:
            return
        token = following


@fact(
    layer=Layer.DNS,
    label="records of private zone",
    permissions=("route53:ListResourceRecordSets",),
    names={"record_sets.Name": "host"},
)
def zone_records(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    private_zones: tuple[HostedZone, ...],
    volumes: tuple[PersistentVolume, ...],
) -> Table[ZoneRecords]:
    """What these zones answer to the names, by the zone's id; zones that AWS manages are left out."""
    names = {*_names(volumes), *api_names(cluster_identity.region)}
    return _records(aws, cluster_identity.region, private_zones, names)


@fact(
    layer=Layer.DNS,
    label="records of private zone",
    permissions=("route53:ListResourceRecordSets",),
    names={"record_sets.Name": "host"},
)
def searched_records(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    private_zones: tuple[HostedZone, ...],
    searched_names: dict[str, tuple[str, ...]],
) -> Table[ZoneRecords]:
    """What these zones answer to the names in the domains that a resolver searches first, by the zone's id."""
    names = {name for tried in searched_names.values() for name in tried}
    return _records(aws, cluster_identity.region, private_zones, names)


def _records(aws: Aws, region: str, zones: Iterable[HostedZone], names: set[str]) -> Table[ZoneRecords]:
    """The records for the names of each zone that covers one of them."""

    def read(zone: str) -> ZoneRecords:
        listed = aws.pages("route53", "ListResourceRecordSets", "ResourceRecordSets", region=region, HostedZoneId=zone)
        found = (shaped(raw, RecordSet, f"record set of {zone}") for raw in listed)
        return ZoneRecords(tuple(r for r in found if any(covers(r.name.removeprefix(WILDCARD), n) for n in names)))

    taking = (zone for zone in zones if any(covers(zone.name, name) for name in names))
    return table_of({zone.hosted_zone_id: None for zone in taking if not zone.owner.owning_service}, read)


@fact(
    layer=Layer.DNS,
    label="Resolver rule",
    permissions=("route53resolver:ListResolverRuleAssociations", "route53resolver:ListResolverRules"),
    names={"DomainName": "host"},
)
def resolver_rules(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    naming_vpcs: tuple[str, ...],
    volumes: tuple[PersistentVolume, ...],
    controller_names: tuple[str, ...] | Unavailable,
    profile_resources: tuple[ProfileResource, ...] | Unavailable,
) -> tuple[ResolverRule, ...]:
    """The Resolver rules of the VPCs that match a volume's name, or one that the controller asks for.

    Associations say which rules; what a rule is, is asked only where there is one that Resolver did not make itself.
    """
    names, vpcs = _names(volumes) | set(value_or(controller_names, ())), list(naming_vpcs)
    if not names or not vpcs:
        return ()
    region = cluster_identity.region
    associations = aws.pages(
        "route53resolver", "ListResolverRuleAssociations", "ResolverRuleAssociations", region=region,
        Filters=[{"Name": "VPCId", "Values": vpcs}],
    )  # fmt: skip
    pairs = [(str(a.get("ResolverRuleId", "")), str(a.get("VPCId", ""))) for a in associations]
    pairs += [(one.id, one.vpc_id) for one in _shared(profile_resources, "RESOLVER_RULE") if one.vpc_id in vpcs]
    pairs = [(rule, vpc) for rule, vpc in pairs if not rule.startswith(_AUTODEFINED)]
    if not pairs:
        return ()
    listed = aws.pages("route53resolver", "ListResolverRules", "ResolverRules", region=region)
    by_id = {str(raw.get("Id", "")): raw for raw in listed}
    rules = (shaped({**by_id[rule], "VpcId": vpc}, ResolverRule, rule) for rule, vpc in pairs if rule in by_id)
    return tuple(rule for rule in rules if any(covers(rule.domain_name, name) for name in names))


def _names(volumes: Iterable[PersistentVolume]) -> set[str]:
    names = {volume.dns_name or "" for volume in volumes}
    return {name for name in names if name and not is_address(name)}


def _vpcs(file_systems: Iterable[FileSystem]) -> list[str]:
    return sorted({file_system.vpc_id for file_system in file_systems} - {""})
