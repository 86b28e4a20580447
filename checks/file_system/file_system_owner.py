"""Whose file system a volume names."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Table, Unavailable, check, ok, skip, warn
from diag.analysis.file_systems import clusters_of, meant_id
from diag.analysis.network.paths import Clients
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume


@check("file-system-owner", layer=Layer.FILE_SYSTEM, each="mounted_file_systems", speaks_for="foreign-file-system")
def file_system_is_this_clusters(
    file_system: FileSystem,
    file_systems: Table[FileSystem],
    persistent_volumes: tuple[PersistentVolume, ...],
    cluster_identity: ClusterIdentity,
    clients: dict[str, Clients] | Unavailable,
) -> Iterator[Draft]:
    """The file system is not tagged as another cluster's, nor passed over for one in the nodes' VPC.

    `aws fsx describe-file-systems --file-system-ids $FSX_ID` with an empty variable lists every file system, and the
    first is somebody else's. All three values of the volume then agree with each other, it mounts if the network lets
    it, and the pod writes into another team's data.

    pass: no tag names another cluster as its owner, and it is where the nodes are, or no unused one is
    warn: it is tagged as owned by another cluster, or it is in another VPC while an unused one is in the nodes'
    unknown: FSx or the volumes could not be read
    skip: the name of this cluster is not known
    source: Kubernetes cloud-provider-aws, tag kubernetes.io/cluster; a set-up script reviewed by running it
    """
    if not cluster_identity.cluster:
        yield skip(file_system, "the name of this cluster is not known")
        return
    called = f"{file_system.id} ({file_system.name or 'without a Name'})"
    owners = clusters_of(file_system.tags)
    groups = () if isinstance(clients, Unavailable) else clients[file_system.id].groups
    vpcs = {group.vpc_id for group in groups} - {file_system.vpc_id}
    in_their_vpc = [other for other in file_systems if other.is_lustre and other.vpc_id in vpcs] if vpcs else []
    named = {meant_id(volume) for volume in persistent_volumes} if in_their_vpc else set()
    unused = [other for other in in_their_vpc if other.id not in named]
    if owners and cluster_identity.cluster not in owners:
        message = f"{called} is tagged as owned by {', '.join(owners)}, not by {cluster_identity.cluster}"
        yield warn(file_system, message, *_tags(file_system), cause="foreign-file-system")
    elif unused:
        message = f"{called} is in {file_system.vpc_id}; {unused[0].id} in the nodes' own VPC is named by no volume"
        yield warn(file_system, f"{message}: is that one meant?", *_tags(file_system), cause="foreign-file-system")
    else:
        yield ok(file_system, f"nothing says that {called} is another cluster's")


def _tags(file_system: FileSystem) -> tuple[str, ...]:
    return tuple(f"tag {tag.key} = {tag.value}" for tag in file_system.tags[:8])
