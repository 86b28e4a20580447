"""The docstring of every check is its page, in the order that docs/plugins.md describes."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from diag.registry import Check
from diag.sources.world import load_registry

KEYS = ("pass", "warn", "fail", "unknown", "skip", "source")
CHECKS = load_registry().checks
DOCS = Path(__file__).parents[2] / "docs" / "plugins.md"


def entries(check: Check) -> list[tuple[str, str]]:
    """The keyed lines at the end of the page, each with its continuation lines."""
    found: list[tuple[str, str]] = []
    for line in check.page.splitlines():
        key, colon, text = line.partition(": ")
        if colon and key in KEYS:
            found.append((key, text))
        elif found:
            assert re.match(r"    \S", line), f"not a key, and not indented by four: {line!r}"
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
    return found


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_the_page_of_a_check(check: Check) -> None:
    first = (inspect.getdoc(check.function) or "").partition("\n")[0]
    assert first.endswith(".") and len(first) > 15
    found = entries(check)
    keys = [key for key, _ in found]
    assert keys == sorted(set(keys), key=KEYS.index), "each once, in the order of the table"
    assert keys[-1] == "source" and len(keys) > 1
    assert [key for key, text in found if not text.strip()] == []


def test_the_document_has_the_same_keys_in_the_same_order() -> None:
    assert tuple(re.findall(r"^\| `(\w+):` \|", DOCS.read_text(), re.M)) == KEYS
