"""docs/architecture.md, the import contracts of pyproject.toml and the tree say the same."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
CONTRACTS: dict[str, dict[str, Any]] = {
    contract["name"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
LEVELS = [set(layer.split(" | ")) for layer in reversed(CONTRACTS["Data goes one way"]["layers"])]
NO_LAYER = {"diag.__init__", "diag.__main__", "diag.api", "diag.version"}
"""The public face and the entry point: they import what they name."""
MAY_TOUCH_THE_WORLD = {"diag.sources", "diag.run", "diag.cli", "diag.watchdog"}
"""The sources, and what opens them and ends the process."""


def written() -> list[set[str]]:
    """The packages of the page's table by level."""
    rows = re.findall(r"^\| (\d+) \| `([\w.]+)` \|", PAGE, re.MULTILINE)
    assert [int(level) for level, _ in rows] == sorted(int(level) for level, _ in rows), "from the bottom"
    return [{package for found, package in rows if int(found) == level} for level in range(int(rows[-1][0]) + 1)]


def test_the_table_is_the_contract_of_the_layers() -> None:
    assert written() == LEVELS


def test_every_package_has_its_layer() -> None:
    packages = {path.parent.name for path in (ROOT / "diag").glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / "diag").glob("*.py")}
    assert {f"diag.{name}" for name in packages | modules} - NO_LAYER == set().union(*LEVELS)


def test_a_check_imports_nothing_above_the_analysis() -> None:
    level = next(number for number, packages in enumerate(LEVELS) if "diag.analysis" in packages)
    above = set().union(*LEVELS[level + 1 :])
    assert set(CONTRACTS["A check imports nothing above the analysis"]["forbidden_modules"]) == above


def test_no_package_but_the_sources_is_left_out_of_what_may_not_touch_the_world() -> None:
    held = set(CONTRACTS["Only the sources touch the world"]["source_modules"])
    assert set().union(*LEVELS) - held == MAY_TOUCH_THE_WORLD


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(diag(?:\.\w+)+)`", PAGE))))
def test_what_the_page_names_is_there(name: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute)
