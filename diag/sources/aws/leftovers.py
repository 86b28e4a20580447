"""Facts about what a teardown may leave standing. They are read only when somebody asks for leftovers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from diag.knowledge.lustre_ports import LUSTRE_PORT
from diag.model.layer import Layer
from diag.model.unavailable import Reason, Unavailable, Unreadable, value_or
from diag.registry import fact
from diag.resources.ec2 import NetworkInterface, SecurityGroup
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.table import Table, table_of
from diag.resources.teardown import (
    ISSUER,
    LUSTRE_NAME,
    BucketNotices,
    Clusters,
    LogGroup,
    LustreGroups,
    OwnPolicy,
    TrustedRole,
    bucket_of,
    issuer_id,
)
from diag.sources.aws.answers import with_document
from diag.sources.aws.ec2 import BATCH
from diag.sources.aws.failure import as_action
from diag.sources.aws.session import Aws, shaped

T = TypeVar("T")

MOST_BUCKETS = 100
"""Buckets that are asked for their notifications, one call each."""

LOG_PREFIXES = ("/aws/fsx", "/aws/eks/")
"""Log groups that FSx and EKS make. Source: FSx for Lustre user guide, logging; EKS User Guide, control plane logs."""


@fact(
    layer=Layer.NETWORK,
    label="security group",
    permissions=("ec2:DescribeSecurityGroups", "ec2:DescribeNetworkInterfaces"),
)
def lustre_groups(aws: Aws, cluster_identity: ClusterIdentity) -> LustreGroups:
    """Every security group of the region that opens 988, the ENIs that carry one, and the groups that name one."""
    region = cluster_identity.region
    port = [str(LUSTRE_PORT)]
    groups = _ec2(
        aws, region, "DescribeSecurityGroups", "SecurityGroups", "ip-permission.from-port", port, SecurityGroup
    )
    ids = [group.group_id for group in groups]
    interfaces = _ec2(aws, region, "DescribeNetworkInterfaces", "NetworkInterfaces", "group-id", ids, NetworkInterface)
    referring: dict[str, SecurityGroup] = {}
    for side in ("ip-permission.group-id", "egress.ip-permission.group-id"):
        found = _ec2(aws, region, "DescribeSecurityGroups", "SecurityGroups", side, ids, SecurityGroup)
        referring |= {group.group_id: group for group in found}
    return LustreGroups(groups, interfaces, tuple(referring.values()))


def _ec2(
    aws: Aws, region: str, operation: str, key: str, name: str, values: list[str], shape: type[T]
) -> tuple[T, ...]:
    items: list[T] = []
    for start in range(0, len(values), BATCH):
        filters = [{"Name": name, "Values": values[start : start + BATCH]}]
        found = aws.pages("ec2", operation, key, region=region, Filters=filters)
        items.extend(_all_shaped(found, shape))
    return tuple(items)


@fact(layer=Layer.IDENTITY, label="EKS cluster", permissions=("eks:ListClusters", "eks:DescribeCluster"))
def region_clusters(aws: Aws, cluster_identity: ClusterIdentity) -> Clusters:
    """Every EKS cluster of the region with its issuer: a role or a provider of none of them is nobody's."""
    names = aws.pages("eks", "ListClusters", "clusters", region=cluster_identity.region)
    issuers: dict[str, str] = {}
    for name in map(str, names):
        answer = aws.one("eks", "DescribeCluster", region=cluster_identity.region, name=name)
        oidc = ((answer.get("cluster") or {}).get("identity") or {}).get("oidc") or {}
        issuers[name] = issuer_id(str(oidc.get("issuer", "")))
    return Clusters(issuers)


@fact(layer=Layer.IDENTITY, label="role", permissions=("iam:ListRoles",))
def driver_roles(aws: Aws, cluster_identity: ClusterIdentity) -> tuple[TrustedRole, ...]:
    """Every role whose trust policy names a service account of the driver."""
    found = aws.pages("iam", "ListRoles", "Roles", region=cluster_identity.region)
    roles = _all_shaped((with_document(raw, "AssumeRolePolicyDocument") for raw in found), TrustedRole)
    return tuple(role for role in roles if role.service_accounts)


