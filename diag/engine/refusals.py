"""Everything that a run was refused, wherever in its facts the refusal is kept."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import msgspec

from diag.model.unavailable import Reason, Unavailable


def refusals_in(value: Any) -> Iterator[Unavailable]:
    """The refused calls inside a fact: the fact itself, items of a table, fields that say what could not be read."""
    if isinstance(value, Unavailable):
        if value.reason is Reason.DENIED:
            yield value
    elif isinstance(value, dict):
        yield from refusals_in(tuple(value.values()))
    elif isinstance(value, tuple):
        # The items of a fact are of one kind: 20,000 pods are not searched one by one.
        if value and (isinstance(value[0], Unavailable) or _keeps_refusals(value[0])):
            for item in value:
                yield from refusals_in(item)
    elif _keeps_refusals(value):
        for name in value.__struct_fields__:
            yield from refusals_in(getattr(value, name))


def _keeps_refusals(value: Any) -> bool:
    """Whether values of this type have a field for what could not be read."""
    kind: Any = type(value)
    return isinstance(value, msgspec.Struct) and _has_such_a_field(kind)


@functools.cache
def _has_such_a_field(kind: type) -> bool:
    return any("Unavailable" in str(annotation) for annotation in kind.__annotations__.values())
