"""The modules of the Lustre client, and in which of their functions processes wait, and for what."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import msgspec

from diag.knowledge.table import read_table


class Wait(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions in which a process waits for one thing."""

    functions: tuple[str, ...]
    what: str
    versions: str
    source: str


class KernelWaits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions of the kernel in which any program may wait."""

    functions: tuple[str, ...]
    kernels: str
    source: str


class Waits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table."""

    date: str
    source: str
    modules: tuple[str, ...]
    prefixes: tuple[str, ...]
    generic: tuple[KernelWaits, ...]
    waits: tuple[Wait, ...]


@functools.cache
def table() -> Waits:
    """The table of waits."""
    return read_table("lustre_waits", Waits)


def lustre_function(functions: Iterable[str]) -> str:
    """The first of kernel functions, innermost first, that belongs to Lustre or LNet; empty where none does."""
    known = table()
    generic = {name for one in known.generic for name in one.functions}
    return next((name for name in functions if name not in generic and name.startswith(known.prefixes)), "")


def waits_for(functions: Iterable[str]) -> str:
    """What a process in these functions waits for, in words; empty where the table does not say it."""
    by_function = {name: wait.what for wait in table().waits for name in wait.functions}
    return next((by_function[name] for name in functions if name in by_function), "")
