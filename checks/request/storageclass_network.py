"""The StorageClass names one subnet that exists, and security groups that exist in the same VPC."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from diag import Correction, Draft, Fix, Layer, Table, Unavailable, check, fail, ok, skip, unknown, warn
from diag.advice.replace_class import rename_parameter, replace_class
from diag.advice.steps import advise
from diag.analysis.network.routing import Way, table_of, way_to
from diag.analysis.storage_classes import Demand, Flaw, group_ids, network_flaws, subnet_ids
from diag.grammar.command import Verbatim
from diag.grammar.ids import SECURITY_GROUP, account_of
from diag.knowledge.storage_class import differs_in_spelling, misspelt
from diag.model.unavailable import value_or
from diag.resources.ec2 import Instance, RouteTable, SecurityGroup, Subnet
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.kubernetes import ServiceAccount

NETWORK, OUT_OF_REACH = "storageclass-network-missing", "route-missing"
SAME_ACCOUNT = (
    "Give the controller a role of the cluster's own account; or, where the file systems are to be of account"
    " {role_account}, have the subnet shared with it and name a security group of that account."
)
NO_WAY = (Way.NONE, Way.BLACKHOLE, Way.INTERNET)


@check("storageclass-network", layer=Layer.REQUEST, each="demands",
       speaks_for=(NETWORK, "multiple-subnets-not-supported", OUT_OF_REACH))  # fmt: skip
def network_is_given(
    demand: Demand,
    class_subnets: Table[Subnet] | Unavailable,
    class_groups: Table[SecurityGroup] | Unavailable,
    eks_cluster: EksCluster | Unavailable,
    instances: Table[Instance] | Unavailable,
    route_tables: tuple[RouteTable, ...] | Unavailable,
    controller_account: ServiceAccount | Unavailable,
    cluster_identity: ClusterIdentity | Unavailable,
) -> Iterator[Draft]:
    """The StorageClass names one subnet that exists, and security groups that exist in the same VPC.

    A file system is in exactly one subnet. Without `subnetId` the driver refuses; without `securityGroupIds` it
    sends one empty id, which FSx refuses. The list is split at commas and not trimmed, so a blank belongs to an id.
    In a VPC to which the nodes have no route the file system is made, and no node can mount it. The cluster's own VPC
    is the nodes', whether they could be read or not.

    pass: subnet and groups are well-formed and EC2 has them
    warn: a claim waits, and the controller acts as a role of another account, in which FSx then makes the file system
    fail: one is missing, malformed, unknown to EC2, or there are several subnets; or the subnet is in another VPC than
        every node, and the nodes' route tables lead nowhere near it
    unknown: EC2 could not be asked for them; or the subnet is in another VPC than the cluster, and the nodes'
        instances or their route tables could not be read
    skip: the class has no parameters, and nobody has a volume made of it
    source: aws-fsx-csi-driver v1.9.0 pkg/driver/controller.go, pkg/cloud/cloud.go; fsx 2018-03-01 SecurityGroupId
    """
    if not (demand.parameters or demand.waiting or demand.made):
        message = "it has no parameters: it makes no file system, and serves volumes that are made by hand"
        yield skip(demand.storage_class, message)
        return
    flaws = network_flaws(demand.parameters, class_subnets, class_groups)
    if not flaws:
        home = "" if isinstance(eks_cluster, Unavailable) else eks_cluster.vpc_id
        flaws = _out_of_reach(demand, value_or(class_subnets, Table()), home, instances, route_tables)
    for flaw in flaws:
        yield _network_draft(demand, flaw, eks_cluster, flaws)
    if not flaws and demand.waiting and (stranger := _account_elsewhere(controller_account, cluster_identity)):
        subnet = demand.parameters["subnetId"]
        message = (
            f"the controller's role is of account {stranger}, and FSx makes the file system there: {subnet} is not"
        )
        fix = advise(SAME_ACCOUNT, {"role_account": stranger}, by="whoever owns the controller's role")
        yield warn(demand.storage_class, f"{message} of that account", cause=NETWORK, fix=fix, concerns=demand.path)
    elif not flaws:
        message = (
            f"subnet {demand.parameters['subnetId']}, groups {demand.parameters['securityGroupIds']}: EC2 has them"
        )
        yield ok(demand.storage_class, message, concerns=demand.path)


def _account_elsewhere(account: ServiceAccount | Unavailable, cluster: ClusterIdentity | Unavailable) -> str:
    """The account of the controller's role where that is not the cluster's; empty where it is, or is not known."""
    if isinstance(account, Unavailable) or isinstance(cluster, Unavailable) or not cluster.account:
        return ""
    theirs = account_of(account.role_arn or "")
    return theirs if theirs != cluster.account else ""


def _out_of_reach(
    demand: Demand,
    subnets: Table[Subnet],
    home: str,
    instances: Table[Instance] | Unavailable,
    route_tables: tuple[RouteTable, ...] | Unavailable,
) -> tuple[Flaw, ...]:
    """The subnet of the class, where no node has a way to it, or where that could not be seen.

    A way from any node speaks for it, and so does a node whose table belongs to another account.
    """
    found = [subnets.values[id] for id in subnet_ids(demand.parameters) if id in subnets]
    for subnet in found:
        address = _some_address(subnet.cidr_block)
        nodes = {(one.subnet_id, one.vpc_id) for one in value_or(instances, Table())}
        tables = value_or(route_tables, ())
        if subnet.vpc_id in ("", home) or any(vpc == subnet.vpc_id for _, vpc in nodes):
            continue
        unread = next((one for one in (instances, route_tables) if isinstance(one, Unavailable)), None)
        if unread is not None:
            message = f"its subnet {subnet.subnet_id} is in {subnet.vpc_id}, and whether the nodes have a way there"
            return (Flaw("subnetId", f"{message} is not known", OUT_OF_REACH, unread),)
        seen = [table_of(Subnet(*node), tables) for node in nodes]
        if not (address and seen and subnet.vpc_id) or any(vpc in ("", subnet.vpc_id) for _, vpc in nodes):
            continue
        if all(table and way_to(address, table)[0] in NO_WAY for table in seen):
            where = ", ".join(sorted({vpc for _, vpc in nodes}))
            message = (
                f"its subnet {subnet.subnet_id} is in {subnet.vpc_id}, the nodes are in {where}, and no route of theirs"
                f" leads to {subnet.cidr_block}: no node could mount what is made there"
            )
            return (Flaw("subnetId", message, OUT_OF_REACH),)
    return ()


def _some_address(cidr: str) -> str:
    """An address of the range; empty for what is none."""
    try:
        return str(ipaddress.IPv4Network(cidr, strict=False).network_address + 4)
    except ValueError:
        return ""


def _network_draft(demand: Demand, flaw: Flaw, cluster: EksCluster | Unavailable, flaws: tuple[Flaw, ...]) -> Draft:
    about = demand.storage_class
    if flaw.unread is not None:
        return unknown(about, f"{flaw.message}: {flaw.unread}", because=(flaw.unread,), concerns=demand.path)
    return fail(
        about, flaw.message, cause=flaw.cause, fix=_fix(demand, flaw, cluster, flaws), concerns=demand.path,
        correction=_correction(demand.parameters, flaw.key),
    )  # fmt: skip


def _correction(parameters: Mapping[str, str], key: str) -> Correction | None:
    """The key as the driver reads it, or the list of groups without blanks; nothing else is certain."""
    written = "" if key in parameters else misspelt(parameters, key)
    if written:
        return Correction(written, written, key, is_key=True) if differs_in_spelling(written, key) else None
    given = parameters.get(key, "")
    plain = "".join(given.split())
    certain = key == "securityGroupIds" and plain != given and all(map(SECURITY_GROUP.fits, plain.split(",")))
    return Correction(key, given, plain) if certain else None


def _fix(demand: Demand, flaw: Flaw, cluster: EksCluster | Unavailable, flaws: tuple[Flaw, ...]) -> Fix:
    """The value as it was meant, else a subnet and the group of the cluster itself."""
    about, waiting = demand.storage_class, demand.claims_to_replace
    written = misspelt(demand.parameters, flaw.key)
    if written and flaw.key not in demand.parameters:
        return rename_parameter(about, waiting, written, flaw.key, demand.parameters[written])
    network = None if isinstance(cluster, Unavailable) else cluster.resources_vpc_config
    group = network.cluster_security_group_id if network else ""
    subnet = next(iter(network.subnet_ids), "") if network else ""
    given = demand.parameters.get("subnetId", "").replace(",", " ").split()
    if flaw.key == "subnetId" and len(given) > 1:
        subnet = next(iter(subnet_ids({"subnetId": given[0]})), subnet)
    groups = demand.parameters.get("securityGroupIds", "")
    trimmed = groups.replace(" ", "")
    if flaw.key != "subnetId" and trimmed != groups and group_ids({"securityGroupIds": trimmed}):
        return replace_class(about, waiting, {"securityGroupIds": Verbatim(trimmed)})
    known = {"subnetId": "{subnet}", "securityGroupIds": "{security_group}"}
    wrong = {flaw.key, *(key for key in known if not demand.parameters.get(key))}
    if flaw.cause == OUT_OF_REACH:
        # Another VPC's groups do not fit the cluster's subnet.
        wrong = set(known)
    message = "the cluster's own group lets its members talk to each other on every port" if group else ""
    return replace_class(
        about, waiting, {key: known[key] for key in known if key in wrong},
        warning=message if "securityGroupIds" in wrong else "", subnet=subnet, security_group=group,
    )  # fmt: skip