@fact(layer=Layer.IDENTITY, label="policy", permissions=("iam:ListPolicies",))
def lustre_policies(aws: Aws, cluster_identity: ClusterIdentity) -> tuple[OwnPolicy, ...]:
    """Every policy of the account's own whose name speaks of FSx or Lustre."""
    found = aws.pages("iam", "ListPolicies", "Policies", region=cluster_identity.region, Scope="Local")
    return tuple(policy for policy in _all_shaped(found, OwnPolicy) if LUSTRE_NAME.search(policy.policy_name))


@fact(layer=Layer.IDENTITY, label="OIDC provider", permissions=("iam:ListOpenIDConnectProviders",))
def eks_providers(aws: Aws, cluster_identity: ClusterIdentity) -> tuple[str, ...]:
    """ARNs of the OIDC providers of EKS clusters of this region."""
    region = cluster_identity.region
    listed = aws.pages("iam", "ListOpenIDConnectProviders", "OpenIDConnectProviderList", region=region)
    arns = (str(item.get("Arn", "")) for item in listed)
    return tuple(arn for arn in arns if (found := ISSUER.search(arn)) and found["region"] == region)


@fact(layer=Layer.FILE_SYSTEM, label="log group", permissions=("logs:DescribeLogGroups",))
def log_groups(aws: Aws, cluster_identity: ClusterIdentity) -> tuple[LogGroup, ...]:
    """The log groups of FSx and of EKS clusters."""
    groups: list[LogGroup] = []
    for prefix in LOG_PREFIXES:
        found = aws.pages(
            "logs", "DescribeLogGroups", "logGroups", region=cluster_identity.region, logGroupNamePrefix=prefix
        )
        groups.extend(_all_shaped(found, LogGroup))
    return tuple(groups)


@fact(layer=Layer.FILE_SYSTEM, label="bucket", permissions=("s3:ListAllMyBuckets", "s3:GetBucketNotification"))
def bucket_notices(
    aws: Aws, cluster_identity: ClusterIdentity, file_systems: Table[FileSystem] | Unavailable
) -> Table[BucketNotices]:
    """The event notifications of the account's buckets, those that a file system links first, `MOST_BUCKETS` at most.

    Once a file system is gone nothing names its bucket, so all have to be asked.
    """
    region = cluster_identity.region
    with as_action("s3:ListAllMyBuckets"):
        found = aws.pages("s3", "ListBuckets", "Buckets", region=region)
    linked = _linked_buckets(value_or(file_systems, Table()))
    names = list(dict.fromkeys((*linked, *(str(bucket.get("Name", "")) for bucket in found))))
    asked = frozenset(names[:MOST_BUCKETS])

    def read(name: str) -> BucketNotices:
        if name not in asked:
            message = f"only {MOST_BUCKETS} buckets are asked"
            raise Unreadable(Unavailable(f"bucket {name}", Reason.NOT_ASKED, message))
        with as_action("s3:GetBucketNotification"):
            answer = aws.one("s3", "GetBucketNotificationConfiguration", region=region, Bucket=name)
        return BucketNotices(name, tuple(_ids(answer)))

    return table_of(names, read)


def _linked_buckets(file_systems: Iterable[FileSystem]) -> Iterable[str]:
    for file_system in file_systems:
        link = file_system.lustre.data_repository_configuration
        if link is not None and (bucket := bucket_of(link.import_path)):
            yield bucket


def _ids(answer: dict[str, Any]) -> Iterable[str]:
    for kind in ("TopicConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations"):
        for item in answer.get(kind) or ():
            yield str(item.get("Id", ""))


def _all_shaped(items: Iterable[dict[str, Any]], shape: type[T]) -> tuple[T, ...]:
    return tuple(shaped(item, shape, shape.__name__) for item in items)
