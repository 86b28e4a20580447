"""Which causes a message may follow from that names none: by the part that prints it, its kind and its error."""

from __future__ import annotations

import functools

import msgspec

from diag.knowledge.table import read_table


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Messages, and the causes that most of them follow from."""

    causes: tuple[str, ...]
    messages: tuple[str, ...] = ()
    """These of the catalogue, by their ids; any where empty."""
    programs: tuple[str, ...] = ()
    """Of these programs or components; of any where empty."""
    kinds: tuple[str, ...] = ()
    """Of these kinds of the catalogue; of any where empty."""
    errors: tuple[str, ...] = ()
    """With one of these errors (`ENOSPC`) in any spelling; with any or none where empty."""
    names: str = ""
    """And with this pattern."""


class _Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    date: str
    rules: tuple[Rule, ...]


@functools.cache
def message_causes() -> tuple[Rule, ...]:
    """The rules; the first that fits a message counts."""
    return read_table("message_causes", _Rules).rules
