"""The reviewed file of silent mutants: where a mount works all the same, or no world can be so."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import msgspec

from tests.mutations.operators import Change

FILE = Path(__file__).with_name("silent.toml")


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """Places and operators whose mutants may be silent, and why."""

    where: tuple[str, ...]
    """Patterns of `kind/role path`, with `*` for any text."""
    why: str
    how: tuple[str, ...] = ("*",)
    """Patterns of operators."""
    worlds: tuple[str, ...] = ("*",)

    @cached_property
    def _places(self) -> re.Pattern[str]:
        return _any_of(self.where)

    @cached_property
    def _operators(self) -> re.Pattern[str]:
        return _any_of(self.how)

    def covers(self, world: str, change: Change) -> bool:
        """Whether a change is one of these."""
        return (
            self._places.fullmatch(change.place) is not None
            and self._operators.fullmatch(change.operator) is not None
            and any(fnmatch.fnmatch(world, name) for name in self.worlds)
        )


class Reviewed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    works: tuple[Entry, ...] = ()


def load() -> tuple[Entry, ...]:
    """Read the file."""
    return msgspec.toml.decode(FILE.read_bytes(), type=Reviewed).works


def first_covering(entries: Iterable[Entry], world: str, change: Change) -> Entry | None:
    """The first entry that covers a change."""
    return next((entry for entry in entries if entry.covers(world, change)), None)


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(pattern).replace(r"\*", ".*") for pattern in patterns), re.DOTALL)
