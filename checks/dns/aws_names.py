"""The names of AWS that the controller asks for: no private zone of the VPC takes them."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Table, Unavailable, Unreadable, check, fail, ok, skip, warn
from diag.advice.steps import advise
from diag.analysis.claims import NOT_IN_USE, Provisioning
from diag.analysis.driver.workloads import missing_component
from diag.analysis.identity.controller import Giver, goes_by_proxy, injected
from diag.analysis.network.names import api_names
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.kubernetes import Pod, Workload
from diag.resources.route53 import HostedZone, ZoneRecords, closest, covers

CAUSE = "private-zone-shadows-name"
REQUEST = (
    "give the zone {hosted_zone} a record for each name of AWS that is asked for in the VPC, or take it off the VPC: a"
    " zone of exactly one host name does the same for it and hides no other"
)


@check("aws-names", layer=Layer.DNS, speaks_for=CAUSE)
def no_zone_hides_the_names_of_aws(
    cluster_identity: ClusterIdentity,
    eks_cluster: EksCluster | Unavailable,
    provisioning: Provisioning,
    controller: Workload | Unavailable,
    controller_pods: tuple[Pod, ...],
    private_zones: tuple[HostedZone, ...],
    zone_records: Table[ZoneRecords] | Unavailable,
) -> Iterator[Draft]:
    """No private hosted zone of the cluster's VPC hides the names of FSx and STS, which the controller asks for.

    The VPC's resolver searches the private zone that matches best, and says NXDOMAIN when it has no record: the
    controller's calls end with "no such host", whatever routes and endpoints there are.

    pass: no zone of one's own covers the names, or it has an address or an alias for them
    warn: a zone hides a name, and no claim waits; but the driver has made volumes, which it grows and deletes
    fail: a zone hides a name, and a claim waits for the controller
    unknown: the cluster, zones or their records could not be read
    skip: no claim waits for the controller and it has made no volume, it goes through a proxy, or there is none
    source: Route 53 developer guide, hosted-zone-private-considerations
    """
    if isinstance(controller, Unavailable):
        yield missing_component("controller Deployment", controller)
        return
    asked = provisioning.pending or provisioning.dynamic
    if not asked or goes_by_proxy(controller_pods):
        yield skip(controller, "it goes through a proxy" if asked else NOT_IN_USE)
        return
    if isinstance(eks_cluster, Unavailable):
        raise Unreadable(eks_cluster)
    takes_token = Giver.WEB_IDENTITY in {injected(pod) for pod in controller_pods}
    names = [name for name in api_names(cluster_identity.region) if takes_token or not name.startswith("sts.")]
    for name in names:
        zone = closest(
            (z for z in private_zones if z.vpc_id == eks_cluster.vpc_id and covers(z.name, name)), lambda z: z.name
        )
        if zone is None or zone.owner.owning_service:
            continue
        records = zone_records if isinstance(zone_records, Unavailable) else zone_records[zone.hosted_zone_id]
        if isinstance(records, Unavailable):
            raise Unreadable(records)
        if records.answer_to(name, zone.name) is None:
            say = fail if provisioning.pending else warn
            message = f"private zone {zone.name} ({zone.hosted_zone_id}) of {zone.vpc_id} has no record for {name}"
            owner = zone.owner.owning_account
            by = f"account {owner}, which owns the zone" if owner else "whoever runs the zone"
            fix = advise(REQUEST, {"hosted_zone": zone.hosted_zone_id}, by=by)
            yield say(controller, message, cause=CAUSE, fix=fix, concerns=provisioning.pending)
            return
    yield ok(controller, f"no private zone of the VPC hides {' or '.join(names)}", rules_out=())
