"""Patterns of the standard library that are compiled when they are first used: one event needs few of them."""

from __future__ import annotations

import re
from typing import Any, cast


def deferred(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """`re.compile(pattern, flags)`, later."""
    return cast("re.Pattern[str]", _Deferred(pattern, flags))


class _Deferred:
    def __init__(self, pattern: str, flags: int) -> None:
        self._given = pattern, flags

    def __getattr__(self, name: str) -> Any:
        """A method of the compiled pattern, which this object has as its own from then on."""
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)
        return found
