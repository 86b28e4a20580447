"""Which AWS actions the driver's controller needs, and for what."""

from __future__ import annotations

import enum
import functools

import msgspec

from diag.knowledge.table import read_table


class Use(enum.Enum):
    """What of provisioning needs an action."""

    CREATE = "create"
    DELETE = "delete"
    RESIZE = "resize"
    FIRST = "first"
    """The account's first file system."""
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
