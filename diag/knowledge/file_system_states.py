"""What each lifecycle of a file system means for a mount."""

from __future__ import annotations

import enum
import functools

import msgspec

from diag.knowledge.table import read_table


class Mountable(enum.Enum):
    """Whether a file system in a state can be mounted."""

    YES = "yes"
    MAYBE = "maybe"
    NO = "no"


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One lifecycle."""

    lifecycle: str
    mount: Mountable
    means: str
    cause: str = ""


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    date: str
    source: str
    states: tuple[State, ...]


@functools.cache
def _table() -> _Table:
    return read_table("file_system_states", _Table)


def state_of(lifecycle: str) -> State | None:
    """What a lifecycle means; None for one that is not in the table."""
    return next((state for state in _table().states if state.lifecycle == lifecycle), None)


def causes() -> tuple[str, ...]:
    """Every cause of a state, in the table's order, each once."""
    return tuple(dict.fromkeys(state.cause for state in _table().states if state.cause))
