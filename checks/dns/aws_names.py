"""The names of AWS that the controller asks for: they are asked of the VPC's resolver, which knows them."""

from __future__ import annotations

from collections.abc import Iterator

from checks.dns.private_zone import leave_to_aws
from checks.dns.vpc_dns import switch_on
from diag import Draft, Layer, Table, Unavailable, Unreadable, check, fail, ok, skip, warn
from diag.advice.steps import advise
from diag.analysis.claims import NOT_IN_USE, Provisioning
from diag.analysis.driver.workloads import missing_component
from diag.analysis.identity.controller import Giver, goes_by_proxy, injected
from diag.analysis.network.name_servers import servers_of_ones_own
from diag.analysis.network.names import api_names, has_node_local_dns, services_of
from diag.model.unavailable import value_or
from diag.resources.ec2 import DhcpOptions, Vpc
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.kubernetes import PersistentVolumeClaim, Pod, Workload
from diag.resources.kubernetes.corefile import ServerBlock
from diag.resources.route53 import HostedZone, ResolverRule, ZoneRecords, closest, covers

CAUSE, SWITCHED_OFF, SERVERS = "private-zone-shadows-name", "vpc-dns-disabled", "custom-dns-servers"
REQUEST = (
    "give the zone {hosted_zone} a record for each name of AWS that is asked for in the VPC, or take it off the VPC: a"
    " zone of exactly one host name does the same for it and hides no other"
)
FORWARD = "have these servers forward {dns_name} to the VPC's resolver, or have CoreDNS ask 169.254.169.253 for it"


