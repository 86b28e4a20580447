"""How the controller learns its region, and whether it reaches AWS's endpoints."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Fix, Layer, Table, Unavailable, check, fail, ok, skip, warn
from diag.facts.absence import not_there
from diag.facts.controller import PROXY, REGION, Giver, has_plain_key, injected, plugin_of, set_region
from diag.facts.ec2 import Instance
from diag.facts.egress import subnets_without_way_out
from diag.facts.eks import ClusterIdentity
from diag.facts.imds import why_closed
from diag.facts.kubernetes import Node, Pod, Workload
from diag.facts.provisioning import NOT_FOR_MOUNTS, NOT_IN_USE, Provisioning
from diag.facts.routing import RouteTable
from diag.facts.vpc_endpoint import VpcEndpoint


@check("controller-region", layer=Layer.IDENTITY, speaks_for=("region-undetermined", "imds-unreachable"))
def controller_knows_its_region(
    cluster_identity: ClusterIdentity,
    provisioning: Provisioning,
    controller: Workload | Unavailable,
    controller_pods: tuple[Pod, ...],
    controller_nodes: tuple[Node, ...],
    controller_instances: Table[Instance],
) -> Iterator[Draft]:
    """The controller knows its region, and reaches the instance metadata service if it depends on it.

    It takes the region from AWS_REGION, which IRSA, Pod Identity and controller.region of the chart set, else from
    the metadata service. Where pods cannot reach that (hop limit 1, EKS Auto Mode) it starts with an empty region and
    every call to FSx fails. Without a role or keys of its own it also needs the service for the node's credentials.

    pass: AWS_REGION is set, or the metadata service answers
    warn: credentials can only come from a metadata service that pods cannot reach
    fail: AWS_REGION is not set and pods cannot reach the metadata service
    unknown: the node's instance could not be read
    skip: nothing is provisioned dynamically, or no pod of the controller exists
    source: aws-fsx-csi-driver v1.9.0 pkg/cloud/metadata.go; EC2 user guide, instance metadata options
    """
    if isinstance(controller, Unavailable):
        yield not_there("controller Deployment", controller)
        return
    subject = controller.subject
    if not provisioning.in_use or not controller_pods:
        yield skip(subject, "no pod of the controller exists" if provisioning.in_use else NOT_IN_USE)
        return
    nodes = {node.name: node for node in controller_nodes}
    by_key = has_plain_key(controller)
    told = ""
    for pod in controller_pods:
        has_region = REGION in plugin_of(pod.spec).env_names
        if has_region and (by_key or injected(pod)):
            continue
        closed = why_closed(pod, nodes.get(pod.spec.node_name), controller_instances)
        if closed and not has_region:
            told = f"{pod.key} has no AWS_REGION and cannot ask for it: {closed}"
            fix = set_region(controller, cluster_identity.region)
            yield fail(subject, f"{told}; {NOT_FOR_MOUNTS}", cause="region-undetermined", fix=fix)
        if closed and not (by_key or injected(pod)):
            told = f"{pod.key} has no role of its own, and the node's is out of reach: {closed}"
            yield warn(subject, told, cause="imds-unreachable")
    if not told:
        yield ok(subject, "every pod of the controller knows its region")


@check("aws-endpoints", layer=Layer.IDENTITY, speaks_for="aws-endpoint-unreachable")
def controller_reaches_aws(
    cluster_identity: ClusterIdentity,
    provisioning: Provisioning,
    controller: Workload | Unavailable,
    controller_pods: tuple[Pod, ...],
    controller_instances: Table[Instance],
    route_tables: tuple[RouteTable, ...],
    vpc_endpoints: tuple[VpcEndpoint, ...],
) -> Iterator[Draft]:
    """From the controller's subnets there is a way to the endpoints of FSx and of its credentials.

    In a private cluster without NAT the controller needs interface endpoints: fsx, and sts with IRSA or eks-auth
    with Pod Identity. Without them its calls hang until they time out. Mount traffic takes none of these ways.

    pass: the subnets have a default route, or the VPC has the endpoints with private DNS
    warn: neither; a proxy or a route that no table shows may still help
    unknown: instances, route tables or endpoints could not be read
    skip: nothing is provisioned dynamically, or the controller goes through a proxy
    source: EKS user guide, private-clusters; FSx for Lustre user guide, fsx-vpc-endpoints
    """
    if isinstance(controller, Unavailable):
        yield not_there("controller Deployment", controller)
        return
    subject = controller.subject
    names = {name for pod in controller_pods for name in plugin_of(pod.spec).env_names}
    if not provisioning.in_use or names & PROXY:
        yield skip(subject, "it goes through a proxy" if provisioning.in_use else NOT_IN_USE)
        return
    closed = subnets_without_way_out(controller_instances, route_tables)
    if not closed:
        yield ok(subject, "its subnets have a way to AWS's public endpoints", rules_out=())
        return
    givers = {injected(pod) for pod in controller_pods}
    needed = ["fsx", *(["sts"] if Giver.WEB_IDENTITY in givers else ()),
              *(["eks-auth"] if Giver.POD_IDENTITY in givers else ())]  # fmt: skip
    served = {item.service for item in vpc_endpoints if item.state == "available" and item.private_dns_enabled}
    lacking = [service for service in needed if service not in served]
    where = ", ".join(subnet.subnet_id for subnet in closed)
    if not lacking:
        yield ok(subject, f"{where} has no default route, and the VPC has endpoints for {', '.join(needed)}")
        return
    message = f"{where} has no way to the internet, and the VPC no endpoint with private DNS for {', '.join(lacking)}"
    fix = _create_endpoints(cluster_identity.region, closed[0].vpc_id, closed[0].subnet_id, lacking)
    yield warn(subject, message, cause="aws-endpoint-unreachable", fix=fix)


def _create_endpoints(region: str, vpc: str, subnet: str, services: list[str]) -> Fix:
    prefix = "cn.com.amazonaws" if region.startswith("cn-") else "com.amazonaws"
    commands = tuple(
        f"aws ec2 create-vpc-endpoint --vpc-id {vpc} --vpc-endpoint-type Interface --subnet-ids {subnet}"
        f" --service-name {prefix}.{region}.{service} --security-group-ids <sg-that-admits-443> --private-dns-enabled"
        for service in services
    )
    return Fix(commands, "each costs by the hour", "aws ec2 delete-vpc-endpoints --vpc-endpoint-ids <id>")
