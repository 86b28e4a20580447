"""Tables come from their index where it is up to date, and say the same as their files."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from diag.knowledge import table
from diag.knowledge.table import TABLES, read_table, write_tables

NAMES = sorted(path.stem for path in TABLES.glob("*.toml"))


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the tables, with its index."""
    folder = Path(shutil.copytree(TABLES, tmp_path / "tables", ignore=shutil.ignore_patterns("*.json")))
    monkeypatch.setattr(table, "TABLES", folder)
    monkeypatch.setattr(table, "INDEX", folder / "index.json")
    assert write_tables()
    yield folder
    table._compiled.cache_clear()


def test_the_index_says_what_the_files_say(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_parsed", lambda path: pytest.fail(f"{path} was parsed"))
    for name in NAMES:
        file = tomllib.loads((tables / f"{name}.toml").read_text("utf-8"))
        assert read_table(name, dict[str, Any]) == msgspec.to_builtins(file), name


def test_an_edited_table_is_read_from_its_file(tables: Path) -> None:
    file = tables / "registries.toml"
    file.write_text(file.read_text("utf-8") + "\nadded = 1\n")
    table._compiled.cache_clear()
    assert "added" in str(read_table("registries", dict[str, Any]))
    assert write_tables() and not write_tables()
    assert "added" in str(read_table("registries", dict[str, Any]))


@pytest.mark.parametrize("index", [b"", b"{}", b'{"files": {}, "tables": {}}'])
def test_an_index_that_is_none_is_not_used(tables: Path, index: bytes) -> None:
    (tables / "index.json").write_bytes(index)
    table._compiled.cache_clear()
    assert read_table("partitions", dict[str, Any])
