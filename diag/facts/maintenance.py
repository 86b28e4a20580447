"""The weekly maintenance window of a file system."""

from __future__ import annotations

import datetime
import re

WINDOW = datetime.timedelta(minutes=30)
"""Length of the window. Source: FSx for Lustre user guide, maintenance-windows."""

START = re.compile(r"([1-7]):([01]\d|2[0-3]):?([0-5]\d)")
"""`d:HH:MM` in UTC, Monday is 1. Source: fsx 2018-03-01, WeeklyTime."""


def is_in_window(start: str, now: datetime.datetime) -> bool:
    """Whether an aware time lies in the window that starts every week at `d:HH:MM`; False for text that is no such."""
    found = START.fullmatch(start)
    if found is None:
        return False
    day, hour, minute = (int(part) for part in found.groups())
    since_monday = datetime.timedelta(days=day - 1, hours=hour, minutes=minute)
    utc = now.astimezone(datetime.UTC)
    monday = (utc - datetime.timedelta(days=utc.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    return (utc - monday - since_monday) % datetime.timedelta(days=7) < WINDOW
