"""Facts read from Amazon FSx."""

from __future__ import annotations

from diag.analysis.file_systems import meant_cache
from diag.model.layer import Layer
from diag.registry import fact
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import DataRepositoryAssociation, FileCache, FileSystem
from diag.resources.kubernetes import PersistentVolume
from diag.resources.table import Table, table_of
from diag.sources.aws.session import Aws, shaped


@fact(layer=Layer.FILE_SYSTEM, label="file system", permissions=("fsx:DescribeFileSystems",))
def file_systems(aws: Aws, cluster_identity: ClusterIdentity) -> Table[FileSystem]:
    """Every FSx file system of the region, of any type, by id.

    The whole region in pages rather than ids: an unknown id fails a whole call by id, and the ones that no volume
    names are what a mistaken id is compared with. Source: API_DescribeFileSystems.
    """
    listed = aws.pages("fsx", "DescribeFileSystems", "FileSystems", region=cluster_identity.region)
    found = {str(raw.get("FileSystemId", "")): raw for raw in listed}
    return table_of(found, lambda id: shaped(found[id], FileSystem, f"file system {id}"))


@fact(
    layer=Layer.FILE_SYSTEM,
    label="data repository association",
    permissions=("fsx:DescribeDataRepositoryAssociations",),
)
def data_repository_associations(aws: Aws, cluster_identity: ClusterIdentity) -> tuple[DataRepositoryAssociation, ...]:
    """Every data repository association of the region."""
    found = aws.pages("fsx", "DescribeDataRepositoryAssociations", "Associations", region=cluster_identity.region)
    return tuple(shaped(raw, DataRepositoryAssociation, "data repository association") for raw in found)


@fact(layer=Layer.FILE_SYSTEM, label="file cache", permissions=("fsx:DescribeFileCaches",))
def file_caches(aws: Aws, cluster_identity: ClusterIdentity, volumes: tuple[PersistentVolume, ...]) -> Table[FileCache]:
    """Every Amazon File Cache of the region by id; no call where no volume names one."""
    asked = any(map(meant_cache, volumes))
    listed = aws.pages("fsx", "DescribeFileCaches", "FileCaches", region=cluster_identity.region) if asked else ()
    found = {str(raw.get("FileCacheId", "")): raw for raw in listed}
    return table_of(found, lambda id: shaped(found[id], FileCache, f"file cache {id}"))
