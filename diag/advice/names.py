"""Where a person finds the names that the commands of a page leave open: `<node>`, `<cluster>`, `<security-group>`."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping, Sequence

import msgspec

from diag.knowledge.table import read_table


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that prints some names, and what each of them is."""

    names: Mapping[str, str]
    command: str = ""
    """Empty where nothing prints them: a person chooses."""
    otherwise: str = ""
    """The command for where the first prints nothing, and for a page of hosts without Kubernetes."""
    pages: tuple[str, ...] = ()
    """The causes on whose pages the names have this source in place of the usual one."""


class _Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    date: str
    sources: tuple[Source, ...]


@functools.cache
def sources() -> tuple[Source, ...]:
    """All, in the order in which a person asks: what one prints is asked for by those that follow."""
    return read_table("names", _Names).sources


_OPEN = re.compile(r"<([a-z][a-z0-9-]*)>")
_ASKS = re.compile(r"\{([a-z_]+)\}")


def named_in(page: str, id: str) -> tuple[Source, ...]:
    """The sources of the names that a cause's page leaves open, and of those that their own commands leave open."""
    own = {name for source in sources() if id in source.pages for name in source.names}
    found = []
    for source in sources():
        if source.pages and id not in source.pages:
            continue
        if source.command.startswith("kubectl") and "kubectl" not in page:  # A page of hosts without Kubernetes.
            if not source.otherwise:
                continue
            source = msgspec.structs.replace(source, command=source.otherwise, otherwise="")
        names = source.names if source.pages else {n: what for n, what in source.names.items() if n not in own}
        found.append(msgspec.structs.replace(source, names=names))
    return unknown_in(page, found, ())


def unknown_in(text: str, sources: Sequence[Source], known: Collection[str]) -> tuple[Source, ...]:
    """Those of the sources that a text needs, each with the names that are not known yet."""
    wanted = set(_OPEN.findall(text))
    found = []
    for source in reversed(sources):
        if names := {n: what for n, what in source.names.items() if n in wanted and n not in known}:
            found.append(msgspec.structs.replace(source, names=names))
            asked = _ASKS.findall(source.command + source.otherwise)
            wanted |= {name.replace("_", "-") for name in asked}
    return tuple(reversed(found))
