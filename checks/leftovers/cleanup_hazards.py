"""A clean-up that goes by type or name alone would take nothing that is not this cluster's."""

from __future__ import annotations

from collections.abc import Iterator

from checks.leftovers._teardown import account, lustre, scope
from diag import Draft, Layer, Reason, Table, Unavailable, check, fail, ok, unknown
from diag.analysis.file_systems import Ownership, clusters_of, ownership_of
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume


@check("cleanup-hazards", layer=Layer.FILE_SYSTEM, opt_in=True)
def cleanup_would_spare_others(
    file_systems: Table[FileSystem],
    persistent_volumes: tuple[PersistentVolume, ...],
    cluster_identity: ClusterIdentity,
    eks_cluster: EksCluster,
) -> Iterator[Draft]:
    """A clean-up that goes by type or name alone would take nothing that is not this cluster's.

    Scripts that delete every file system with FileSystemType LUSTRE, or the first one of a list, delete other teams'
    data as well. There is no way back from that. The driver tags no cluster, so that a live file system of another
    cluster in the same VPC looks like one that was left over.

    pass: every Lustre file system of the Region is this cluster's
    fail: one is another cluster's, be it used by this one or not, or in another VPC
    unknown: nothing says whose one is; or file systems, volumes or the cluster could not be read
    source: a set-up's clean-up script, run against stand-ins; fsx 2018-03-01 DeleteFileSystem
    """
    found = False
    for file_system in lustre(file_systems):
        owned = ownership_of(file_system, persistent_volumes, cluster_identity.cluster, eks_cluster.vpc_id)
        name = f" ({file_system.name})" if file_system.name else ""
        others = [owner for owner in clusters_of(file_system.tags) if owner != cluster_identity.cluster]
        if owned.ownership is Ownership.FOREIGN or (others and cluster_identity.cluster):
            found = True
            reason = f"its tags say that it is cluster {', '.join(others)}'s" if others else owned.reason
            message = f"leave it alone{name}: {reason}; a script that deletes every Lustre file system would take it"
            yield fail(file_system, message, cause="")
        elif owned.ownership is Ownership.UNCLAIMED:
            found = True
            because = Unavailable(f"owner of {file_system.id}", Reason.NOT_ASKED, owned.reason, remedy="ask for it")
            message = f"leave it alone{name} until its owner is known: {owned.reason}"
            yield unknown(file_system, message, scope(cluster_identity), because=(because,))
    if not found:
        message = "every Lustre file system of the Region is this cluster's"
        yield ok(account(cluster_identity), message, scope(cluster_identity))
