"""Which AWS actions the driver's controller needs, and for what."""

from __future__ import annotations

import enum
import functools
from collections.abc import Sequence

import msgspec

from diag.knowledge.partitions import partition_of
from diag.knowledge.table import read_table


class Use(enum.Enum):
    """What of provisioning needs an action."""

    CREATE = "create"
    DELETE = "delete"
    RESIZE = "resize"
    FIRST = "first"
    """The account's first file system."""
    ENCRYPT = "encrypt"
    """A file system with a KMS key of one's own."""
    LINK = "link"
    """A link to an S3 bucket."""
    LINK_BY_BUCKET = "link-by-bucket"
    """The other way to a link."""


class Resource(enum.Enum):
    """What an action is about."""

    ANY = "any"
    FILE_SYSTEM = "file-system"
    SERVICE_ROLE = "service-role"
    LINK_ROLE = "link-role"
    BUCKET = "bucket"
    KEY = "key"


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One action."""

    name: str
    use: Use
    resource: Resource
    why: str
    service: str = ""
    """`iam:AWSServiceName` of the request; empty for an action whose requests have no such key."""


class Actions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table."""

    date: str
    source: str
    actions: tuple[Action, ...]


@functools.cache
def controller_actions() -> tuple[Action, ...]:
    """Every action of the table."""
    return read_table("controller_actions", Actions).actions


SOME_FILE_SYSTEM = "fs-0123456789abcdef0"
"""Stands for every file system where IAM is asked."""


def arns_of(
    partition: str, account: str, region: str, buckets: Sequence[str] = (), keys: Sequence[str] = ()
) -> dict[Resource, tuple[str, ...]]:
    """What the actions are asked on in an account and Region; the role of an S3 link only where buckets are linked."""
    service_roles = f"arn:{partition}:iam::{account}:role/aws-service-role"
    link_role = f"s3.data-source.lustre.fsx.amazonaws.com/AWSServiceRoleForFSxS3Access_{SOME_FILE_SYSTEM}"
    return {
        Resource.ANY: ("*",),
        Resource.FILE_SYSTEM: (f"arn:{partition}:fsx:{region}:{account}:file-system/{SOME_FILE_SYSTEM}",),
        Resource.SERVICE_ROLE: (f"{service_roles}/fsx.amazonaws.com/AWSServiceRoleForAmazonFSx",),
        Resource.LINK_ROLE: (f"{service_roles}/{link_role}",) if buckets else (),
        Resource.BUCKET: tuple(f"arn:{partition}:s3:::{bucket}" for bucket in buckets),
        Resource.KEY: tuple(keys),
    }


def via_fsx(region: str) -> str:
    """What `kms:ViaService` says where FSx uses a key in the caller's name; empty for a partition whose form of it is
    not documented. Source: FSx for Lustre user guide, encryption-at-rest; KMS developer guide, conditions-kms."""
    partition = partition_of(region)
    return f"fsx.{region}.amazonaws.com" if partition and partition.dns_suffix == "amazonaws.com" else ""


def by_fsx_alone(region: str) -> dict[str, dict[str, str]]:
    """The condition that lets a key be used through FSx of a Region and in no other way, in every partition."""
    via = via_fsx(region)
    return {"StringEquals": {VIA_SERVICE: via}} if via else {"StringLike": {VIA_SERVICE: f"fsx.{region}.*"}}


VIA_SERVICE = "kms:ViaService"
