"""The StorageClass names one subnet that exists, and security groups that exist in the same VPC."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Table, Unavailable, check, fail, ok, unknown
from diag.advice.replace_class import replace_class
from diag.analysis.storage_classes import Demand, Flaw, network_flaws
from diag.resources.ec2 import SecurityGroup, Subnet


@check("storageclass-network", layer=Layer.REQUEST, each="demands",
       speaks_for=("storageclass-network-missing", "multiple-subnets-not-supported"))  # fmt: skip
def network_is_given(
    demand: Demand, class_subnets: Table[Subnet] | Unavailable, class_groups: Table[SecurityGroup] | Unavailable
) -> Iterator[Draft]:
    """The StorageClass names one subnet that exists, and security groups that exist in the same VPC.

    A file system stands in exactly one subnet. Without `subnetId` the driver refuses; without `securityGroupIds` it
    sends one empty id, which FSx refuses. The list is split at commas and not trimmed, so a blank belongs to an id.

    pass: subnet and groups are well-formed and EC2 has them
    fail: one is missing, malformed, unknown to EC2, or there are several subnets
    unknown: EC2 could not be asked for them
    source: aws-fsx-csi-driver v1.9.0 pkg/driver/controller.go, pkg/cloud/cloud.go; fsx 2018-03-01 SecurityGroupId
    """
    flaws = network_flaws(demand.parameters, class_subnets, class_groups)
    for flaw in flaws:
        yield _network_draft(demand, flaw)
    if not flaws:
        told = f"subnet {demand.parameters['subnetId']}, groups {demand.parameters['securityGroupIds']}: EC2 has them"
        yield ok(demand.storage_class, told, concerns=demand.path)


def _network_draft(demand: Demand, flaw: Flaw) -> Draft:
    about = demand.storage_class
    if flaw.unread is not None:
        return unknown(about, f"{flaw.message}: {flaw.unread}", because=(flaw.unread,), concerns=demand.path)
    fix = replace_class(about, f"set {flaw.key}")
    return fail(about, flaw.message, cause=flaw.cause, fix=fix, concerns=demand.path)
