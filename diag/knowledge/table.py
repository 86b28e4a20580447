"""The dated tables that ship with the package, and how sure each of their rows is."""

from __future__ import annotations

import enum
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from diag.decode import convert, decode_json
from diag.knowledge.fingerprint import Fingerprint, fingerprint, is_current

Table = TypeVar("Table")

TABLES = Path(__file__).parent / "tables"
INDEX = TABLES / "index.json"
"""All tables as JSON: a run reads a dozen, and parsing TOML takes ten times as long."""


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
    if (compiled := _compiled().get(name)) is not None:
        return decode_json(compiled, shape)
    return convert(_parsed(TABLES / f"{name}.toml"), shape)


class _Compiled(msgspec.Struct, frozen=True):
    files: dict[str, Fingerprint]
    tables: dict[str, msgspec.Raw]


@functools.cache
def _compiled() -> Mapping[str, msgspec.Raw]:
    """The tables of the index; none where it is not up to date."""
    try:
        index = decode_json(INDEX.read_bytes(), _Compiled)
        return index.tables if is_current(INDEX, TABLES, ".toml", index.files) else {}
    except (OSError, msgspec.DecodeError):
        return {}


def _parsed(path: Path) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(path.read_text("utf-8"))


def write_tables() -> bool:
    """Brings the index up to date; True when it had to be written."""
    paths = sorted(TABLES.glob("*.toml"))
    files = {path.name: fingerprint(path.read_bytes()) for path in paths}
    tables = {path.stem: msgspec.Raw(msgspec.json.encode(_parsed(path))) for path in paths}
    content = msgspec.json.encode(_Compiled(files, tables)) + b"\n"
    if INDEX.exists() and INDEX.read_bytes() == content:
        return False
    INDEX.write_bytes(content)
    _compiled.cache_clear()
    return True
