"""The names of AWS that the controller asks for: they are asked of the VPC's resolver, which knows them."""

from __future__ import annotations

from collections.abc import Iterator

from checks.dns.dns_firewall import CAUSE as FIREWALL
from checks.dns.dns_firewall import blocks, let_pass
from checks.dns.private_zone import leave_to_aws
from checks.dns.vpc_dns import switch_on
from diag import Draft, Layer, Table, Unavailable, Unreadable, check, fail, ok, skip, warn
from diag.advice.steps import advise
from diag.analysis.claims import NOT_IN_USE, Provisioning
from diag.analysis.driver.workloads import missing_component
from diag.analysis.identity.controller import goes_by_proxy
from diag.analysis.network.name_servers import hops_of, servers_of_ones_own
from diag.analysis.network.names import names_asked_by, services_of, to_be_mounted
from diag.model.unavailable import value_or
from diag.resources.ec2 import DhcpOptions, Vpc
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.kubernetes import PersistentVolumeClaim, Pod, Workload
from diag.resources.kubernetes.corefile import ServerBlock
from diag.resources.route53 import FirewallRule, HostedZone, ResolverRule, ZoneRecords, decider_of, taker_of

CAUSE, SWITCHED_OFF, SERVERS = "private-zone-shadows-name", "vpc-dns-disabled", "custom-dns-servers"
REQUEST = (
    "Give the zone {hosted_zone} a record for each name of AWS that is asked for in the VPC, or take it off the VPC: a"
    " zone of exactly one host name does the same for it and hides no other."
)
FORWARD = "Have these servers forward {dns_name} to the VPC's resolver, or have CoreDNS ask 169.254.169.253 for it."


@check("aws-names", layer=Layer.DNS, speaks_for=(CAUSE, SWITCHED_OFF, SERVERS, FIREWALL))
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
    dns_firewall: tuple[FirewallRule, ...] | Unavailable,
) -> Iterator[Draft]:
    """The names of FSx and STS, which the controller asks for, are asked of the VPC's resolver, and nothing hides them.

    The VPC's resolver searches the private zone that matches best, and says NXDOMAIN when it has no record: the
    controller's calls end with "no such host", whatever routes and endpoints there are. A FORWARD rule, DHCP options or
    a forward of CoreDNS may have other servers asked, which know the names or not.

    pass: no zone of one's own covers the names, or it has an address or an alias for them, and AWS is asked
    warn: a zone hides a name, and no claim waits; but the driver has made volumes, which it grows and deletes; or a
        claim waits, and other servers than Amazon's are asked
    fail: a claim waits for the controller, and a zone hides a name, DNS Firewall blocks it, or the VPC's resolver is
        switched off
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
    names = names_asked_by(controller_pods, cluster_identity.region)
    known = vpcs if isinstance(vpcs, Unavailable) else vpcs.get(eks_cluster.vpc_id)
    vpc = known if isinstance(known, Vpc) else None
    if waiting and vpc is not None and vpc.enable_dns_support is False:
        message = f"enableDnsSupport of {vpc.vpc_id} is off: no name resolves there, that of FSx neither"
        fix = switch_on(vpc.vpc_id, ["enableDnsSupport"])
        yield fail(controller, message, cause=SWITCHED_OFF, fix=fix, concerns=waiting)
        return
    hops = hops_of(corefile, node_local_corefile, daemon_sets)
    rules = value_or(dns_firewall, ())
    asked = (*names, *to_be_mounted(names))
    refused = {n: r for n in asked if (r := decider_of(n, eks_cluster.vpc_id, rules)) and r.action == "BLOCK"}
    if waiting and refused:
        name, rule = next(iter(refused.items()))
        fix = let_pass(rule, refused, rules)
        yield fail(controller, blocks(rule, name), cause=FIREWALL, fix=fix, concerns=waiting)
        return
    for name in names:
        taker = taker_of(name, eks_cluster.vpc_id, private_zones, value_or(resolver_rules, ()))
        if isinstance(taker, ResolverRule) and taker.rule_type == "FORWARD":
            if waiting:
                yield _forwarded(controller, name, taker, waiting)
                return
            continue
        if isinstance(taker, HostedZone) and not taker.owner.owning_service:
            records = zone_records if isinstance(zone_records, Unavailable) else zone_records[taker.hosted_zone_id]
            if isinstance(records, Unavailable):
                raise Unreadable(records)
            if records.answer_to(name, taker.name) is None:
                yield _hidden(controller, name, taker, waiting)
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
