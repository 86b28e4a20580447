"""Patterns that are compiled when they are first used: modules hold hundreds, and a run needs few of them."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class LatePattern:
    """Stands for a compiled pattern; what is asked of it once is answered without a detour from then on."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self._given: tuple[Any, int] = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)
        return found


def late(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, which takes milliseconds for a long pattern, but not yet."""
    return cast("re.Pattern[AnyStr]", LatePattern(pattern, flags))
