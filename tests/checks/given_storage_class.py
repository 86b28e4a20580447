"""StorageClasses: judged only where somebody provisions from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diag.model.finding import Finding
from diag.registry import Check
from diag.resources.ec2 import Permission, SecurityGroup, Subnet
from diag.resources.eks import ClusterIdentity
from diag.resources.table import Table
from tests.checks.given import (
    claim,
    findings,
    storage_class,
)

SUBNET, GROUP = "subnet-0123456789abcdef0", "sg-0123456789abcdef0"
GOOD = {
    "subnetId": SUBNET,
    "securityGroupIds": GROUP,
    "deploymentType": "SCRATCH_2",
    "fileSystemTypeVersion": "2.15",
}


def ec2(*, subnet_vpc: str = "vpc-1", group_vpc: str = "vpc-1", rules: tuple[Permission, ...] = ()) -> dict[str, Any]:
    """What EC2 has of the class's network."""
    subnet = Subnet(SUBNET, vpc_id=subnet_vpc, cidr_block="10.0.1.0/24")
    group = SecurityGroup(GROUP, vpc_id=group_vpc, ip_permissions=rules)
    return {
        "class_subnets": Table({SUBNET: subnet}),
        "class_groups": Table({GROUP: group}),
        "prefix_lists": Table(),
        "mounting_nodes": (),
        "instances": Table(),
        "route_tables": (),
        "cluster_identity": ClusterIdentity(region="eu-west-1"),
    }


def asked(parameters: Mapping[str, str], **facts: Any) -> dict[str, Any]:
    """A class with a claim that waits for a volume of it."""
    waiting = claim(volume="", phase="Pending")
    world = {"claims": (waiting,), "persistent_volumes": (), "pods": ()}
    return {**ec2(), **world, "storage_classes": (storage_class(parameters=parameters),), **facts}


def without(*keys: str, **changed: str) -> dict[str, str]:
    return {key: value for key, value in {**GOOD, **changed}.items() if key not in keys}


def only(check: Check, **facts: Any) -> Finding:
    (finding,) = findings(check, **facts)
    return finding
