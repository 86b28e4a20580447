"""The link between a file system and S3."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Unavailable, check, ok, skip, unknown, warn
from diag.resources.fsx import DataRepositoryAssociation, FailureDetails, FileSystem

BROKEN = frozenset({"MISCONFIGURED", "FAILED"})
"""Source: fsx 2018-03-01, DataRepositoryLifecycle."""


@check("data-repository", layer=Layer.FILE_SYSTEM, each="mounted_file_systems",
       speaks_for="data-repository-misconfigured")  # fmt: skip
def link_to_s3_works(
    file_system: FileSystem, data_repository_associations: tuple[DataRepositoryAssociation, ...] | Unavailable
) -> Iterator[Draft]:
    """The file system's links to S3, if it has any, are in order.

    A link that FSx reports as misconfigured does not stop a mount, as far as is known: new objects of the bucket stay
    invisible, and files are not exported. FSx names the reason, mostly the bucket's policy, notification or region.

    pass: every link is AVAILABLE, or on its way
    warn: one is MISCONFIGURED or FAILED
    unknown: the associations could not be read
    skip: there is no link
    source: FSx API DataRepositoryConfiguration and DescribeDataRepositoryAssociations; FSx user guide, dra-lifecycles
    """
    legacy = file_system.lustre.data_repository_configuration
    links = [("ImportPath " + legacy.import_path, legacy.lifecycle, legacy.failure_details)] if legacy else []
    unread = data_repository_associations if isinstance(data_repository_associations, Unavailable) else None
    for link in () if isinstance(data_repository_associations, Unavailable) else data_repository_associations:
        if link.file_system_id == file_system.id:
            what = f"{link.association_id}, {link.file_system_path} to {link.data_repository_path}"
            links.append((what, link.lifecycle, link.failure_details))
    for what, lifecycle, details in links:
        if lifecycle in BROKEN:
            message = f"the link {what} is {lifecycle}, so that files and objects are not exchanged{_said(details)}"
            yield warn(file_system, message, cause="data-repository-misconfigured")
    if unread is not None:
        yield unknown(file_system, f"its data repository associations are not known: {unread}", because=(unread,))
    elif not links:
        yield skip(file_system, "it has no link to S3")
    elif all(lifecycle not in BROKEN for _, lifecycle, _ in links):
        yield ok(file_system, f"its {len(links)} link(s) to S3 are in order", *(what for what, _, _ in links))


def _said(details: FailureDetails | None) -> str:
    return f". FSx says: {details.message}" if details and details.message else ""
