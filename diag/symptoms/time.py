"""Log stamps as moments that can be compared, where they can be."""

from __future__ import annotations

import re
from typing import NamedTuple

_ISO = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d)?")
_KLOG = re.compile(r"(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)")
_SYSLOG = re.compile(r"(?:[A-Z][a-z]{2} )?([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:\.\d+)?(?: (\d{4}))?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = 86400


class Moment(NamedTuple):
    """Seconds on one clock. Only moments of the same clock can be compared."""

    clock: str
    seconds: float


def moment_of(stamp: str, uptime: float | None = None, origin: str = "") -> Moment | None:
    """The moment that a stamp names: RFC 3339, syslog's, klog's or asctime's; else the seconds since boot.

    Stamps without a year are on a clock of their own; seconds since boot are comparable within one file only.
    """
    if found := _ISO.match(stamp):
        year, month, day, hour, minute, second = map(int, found.groups()[:6])
        return Moment("utc", _seconds(year, month, day, hour, minute, second) - _offset(found[8] or "Z"))
    if found := _KLOG.match(stamp):
        month, day, hour, minute, second = map(int, found.groups())
        return Moment("year-less", _seconds(2000, month, day, hour, minute, second))
    if (found := _SYSLOG.match(stamp)) and found[1] in _MONTHS:
        day, hour, minute, second = map(int, found.groups()[1:5])
        month = _MONTHS.index(found[1]) + 1
        clock, year = ("utc", int(found[6])) if found[6] else ("year-less", 2000)
        return Moment(clock, _seconds(year, month, day, hour, minute, second))
    return None if uptime is None else Moment(f"uptime of {origin}", uptime)


def apart(one: Moment | None, other: Moment | None, seconds: float) -> bool:
    """Whether two moments are known to be further apart than that."""
    if one is None or other is None or one.clock != other.clock:
        return False
    return abs(one.seconds - other.seconds) > seconds


def _seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> float:
    """Seconds of the proleptic Gregorian calendar; a stamp with a month or day out of range is only approximate."""
    years = year - (month <= 2)
    era_day = years * 365 + years // 4 - years // 100 + years // 400
    year_day = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day
    return (era_day + year_day) * _DAY + hour * 3600 + minute * 60 + second


def _offset(zone: str) -> float:
    if zone == "Z":
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60
    return -seconds if zone[0] == "-" else seconds
