"""From the controller's subnets there is a way to the endpoints of FSx and of its credentials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from diag import Draft, Fix, Layer, Subject, Table, Unavailable, check, fail, ok, warn
from diag.advice.identity import let_through
from diag.advice.security_rules import Rule, authorize
from diag.advice.steps import advise, caution, change, undo
from diag.analysis.claims import Provisioning, idle
from diag.analysis.identity.controller import Given, Giver, goes_by_proxy, injected
from diag.analysis.network.outward import HTTPS, Obstacle, obstacles, refused_by_endpoint
from diag.analysis.network.routing import EVERYWHERE, nat_to_use, subnets_without_way_out
from diag.model.unavailable import value_or
from diag.resources.ec2 import Instance, NatGateway, NetworkAcl, PrefixList, RouteTable, SecurityGroup, VpcEndpoint
from diag.resources.eks import ClusterIdentity, EksCluster, SourceNat
from diag.resources.kubernetes import Event, PersistentVolumeClaim, Pod, Workload

LEAD_OUT = (
    "Give the NAT gateway's own subnet a default route to an internet gateway, or make a NAT gateway in a subnet that"
    " has one and lead the nodes' route there."
)
NARROW = "Narrow the Deny of the policy of {vpc_endpoint}: no Allow overrules it, neither there nor of the role."
LET_OUT = "Run the controller where a NAT gateway leads out, or have the VPC CNI translate what leaves the VPC."
UNREACHABLE, REFUSED = "aws-endpoint-unreachable", "iam-denied-by-endpoint-policy"


@check("aws-endpoints", layer=Layer.IDENTITY, speaks_for=(UNREACHABLE, REFUSED))
def controller_reaches_aws(
    cluster_identity: ClusterIdentity,
    provisioning: Provisioning,
    controller: Workload | Unavailable,
    controller_pods: tuple[Pod, ...],
    controller_instances: Table[Instance],
    route_tables: tuple[RouteTable, ...],
    vpc_endpoints: tuple[VpcEndpoint, ...],
    controller_groups: Table[SecurityGroup],
    network_acls: tuple[NetworkAcl, ...],
    prefix_lists: Table[PrefixList] | Unavailable,
    eks_cluster: EksCluster | Unavailable,
    nat_gateways: tuple[NatGateway, ...] | Unavailable,
    controller_role: Given | Unavailable,
    warning_events: tuple[Event, ...] | Unavailable,
    source_nat: SourceNat | Unavailable,
) -> Iterator[Draft]:
    """From the controller's subnets there is a way to the endpoints of FSx and of its credentials.

    In a private cluster without NAT, or with one whose own subnet leads nowhere, the controller needs interface
    endpoints: fsx, and sts with IRSA or eks-auth with Pod Identity. Without them its calls hang until they time out.
    An endpoint with private DNS takes the calls even where a route leads out: its groups and its policy must let them
    in. Mount traffic takes none of these ways.

    pass: the subnets have a default route, or the VPC has the endpoints with private DNS, and groups, network ACLs and
        endpoint policies let the calls through
    warn: they do not, or there is no way at all; a proxy or a route that no table shows may still help
    fail: a claim waits, and the policy of an endpoint surely refuses the controller's first call, or refused one
    unknown: instances, groups, network ACLs, route tables or endpoints could not be read
    skip: nothing is provisioned dynamically, or the controller goes through a proxy
    source: EKS user guide, private-clusters; FSx for Lustre user guide, fsx-vpc-endpoints
    """
    if isinstance(controller, Unavailable) or not provisioning.in_use or goes_by_proxy(controller_pods):
        yield idle(controller, provisioning, "it goes through a proxy")
        return
    subject = controller.subject
    own = value_or(source_nat, SourceNat()).external and not any(pod.spec.host_network for pod in controller_pods)
    closed = subnets_without_way_out(
        controller_instances, route_tables, value_or(nat_gateways, ()), by_own_address=not own
    )
    vpc_endpoints = tuple(item for item in vpc_endpoints if item.is_of(cluster_identity.region))
    givers = {injected(pod) for pod in controller_pods}
    needed = ["fsx", *(["sts"] if Giver.WEB_IDENTITY in givers else ()),
              *(["eks-auth"] if Giver.POD_IDENTITY in givers else ())]  # fmt: skip
    served = {item.service for item in vpc_endpoints if item.takes_calls}
    lacking = [service for service in needed if service not in served]
    where = ", ".join(subnet.subnet_id for subnet in closed)
    if not (closed and lacking):
        addresses = [pod.status.pod_ip for pod in controller_pods if pod.status.pod_ip]
        role = controller_role.role_arn if isinstance(controller_role, Given) else ""
        found = obstacles(
            controller_instances, addresses, needed, vpc_endpoints, controller_groups, network_acls, prefix_lists, role
        )
        said = refused_by_endpoint(_said_of(provisioning.pending, value_or(warning_events, ())), vpc_endpoints)
        if obstacle := said or next(found, None):
            yield _closed(subject, obstacle, provisioning.pending, role)
        elif closed:
            message = f"{where} has no default route, and the VPC has endpoints for {', '.join(needed)}"
            yield ok(subject, message, rules_out=())
        else:
            yield ok(subject, "its subnets have a way to AWS's public endpoints", rules_out=())
        return
    message = f"{where} has no way to the internet, and the VPC no endpoint with private DNS for {', '.join(lacking)}"
    group = "" if isinstance(eks_cluster, Unavailable) else eks_cluster.resources_vpc_config.cluster_security_group_id
    nameless = {item.service: item.vpc_endpoint_id for item in vpc_endpoints if item.state == "available"}
    first, *_ = closed
    place = {"node_vpc": first.vpc_id, "node_subnet": first.subnet_id, "endpoint_security_group": group}
    fix = _open_endpoints(cluster_identity.region, place, {service: nameless.get(service, "") for service in lacking})
    if usable := nat_to_use(closed, value_or(nat_gateways, ()), route_tables):
        fix = _lead_to(*usable)
    if by_nat := next(filter(None, closed.values()), ""):
        fix = advise(LET_OUT if by_nat.startswith("igw-") else LEAD_OUT, by="whoever runs the network")
    yield warn(subject, message, *([by_nat] if by_nat else ()), cause=UNREACHABLE, fix=fix)


def _lead_to(nat: NatGateway, tables: Iterable[RouteTable]) -> Fix:
    """The default route to the NAT gateway that is there."""
    route = "aws ec2 {verb}-route --route-table-id {route_table} --destination-cidr-block {cidr}"
    steps = [caution("If these subnets are private on purpose, make interface endpoints in the VPC instead.")]
    undone = []
    for table in tables:
        names = {"route_table": table.route_table_id, "cidr": EVERYWHERE, "target": nat.nat_gateway_id}
        create = route.replace("{verb}", "create") + " --nat-gateway-id {target}"
        steps.append(change(create, names, changes="Lead the subnets' packets through the NAT gateway."))
        undone.append(undo(route.replace("{verb}", "delete"), names))
    return Fix((*steps, *undone))


def _said_of(waiting: Iterable[PersistentVolumeClaim], events: Iterable[Event]) -> Iterator[str]:
    """What the provisioner says of the claims that wait."""
    keys = {claim.key for claim in waiting}
    about = ((event.message, event.involved_object) for event in events)
    return (text for text, o in about if o.kind == "PersistentVolumeClaim" and (o.namespace, o.name) in keys)


def _closed(subject: Subject, obstacle: Obstacle, waiting: Sequence[PersistentVolumeClaim], role: str) -> Draft:
    evidence = (obstacle.evidence,) if obstacle.evidence else ()
    if obstacle.endpoint:
        names = {"vpc_endpoint": obstacle.endpoint.vpc_endpoint_id}
        fix = (
            let_through(obstacle.endpoint, obstacle.action, role)
            if obstacle.action
            else advise(NARROW, names, by="whoever owns the endpoint's policy")
        )
        say = fail if waiting else warn
        return say(subject, obstacle.message, *evidence, cause=REFUSED, fix=fix, concerns=waiting)
    if obstacle.gap:
        fix = authorize([Rule(*obstacle.gap, str(HTTPS))])
    else:
        fix = advise("Let tcp 443 out of the controller's subnet, and the answers in.", by="whoever runs the network")
    return warn(subject, obstacle.message, *evidence, cause=UNREACHABLE, fix=fix)


def _open_endpoints(region: str, names: Mapping[str, str], lacking: Mapping[str, str]) -> Fix:
    """An endpoint for each service; the id of one that is there already, without private DNS."""
    create = (
        "aws ec2 create-vpc-endpoint --vpc-id {node_vpc} --vpc-endpoint-type Interface --subnet-ids {node_subnet}"
        " --service-name {service} --security-group-ids {endpoint_security_group} --private-dns-enabled"
    )
    modify = "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {vpc_endpoint} {switch}"
    prefix = "cn.com.amazonaws" if region.startswith("cn-") else "com.amazonaws"
    steps = [
        caution("The endpoints' security group must admit tcp 443 from the nodes; each endpoint costs by the hour.")
    ]
    undone = []
    for service, endpoint in lacking.items():
        here = {**names, "service": f"{prefix}.{region}.{service}", "vpc_endpoint": endpoint}
        effect = f"Make {service} reachable in the VPC."
        if endpoint:
            steps.append(change(modify.replace("{switch}", "--private-dns-enabled"), here, changes=effect))
            undone.append(undo(modify.replace("{switch}", "--no-private-dns-enabled"), here))
        else:
            steps.append(change(create, here, changes=effect))
            undone.append(undo("aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {vpc_endpoint}"))
    return Fix((*steps, *dict.fromkeys(undone)))