@check("aws-names", layer=Layer.DNS, speaks_for=(CAUSE, SWITCHED_OFF, SERVERS))
def names_of_aws_are_asked_of_aws(
    cluster_identity: ClusterIdentity,
    eks_cluster: EksCluster | Unavailable,
    provisioning: Provisioning,
    controller: Workload | Unavailable,
    controller_pods: tuple[Pod, ...],
    private_zones: tuple[HostedZone, ...],
    zone_records: Table[ZoneRecords] | Unavailable,
    resolver_rules: tuple[ResolverRule, ...] | Unavailable,
    vpcs: Table[Vpc] | Unavailable,
    dhcp_options: tuple[DhcpOptions, ...] | Unavailable,
    corefile: tuple[ServerBlock, ...] | Unavailable,
    node_local_corefile: tuple[ServerBlock, ...] | Unavailable,
    daemon_sets: tuple[Workload, ...] | Unavailable,
) -> Iterator[Draft]:
    """The names of FSx and STS, which the controller asks for, are asked of the VPC's resolver, and nothing hides them.

    The VPC's resolver searches the private zone that matches best, and says NXDOMAIN when it has no record: the
    controller's calls end with "no such host", whatever routes and endpoints there are. A FORWARD rule, DHCP options or
    a forward of CoreDNS may have other servers asked, which know the names or not.

    pass: no zone of one's own covers the names, or it has an address or an alias for them, and AWS is asked
    warn: a zone hides a name, and no claim waits; but the driver has made volumes, which it grows and deletes; or a
        claim waits, and other servers than Amazon's are asked
    fail: a claim waits for the controller, and a zone hides a name, or the VPC's resolver is switched off
    unknown: the cluster, zones or their records could not be read
    skip: no claim waits for the controller and it has made no volume, it goes through a proxy, or there is none
    source: Route 53 developer guide, hosted-zone-private-considerations
    """
    if isinstance(controller, Unavailable):
        yield missing_component("controller Deployment", controller)
        return
    waiting = provisioning.pending
    asked = waiting or provisioning.dynamic
    if not asked or goes_by_proxy(controller_pods):
        yield skip(controller, "it goes through a proxy" if asked else NOT_IN_USE)
        return
    if isinstance(eks_cluster, Unavailable):
        raise Unreadable(eks_cluster)
    takes_token = Giver.WEB_IDENTITY in {injected(pod) for pod in controller_pods}
    names = [name for name in api_names(cluster_identity.region) if takes_token or not name.startswith("sts.")]
    known = vpcs if isinstance(vpcs, Unavailable) else vpcs.get(eks_cluster.vpc_id)
    vpc = known if isinstance(known, Vpc) else None
    if waiting and vpc is not None and vpc.enable_dns_support is False:
        message = f"enableDnsSupport of {vpc.vpc_id} is off: no name resolves there, that of FSx neither"
        fix = switch_on(vpc.vpc_id, ["enableDnsSupport"])
        yield fail(controller, message, cause=SWITCHED_OFF, fix=fix, concerns=waiting)
        return
    hops = [("CoreDNS", corefile)]
    if has_node_local_dns(value_or(daemon_sets, ())):
        hops.insert(0, ("NodeLocal DNSCache", node_local_corefile))
    for name in names:
        zone = closest(
            (z for z in private_zones if z.vpc_id == eks_cluster.vpc_id and covers(z.name, name)), lambda z: z.name
        )
        rule = _rule_for(name, zone, value_or(resolver_rules, ()), eks_cluster.vpc_id)
        if rule is not None and rule.rule_type == "FORWARD":
            if waiting:
                yield _forwarded(controller, name, rule, waiting)
                return
            continue
        if rule is None and zone is not None and not zone.owner.owning_service:
            records = zone_records if isinstance(zone_records, Unavailable) else zone_records[zone.hosted_zone_id]
            if isinstance(records, Unavailable):
                raise Unreadable(records)
            if records.answer_to(name, zone.name) is None:
                yield _hidden(controller, name, zone, waiting)
                return
        if waiting and vpc is not None and not isinstance(dhcp_options, Unavailable):
            own, text, _ = servers_of_ones_own(name, vpc, dhcp_options, hops, services_of(eks_cluster), controller)
            if own:
                message = f"{'; '.join(own)}, not the resolver of {vpc.vpc_id}: they must know {name}"
                fix = advise(FORWARD, {"dns_name": name}, by="whoever runs these servers")
                yield warn(controller, message, *text, cause=SERVERS, fix=fix, concerns=waiting)
                return
    message = f"nothing takes {' or '.join(names)} from the resolver of {eks_cluster.vpc_id}"
    yield ok(controller, message, rules_out=())


def _rule_for(name: str, zone: HostedZone | None, rules: tuple[ResolverRule, ...], vpc: str) -> ResolverRule | None:
    """The Resolver rule that takes a name, where no zone is closer to it."""
    rule = closest((r for r in rules if r.vpc_id == vpc and covers(r.domain_name, name)), lambda r: r.domain_name)
    closer = zone is not None and rule is not None and len(rule.domain_name.strip(".")) < len(zone.name.strip("."))
    return None if closer else rule


def _forwarded(
    controller: Workload, name: str, rule: ResolverRule, waiting: tuple[PersistentVolumeClaim, ...]
) -> Draft:
    targets = ", ".join(rule.targets)
    message = (
        f"Resolver rule {rule.id} of {rule.vpc_id} forwards {rule.domain_name} to {targets}: those must know {name}"
    )
    return warn(controller, message, cause=CAUSE, fix=leave_to_aws(rule, name), concerns=waiting)


def _hidden(controller: Workload, name: str, zone: HostedZone, waiting: tuple[PersistentVolumeClaim, ...]) -> Draft:
    say = fail if waiting else warn
    message = f"private zone {zone.name} ({zone.hosted_zone_id}) of {zone.vpc_id} has no record for {name}"
    owner = zone.owner.owning_account
    by = f"account {owner}, which owns the zone" if owner else "whoever runs the zone"
    fix = advise(REQUEST, {"hosted_zone": zone.hosted_zone_id}, by=by)
    return say(controller, message, cause=CAUSE, fix=fix, concerns=waiting)
