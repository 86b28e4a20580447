"""Durations as a person writes them: `30`, `90s`, `10m`, `1h30m`."""

from __future__ import annotations

import re
from typing import Any

import click

_PARTS = re.compile(r"(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+(?:\.\d+)?)s)?", re.ASCII)
LONGEST_S = 24 * 3600.0


def seconds_of(text: str) -> float | None:
    """Seconds; a bare number is seconds. None for what is no duration from above 0 to a day."""
    if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", text):
        found = float(text)
    elif text and (match := _PARTS.fullmatch(text)):
        hours, minutes, seconds = (float(match[unit] or 0) for unit in ("h", "m", "s"))
        found = hours * 3600 + minutes * 60 + seconds
    else:
        return None
    return found if 0 < found <= LONGEST_S else None


class Duration(click.ParamType[float]):
    """An option's value in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds; fails with what is wanted."""
        if isinstance(value, int | float):
            return float(value)
        found = seconds_of(str(value).strip().lower())
        if found is None:
            self.fail(f"{value!r} is no duration; write 90s, 10m or 1h30m (at most 24h)", param, ctx)
        return found
