"""How old an object was when the facts were read."""

from __future__ import annotations

import datetime


def age_s(created: str, taken_at: str) -> float | None:
    """Seconds between two RFC 3339 times; None when one of them is missing or garbled."""
    try:
        start, end = datetime.datetime.fromisoformat(created), datetime.datetime.fromisoformat(taken_at)
        return (end - start).total_seconds()
    except (ValueError, TypeError):
        return None


def is_younger(created: str, taken_at: str, seconds: float) -> bool:
    """Whether an object is known to be younger than that."""
    age = age_s(created, taken_at)
    return age is not None and age < seconds
