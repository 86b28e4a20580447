"""Facts keyed by name, some of which may be missing each for its own reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

import msgspec

from diag.model.unavailable import Reason, Unavailable, Unreadable

Value = TypeVar("Value")


class Table(msgspec.Struct, Generic[Value], frozen=True):
    """A read-only mapping from id to value, which also remembers why an id has none."""

    values: dict[str, Value] = {}
    missing: dict[str, Unavailable] = {}

    def __getitem__(self, key: str) -> Value:
        """The value under the key; raises Unreadable (an unknown finding) when it could not be read."""
        found = self.get(key)
        if isinstance(found, Unavailable):
            raise Unreadable(found)
        return found

    def get(self, key: str) -> Value | Unavailable:
        """The value under the key, or why there is none."""
        if key in self.values:
            return self.values[key]
        return self.missing.get(key) or Unavailable(key or "(empty name)", Reason.ABSENT, "not among what was read")

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values.values())

    def __len__(self) -> int:
        return len(self.values)


def table_of(keys: Iterable[str], read: Callable[[str], Value]) -> Table[Value]:
    """What is read under each key, or why it could not be: `read` raises Unreadable."""
    values: dict[str, Value] = {}
    missing: dict[str, Unavailable] = {}
    for key in keys:
        try:
            values[key] = read(key)
        except Unreadable as error:
            missing[key] = error.unavailable
    return Table(values, missing)
