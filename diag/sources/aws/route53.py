"""Facts read from Route 53: the zones and rules of a VPC that take the volumes' names from its own resolver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from diag.analysis.attributes import is_address
from diag.analysis.claims import Provisioning
from diag.analysis.network.names import api_names
from diag.model.layer import Layer
from diag.model.unavailable import Unavailable, value_or
from diag.registry import fact
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume
from diag.resources.route53 import WILDCARD, HostedZone, RecordSet, ResolverRule, ZoneRecords, covers
from diag.resources.table import Table, table_of
from diag.sources.aws.session import Aws, shaped

_AUTODEFINED = "rslvr-autodefined"
"""Rules that Resolver makes itself, for what it answers anyway."""


@fact(
    layer=Layer.DNS,
    label="private zone",
    permissions=("route53:ListHostedZonesByVPC", "ec2:DescribeVpcs"),
    names={"Name": "host"},
)
def private_zones(
    aws: Aws,
    cluster_identity: ClusterIdentity,
    mounted_file_systems: tuple[FileSystem, ...],
    volumes: tuple[PersistentVolume, ...],
    provisioning: Provisioning | Unavailable,
    eks_cluster: EksCluster | Unavailable,
) -> tuple[HostedZone, ...]:
    """The private hosted zones that a volume's name is in, or one of FSx and STS; all others are left out.

    Those of the file systems' VPCs, and where something is provisioned of the cluster's VPC. Route 53 asks for
    ec2:DescribeVpcs too.
    """
    names = _names(volumes)
    vpcs = _vpcs(mounted_file_systems) if names else []
    if value_or(provisioning, Provisioning()).in_use and isinstance(eks_cluster, EksCluster):
        names |= set(api_names(cluster_identity.region))
        vpcs += [eks_cluster.vpc_id] if eks_cluster.vpc_id not in ("", *vpcs) else []
    found = []
    for vpc in vpcs:
        for raw in _zones(aws, cluster_identity.region, vpc):
            zone = shaped({**raw, "VpcId": vpc}, HostedZone, "private hosted zone")
            if any(covers(zone.name, name) for name in names):
                found.append(zone)
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
    names = _names(volumes) | set(api_names(cluster_identity.region))

    def read(zone: str) -> ZoneRecords:
        listed = aws.pages(
            "route53", "ListResourceRecordSets", "ResourceRecordSets", region=cluster_identity.region, HostedZoneId=zone
        )
        found = (shaped(raw, RecordSet, f"record set of {zone}") for raw in listed)
        return ZoneRecords(tuple(r for r in found if any(covers(r.name.removeprefix(WILDCARD), n) for n in names)))

    return table_of({z.hosted_zone_id: None for z in private_zones if not z.owner.owning_service}, read)


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
