"""Every log group of FSx or of an EKS cluster still has a writer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.leftovers._teardown import LEFT, account, delete
from diag import Draft, Layer, Table, check, ok, warn
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

    CloudWatch keeps what was written, at a price, until somebody deletes the group or gives it a retention.

    pass: a file system logs to it, or its cluster is there
    warn: nobody writes to it any more
    unknown: log groups, clusters or file systems could not be read
    source: fsx 2018-03-01 LustreLogConfiguration; EKS User Guide, control plane logs
    """
    targets = [c.destination for fs in file_systems if (c := fs.lustre.log_configuration)]
    left = []
    for group in log_groups:
        cluster = re.fullmatch(r"/aws/eks/([^/]+)/cluster", group.log_group_name)
        of_fsx = group.log_group_name.startswith("/aws/fsx")
        if (of_fsx and not any(f":log-group:{group.log_group_name}" in target for target in targets)) or (
            cluster and cluster[1] not in region_clusters.issuers
        ):
            left.append(group)
    for group in left:
        message = f"log group {group.log_group_name} ({group.stored_bytes} bytes) has no writer any more"
        command = "aws logs delete-log-group --log-group-name {log_group}"
        fix = delete(command, "deletes what was logged", log_group=group.log_group_name)
        yield warn(account(cluster_identity), message, cause=None, fix=fix)
    if not left:
        yield ok(account(cluster_identity), f"all {len(log_groups)} log group(s) of FSx and EKS have a writer")
