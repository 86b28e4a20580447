"""Every Lustre file system of this cluster is used by a claimed volume."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from checks.leftovers._teardown import LEFT, ask_owner, delete_volumes, lustre, scope
from diag import Draft, Fix, Layer, Table, Unavailable, check, ok, warn
from diag.advice.steps import caution, change
from diag.analysis.file_systems import Ownership, ownership_of
from diag.model.fix import Danger
from diag.resources.eks import ClusterIdentity, EksCluster
from diag.resources.fsx import FileSystem
from diag.resources.kubernetes import PersistentVolume


@check("leftover-file-systems", layer=Layer.FILE_SYSTEM, opt_in=True, speaks_for=LEFT)
def file_systems_are_used(
    file_systems: Table[FileSystem],
    persistent_volumes: tuple[PersistentVolume, ...],
    cluster_identity: ClusterIdentity,
    eks_cluster: EksCluster | Unavailable,
) -> Iterator[Draft]:
    """Every Lustre file system of this cluster is used by a claimed volume.

    A file system costs by the hour whether anybody mounts it or not. A volume with reclaim policy Retain leaves it
    behind when its claim goes, and a PersistentVolume deleted by hand never takes it along.

    pass: a claimed volume names it
    warn: this cluster made it and no claimed volume names it; or nothing says whose it is, and it is in this
        cluster's VPC or a volume without a claim names it (then ask first: nothing is offered for deletion)
    unknown: file systems or volumes could not be read
    source: fsx 2018-03-01 DescribeFileSystems; Kubernetes documentation, reclaiming; aws-fsx-csi-driver v1.9.0
        pkg/cloud/cloud.go (the driver tags no cluster)
    """
    vpc = "" if isinstance(eks_cluster, Unavailable) else eks_cluster.vpc_id
    for file_system in lustre(file_systems):
        owned = ownership_of(file_system, persistent_volumes, cluster_identity.cluster, vpc)
        size = f"{file_system.storage_capacity or '?'} GiB {file_system.lustre.deployment_type}"
        message = f"{size} is still running and billed: {owned.reason}{_twin(file_system, file_systems)}"
        if owned.ownership is Ownership.USED:
            yield ok(file_system, owned.reason, rules_out=())
        elif owned.ownership is Ownership.UNCLAIMED:
            yield warn(file_system, message, scope(cluster_identity), cause=None, fix=_ask_first(file_system))
        elif owned.ownership is not Ownership.FOREIGN:
            yield warn(file_system, message, cause=None, fix=_delete_file_system(file_system, owned.volumes))


def _twin(file_system: FileSystem, file_systems: Table[FileSystem]) -> str:
    """Another file system that links the same bucket: a set-up that was run twice makes one each time."""
    link = file_system.lustre.data_repository_configuration
    if link is None or not link.import_path:
        return ""
    others = [
        other.id
        for other in lustre(file_systems)
        if other.id != file_system.id
        and (theirs := other.lustre.data_repository_configuration)
        and theirs.import_path == link.import_path
    ]
    return f"; {', '.join(others)} links {link.import_path} too, as after a set-up that was run twice" if others else ""


def _delete_file_system(file_system: FileSystem, volumes: Iterable[PersistentVolume]) -> Fix:
    command, message = "aws fsx delete-file-system --file-system-id {file_system}", "Delete it with all its data."
    return Fix(
        (
            caution("Ask its owner, and export what is not in S3: this cannot be undone.", danger=Danger.DESTROYS),
            *delete_volumes(volumes),
            change(command, {"file_system": file_system.id}, changes=message, danger=Danger.DESTROYS),
        )
    )


def _ask_first(file_system: FileSystem) -> Fix:
    look = "Its tags: aws fsx list-tags-for-resource --resource-arn {resource_arn}"
    return ask_owner(look, resource_arn=file_system.resource_arn)
