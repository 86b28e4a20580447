"""The dated tables that ship with the package, and how sure each of their rows is."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TypeVar

from diag.decode import convert

Table = TypeVar("Table")

TABLES = Path(__file__).parent / "tables"


class Confidence(enum.Enum):
    """How sure a row of a table, or a source of a runbook, is."""

    DOCUMENTED = "documented"
    """The owner's own pages or API model say so."""
    FROM_CODE = "from-code"
    """Read in the program's source."""
    REPORTED = "reported"
    """Somebody measured it and showed the output, or a maintainer said it."""
    INFERRED = "inferred"
    """Reasoning of ours: a check may warn of it, never fail on it."""
    UNVERIFIED = "unverified"
    """Said somewhere, and not confirmed by anybody."""

    @property
    def may_fail(self) -> bool:
        """Whether a check may call something broken because of such a row."""
        return self not in (Confidence.INFERRED, Confidence.UNVERIFIED)


def read_table(name: str, shape: type[Table]) -> Table:
    """The table `tables/<name>.toml` as a typed value.

    TOML keeps `"2.10"` a string, and every field is checked: a table that does not fit its type is a bug of ours.

    Raises:
        msgspec.ValidationError: a field is missing, unknown or of another type.
    """
    import tomllib

    return convert(tomllib.loads((TABLES / f"{name}.toml").read_text("utf-8")), shape)
