"""The StorageClass names one subnet that exists, and security groups that exist in the same VPC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from diag import Correction, Draft, Fix, Layer, Table, Unavailable, check, fail, ok, unknown
from diag.advice.replace_class import rename_parameter, replace_class
from diag.analysis.storage_classes import Demand, Flaw, group_ids, network_flaws, subnet_ids
from diag.grammar.command import Verbatim
from diag.grammar.ids import SECURITY_GROUP
from diag.knowledge.storage_class import differs_in_spelling, misspelt
from diag.resources.ec2 import SecurityGroup, Subnet
from diag.resources.eks import EksCluster


@check("storageclass-network", layer=Layer.REQUEST, each="demands",
       speaks_for=("storageclass-network-missing", "multiple-subnets-not-supported"))  # fmt: skip
def network_is_given(
    demand: Demand,
    class_subnets: Table[Subnet] | Unavailable,
    class_groups: Table[SecurityGroup] | Unavailable,
    eks_cluster: EksCluster | Unavailable,
) -> Iterator[Draft]:
    """The StorageClass names one subnet that exists, and security groups that exist in the same VPC.

    A file system is in exactly one subnet. Without `subnetId` the driver refuses; without `securityGroupIds` it
    sends one empty id, which FSx refuses. The list is split at commas and not trimmed, so a blank belongs to an id.

    pass: subnet and groups are well-formed and EC2 has them
    fail: one is missing, malformed, unknown to EC2, or there are several subnets
    unknown: EC2 could not be asked for them
    source: aws-fsx-csi-driver v1.9.0 pkg/driver/controller.go, pkg/cloud/cloud.go; fsx 2018-03-01 SecurityGroupId
    """
    flaws = network_flaws(demand.parameters, class_subnets, class_groups)
    for flaw in flaws:
        yield _network_draft(demand, flaw, eks_cluster, flaws)
    if not flaws:
        message = (
            f"subnet {demand.parameters['subnetId']}, groups {demand.parameters['securityGroupIds']}: EC2 has them"
        )
        yield ok(demand.storage_class, message, concerns=demand.path)


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
    wrong = {flaw.key, *(other.key for other in flaws if not demand.parameters.get(other.key))}
    known = {"subnetId": "{subnet}", "securityGroupIds": "{security_group}"}
    message = "the cluster's own group lets its members talk to each other on every port" if group else ""
    return replace_class(
        about, waiting, {key: known[key] for key in known if key in wrong},
        warning=message if "securityGroupIds" in wrong else "", subnet=subnet, security_group=group,
    )  # fmt: skip
