"""What a log shows before a connection of Lustre is lost, or its module is missing, and explains it."""

from __future__ import annotations

import functools
from typing import Literal

import msgspec

from diag.knowledge.table import read_table


class Precursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of thing that explains a failure after it, and never one before it."""

    id: str
    within: float
    """Seconds; a failure that is known to come later is not explained."""
    says: str
    pattern: str
    source: str
    cause: str = ""
    """The cause that then leads; empty where the loss is explained and no cause of ours is shown."""
    verdict: Literal["likely", "possible"] = "possible"
    ends: bool = False
    """The node or the mount itself goes, so no server is at fault."""
    explains: Literal["loss", "module"] = "loss"
    """A connection that is lost, or a module that the kernel that runs does not have."""

    @property
    def before(self) -> str:
        """What it came before, in words."""
        return "the connection was lost" if self.explains == "loss" else "the module was missing"


class Precursors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table."""

    date: str
    losses: tuple[str, ...]
    restored: str
    modules: tuple[str, ...]
    precursors: tuple[Precursor, ...]

    @property
    def any_loss(self) -> str:
        """One pattern for every line that says a connection was lost."""
        return "|".join(f"(?:{pattern})" for pattern in self.losses)

    @property
    def any_module(self) -> str:
        """One pattern for every line that says a module is missing or does not fit the kernel."""
        return "|".join(f"(?:{pattern})" for pattern in self.modules)


@functools.cache
def precursors_table() -> Precursors:
    """The table of what explains a loss."""
    return read_table("precursors", Precursors)


def precursor(id: str) -> Precursor:
    """One of them."""
    return next(one for one in precursors_table().precursors if one.id == id)
