"""Quantities of storage as Kubernetes writes them."""

from __future__ import annotations

import re
from decimal import Decimal

GIB = 1024**3

_QUANTITY = re.compile(r"\+?(\d+(?:\.\d*)?|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,2})?", re.ASCII)
"""Source: Kubernetes v1.34 apimachinery pkg/api/resource/quantity.go; a negative one cannot be asked for."""

_SUFFIX = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", 1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}  # fmt: skip


def number_of(quantity: str) -> Decimal | None:
    """`1200Gi`, `10` or `500m` as a number; None for text that is no quantity."""
    match = _QUANTITY.fullmatch(quantity)
    if match is None:
        return None
    number, suffix = Decimal(match[1]), match[2] or ""
    return number * (_SUFFIX[suffix] if suffix in _SUFFIX else Decimal(10) ** int(suffix[1:]))


def bytes_of(quantity: str) -> int | None:
    """`1200Gi`, `1.2T` or `1e12` in bytes, rounded up; None for text that is no quantity."""
    number = number_of(quantity)
    return None if number is None else int(number.to_integral_value(rounding="ROUND_CEILING"))


def in_gib(size: int) -> str:
    """Bytes as people compare them: `1200 GiB`, `1117.6 GiB`."""
    return f"{round(size / GIB, 1):g} GiB"
