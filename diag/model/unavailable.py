"""A fact that could not be read, as a value."""

from __future__ import annotations

import enum
from typing import TypeVar

import msgspec

T = TypeVar("T")


class Reason(enum.Enum):
    """Why a fact could not be read."""

    DENIED = "denied"
    TIMEOUT = "timeout"
    ABSENT = "absent"
    GARBLED = "garbled"
    UNREACHABLE = "unreachable"
    NOT_ASKED = "not-asked"
    OFFLINE = "offline"
    """The person asked for a run that touches nothing: what needs the world is no open question."""


class Unavailable(msgspec.Struct, frozen=True):
    """Stands where a fact should: what could not be read, why, and what would settle it."""

    what: str
    """The fact or call, in words a person knows: `file system fs-0123…`, `ec2:DescribeSecurityGroups`."""
    reason: Reason
    detail: str = ""
    """What the world said, one line, already stripped of control characters."""
    permission: str = ""
    """The missing permission when denied: `fsx:DescribeFileSystems`, `list nodes`."""
    remedy: str = ""
    """What a person does to make it readable."""

    def __str__(self) -> str:
        parts = [f"{self.what}: {self.reason.value}"]
        if self.permission:
            parts.append(f"needs {self.permission}")
        if self.detail:
            parts.append(self.detail)
        return "; ".join(parts)


class Unreadable(Exception):
    """Raised where a check reaches for one unavailable item of a fact; the engine makes it an unknown finding."""

    def __init__(self, unavailable: Unavailable) -> None:
        super().__init__(str(unavailable))
        self.unavailable = unavailable


def unwrap(value: T | Unavailable) -> T:
    """The value. Raises Unreadable when there is none: what needs it is then missing for the same reason."""
    if isinstance(value, Unavailable):
        raise Unreadable(value)
    return value


def value_or(value: T | Unavailable, default: T) -> T:
    """The value, or the default when there is none: for what is only nice to know."""
    return default if isinstance(value, Unavailable) else value


def is_absent(value: object) -> bool:
    """Whether the world was asked and has no such thing, which is an answer; a refusal is none."""
    return isinstance(value, Unavailable) and value.reason is Reason.ABSENT
