"""Facts read from Amazon FSx."""

from __future__ import annotations

from diag.model.layer import Layer
from diag.model.unavailable import Unavailable
from diag.registry import fact
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import DataRepositoryAssociation, FileSystem
from diag.resources.table import Table
from diag.sources.aws.session import Aws, shaped


@fact(layer=Layer.FILE_SYSTEM, label="file system", permissions=("fsx:DescribeFileSystems",))
def file_systems(aws: Aws, cluster_identity: ClusterIdentity) -> Table[FileSystem] | Unavailable:
    """Every FSx file system of the region, of any type, by id.

    The whole region in pages rather than ids: an unknown id fails a whole call by id, and the ones that no volume
    names are what a mistaken id is compared with. Source: API_DescribeFileSystems.
    """
    found = aws.pages("fsx", "DescribeFileSystems", "FileSystems", region=cluster_identity.region)
    if isinstance(found, Unavailable):
        return found
    values: dict[str, FileSystem] = {}
    missing: dict[str, Unavailable] = {}
    for raw in found:
        key = str(raw.get("FileSystemId", ""))
        item = shaped(raw, FileSystem, f"file system {key}")
        if isinstance(item, Unavailable):
            missing[key] = item
        else:
            values[key] = item
    return Table(values, missing)


@fact(
    layer=Layer.FILE_SYSTEM,
    label="data repository association",
    permissions=("fsx:DescribeDataRepositoryAssociations",),
)
def data_repository_associations(
    aws: Aws, cluster_identity: ClusterIdentity
) -> tuple[DataRepositoryAssociation, ...] | Unavailable:
    """Every data repository association of the region."""
    found = aws.pages("fsx", "DescribeDataRepositoryAssociations", "Associations", region=cluster_identity.region)
    if isinstance(found, Unavailable):
        return found
    items = [shaped(raw, DataRepositoryAssociation, "data repository association") for raw in found]
    return tuple(item for item in items if not isinstance(item, Unavailable))
