"""Every bucket's notification of FSx has a file system that imports from the bucket."""

from __future__ import annotations

from collections.abc import Iterator

from checks.leftovers._teardown import LEFT, account, scope
from diag import Draft, Fix, Kind, Layer, Subject, Table, check, ok, unknown, warn
from diag.advice.steps import caution, person, save
from diag.resources.eks import ClusterIdentity
from diag.resources.fsx import DataRepositoryAssociation, FileSystem
from diag.resources.teardown import BucketNotices, bucket_of


@check("leftover-bucket-notifications", layer=Layer.FILE_SYSTEM, opt_in=True, speaks_for=LEFT)
def notifications_have_a_file_system(
    bucket_notices: Table[BucketNotices],
    file_systems: Table[FileSystem],
    data_repository_associations: tuple[DataRepositoryAssociation, ...],
    cluster_identity: ClusterIdentity,
) -> Iterator[Draft]:
    """Every bucket's notification of FSx has a file system that imports from the bucket.

    FSx puts a notification called FSx on a bucket for automatic import. One that stays keeps the next file system
    from making its own, whose link then ends MISCONFIGURED. A file system of another Region or account may link the
    bucket too: neither is looked at.

    pass: every one has
    warn: no file system of this account and Region links the bucket any more
    unknown: a bucket could not be asked
    source: FSx for Lustre user guide, automatic import; s3 2006-03-01 GetBucketNotificationConfiguration
    """
    links = [link.import_path for fs in file_systems if (link := fs.lustre.data_repository_configuration)]
    linked = {bucket_of(path) for path in (*links, *(a.data_repository_path for a in data_repository_associations))}
    left = [notices for notices in bucket_notices if notices.of_fsx and notices.bucket not in linked]
    for notices in left:
        message = f"its notification {', '.join(notices.of_fsx)} is FSx's, and no file system of the region links it"
        fix = _drop_notification(notices.bucket)
        yield warn(Subject(Kind.BUCKET, notices.bucket), message, scope(cluster_identity), cause=None, fix=fix)
    for name, why in bucket_notices.missing.items():
        yield unknown(Subject(Kind.BUCKET, name), f"its notifications could not be read: {why}", because=(why,))
    if not left:
        message = f"none of {len(bucket_notices)} bucket(s) has a notification of a file system that is gone"
        yield ok(account(cluster_identity), message)


def _drop_notification(bucket: str) -> Fix:
    keep = "aws s3api get-bucket-notification-configuration --bucket {bucket} > notifications-of-{bucket}.json"
    put = "Put back the saved configuration without that entry (put-bucket-notification-configuration replaces it all)"
    ask = "Ask who else links the bucket: a file system of another Region or account needs its notification."
    return Fix((caution(ask), save(keep, {"bucket": bucket}), person(put)))
