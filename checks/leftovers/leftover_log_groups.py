"""Every log group of FSx or of an EKS cluster still has a writer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.leftovers._teardown import LEFT, account, ask_owner, delete, scope
from diag import Draft, Fix, Layer, Table, check, ok, warn
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.teardown import Clusters, LogGroup


@check("leftover-log-groups", layer=Layer.FILE_SYSTEM, opt_in=True, speaks_for=LEFT)
def log_groups_are_written(
    log_groups: tuple[LogGroup, ...],
    file_systems: Table[FileSystem],
    region_clusters: Clusters,
    cluster_identity: ClusterIdentity,
) -> Iterator[Draft]:
    """Every log group of FSx or of an EKS cluster still has a writer.

    CloudWatch keeps what was written, at a price, until somebody deletes the group or gives it a retention. FSx for
    Windows logs who used its files to groups that must begin with /aws/fsx, and a file cache logs where Lustre does.

    pass: a file system of any type logs to it, or its cluster is there
    warn: nothing that was looked at writes to it any more; only this very cluster's own group is offered for deletion
    unknown: log groups, clusters or file systems could not be read
    source: fsx 2018-03-01 LustreLogConfiguration and WindowsAuditLogConfiguration; EKS User Guide, control plane logs
    """
    written = {fs.log_destination.partition(":log-group:")[2].partition(":")[0] for fs in file_systems}
    left = []
    for group in log_groups:
        cluster = _CLUSTER.fullmatch(group.log_group_name)
        of_fsx = group.log_group_name.startswith("/aws/fsx")
        if (of_fsx and group.log_group_name not in written) or (cluster and cluster[1] not in region_clusters.issuers):
            left.append(group)
    for group in left:
        message = f"log group {group.log_group_name} ({group.stored_bytes} bytes) has no writer any more"
        fix = _fix(group, cluster_identity.cluster)
        yield warn(account(cluster_identity), message, scope(cluster_identity), cause=None, fix=fix)
    if not left:
        yield ok(account(cluster_identity), f"all {len(log_groups)} log group(s) of FSx and EKS have a writer")


_CLUSTER = re.compile(r"/aws/eks/([^/]+)/cluster")


def _fix(group: LogGroup, cluster: str) -> Fix:
    match = _CLUSTER.fullmatch(group.log_group_name)
    if match and match[1] == cluster:
        command = "aws logs delete-log-group --log-group-name {log_group}"
        return delete(command, "deletes what was logged", log_group=group.log_group_name)
    look = "File caches log there too: aws fsx describe-file-caches. What was logged may have to be kept"
    return ask_owner(look)
