"""A pattern that is compiled late is a pattern all the same, and none is wrong."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import checks
import diag
from diag.late import LatePattern, late


def declared() -> Iterator[LatePattern]:
    for package in (diag, checks):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            names = vars(importlib.import_module(module.name)) if "__main__" not in module.name else {}
            for value in names.values():
                several = value if isinstance(value, tuple) else (value,)
                yield from (one for one in several if isinstance(one, LatePattern))


def test_every_pattern_compiles() -> None:
    patterns = [one.pattern for one in declared()]
    assert len(patterns) > 30
    assert all(isinstance(re.compile(pattern), re.Pattern) for pattern in patterns)


def test_it_is_compiled_once_and_not_before() -> None:
    wrong = late("(")
    with pytest.raises(re.error):
        wrong.match("x")
    right = late("A+", re.IGNORECASE)
    assert right.fullmatch("aA") and not right.match("b") and right.match is right.match
