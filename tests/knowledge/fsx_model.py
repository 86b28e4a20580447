"""What botocore's FSx model says of CreateFileSystem for Lustre, as the table that ships with the package.

`python -m tests.knowledge.fsx_model` prints the table of the installed botocore; `--write` puts it in its place.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
from botocore.loaders import Loader

TABLE = Path(__file__).parents[2] / "diag" / "knowledge" / "tables" / "fsx_model.toml"
OTHERS = ("ClientRequestToken", "WindowsConfiguration", "OntapConfiguration", "OpenZFSConfiguration", "Tags")
LUSTRE = "LustreConfiguration"
"""Its members are named without it, those of a structure inside it with a dot: `MetadataConfiguration.Mode`."""


def members() -> dict[str, dict[str, Any]]:
    """Every member that a Lustre file system can be made with, by its dotted name."""
    model = Loader().load_service_model("fsx", "service-2")
    shapes = model["shapes"]
    return dict(_members(shapes, shapes["CreateFileSystemRequest"], ""))


def _members(shapes: Any, structure: Any, prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    required = structure.get("required", ())
    for name, member in structure["members"].items():
        shape = shapes[member["shape"]]
        if not prefix and name in OTHERS:
            continue
        if shape["type"] == "structure":
            inner = "" if name == LUSTRE else f"{prefix}{name}."
            yield from ((key, row) for key, row in _members(shapes, shape, inner or " "))
            continue
        listed = shape["type"] == "list"
        item = shapes[shape["member"]["shape"]] if listed else shape
        row: dict[str, Any] = {"type": item["type"]}
        row |= {"list": True} if listed else {}
        row |= {key: item[key] for key in ("enum", "pattern", "min", "max") if key in item}
        row |= {"required": True} if name in required else {}
        yield f"{prefix}{name}".strip(), row


def table(date: str) -> str:
    """The table's text."""
    lines = [
        "# What CreateFileSystem takes for a Lustre file system, member by member. Extracted, not written by hand:",
        "# python -m tests.knowledge.fsx_model --write",
        "",
        f'date = "{date}"',
        f'source = "fsx 2018-03-01, CreateFileSystem (botocore {botocore.__version__})"',
    ]
    for name, row in members().items():
        lines += ["", f'[members."{name}"]']
        lines += [f"{key} = {_toml(value)}" for key, value in row.items()]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, str) and "\\" in value:
        return f"'{value}'"
    return json.dumps(value)


if __name__ == "__main__":
    text = table(datetime.datetime.now(datetime.UTC).date().isoformat())
    if "--write" in sys.argv[1:]:
        TABLE.write_text(text)
    else:
        print(text, end="")
