"""What still stands after a teardown, fact by fact; tests/end_to_end has the real command over whole teardowns."""

from __future__ import annotations

from typing import Any

from diag.model.finding import Finding
from diag.registry import Check
from diag.resources.ec2 import GroupPair, GroupRef, NetworkInterface, Permission, SecurityGroup
from diag.resources.table import Table
from diag.resources.teardown import BucketNotices, Clusters, LogGroup, LustreGroups, OwnPolicy, TrustedRole
from tests.checks.given import REGION, findings, replace

VPC, ISSUER, GONE = "vpc-0123456789abcdef0", "0123456789ABCDEF", "FEDCBA9876543210"
ALIVE = Clusters({"training": ISSUER, "research": "AAAABBBBCCCCDDDD"})
LUSTRE = Permission(ip_protocol="tcp", from_port=988, to_port=988)


def group(id: str = "sg-1", vpc: str = VPC, name: str = "fsx-lustre-sg", *pairs: str) -> SecurityGroup:
    rule = replace(LUSTRE, user_id_group_pairs=tuple(GroupPair(pair) for pair in pairs))
    return SecurityGroup(id, name, vpc, (rule,))


def eni(id: str = "eni-0123456789abcdef0", status: str = "in-use", group_id: str = "sg-1") -> NetworkInterface:
    return NetworkInterface(id, groups=(GroupRef(group_id),), status=status)


def role(issuer: str = ISSUER, account: str = "kube-system:fsx-csi-controller-sa", region: str = REGION) -> TrustedRole:
    provider = f"oidc.eks.{region}.amazonaws.com/id/{issuer}"
    subject = {"StringEquals": {f"{provider}:sub": f"system:serviceaccount:{account}"}}
    federated = {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{provider}"}
    return TrustedRole("driver", "", {"Statement": [{"Principal": federated, "Condition": subject}]})


HEALTHY: dict[str, Any] = {
    "lustre_groups": LustreGroups((group(),), (eni(),)),
    "region_clusters": ALIVE,
    "driver_roles": (role(),),
    "lustre_policies": (OwnPolicy("FSxLustreCSIDriver", attachment_count=1),),
    "eks_providers": (f"arn:aws:iam::111122223333:oidc-provider/oidc.eks.{REGION}.amazonaws.com/id/{ISSUER}",),
    "log_groups": (LogGroup("/aws/eks/training/cluster"),),
    "bucket_notices": Table({"data": BucketNotices("data", ("backup",))}),
    "data_repository_associations": (),
}


def only(check: Check, **facts: Any) -> Finding:
    (finding,) = findings(check, **HEALTHY | facts)
    return finding
