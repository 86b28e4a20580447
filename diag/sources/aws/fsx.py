"""Facts read from Amazon FSx."""

from __future__ import annotations

from diag.model.layer import Layer
from diag.registry import fact
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import DataRepositoryAssociation, FileSystem
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
