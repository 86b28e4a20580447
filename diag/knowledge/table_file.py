"""Reads the dated tables that ship with the package."""

from __future__ import annotations

import importlib.resources
import tomllib
from typing import TypeVar

import msgspec

Table = TypeVar("Table")


def read_table(name: str, shape: type[Table]) -> Table:
    """The table `tables/<name>.toml` as a typed value.

    TOML keeps `"2.10"` a string, and every field is checked: a table that does not fit its type is a bug of ours.

    Raises:
        msgspec.ValidationError: a field is missing, unknown or of another type.
    """
    file = importlib.resources.files("diag.knowledge").joinpath("tables", f"{name}.toml")
    return msgspec.convert(tomllib.loads(file.read_text("utf-8")), shape)
