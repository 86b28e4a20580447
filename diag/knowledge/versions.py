"""Versions compared number by number: of Lustre, and of kernels as `uname -r` prints them."""

from __future__ import annotations

import re

import msgspec

_NUMBERS = re.compile(r"\d+(?:[.-]\d+)*")


class Kernel(msgspec.Struct, frozen=True):
    """A kernel version: `6.1.79-99.167.amzn2023.x86_64` is (6, 1, 79, 99, 167) and `.amzn2023.x86_64`."""

    text: str
    numbers: tuple[int, ...]
    """Every leading number, whether a dot or a dash precedes it. Never empty."""
    suffix: str
    """The rest: distribution, architecture and flavour."""

    @property
    def series(self) -> str:
        """`6.1`."""
        return ".".join(str(number) for number in self.numbers[:2])


def parse_kernel(text: str) -> Kernel | None:
    """A kernel version, or None for a text that does not begin with a number."""
    text = text.strip()
    match = _NUMBERS.match(text)
    if match is None or len(match[0]) > 100:
        return None
    numbers = tuple(int(number) for number in re.split(r"[.-]", match[0]))
    return Kernel(text, numbers, text[match.end() :])


def within(kernel: Kernel, first: str, last: str = "", below: str = "") -> bool:
    """Whether a kernel lies in a range, as AWS writes them.

    From `first` on; up to `last` and everything that begins like it (`5.14.0-427` takes in 5.14.0-427.50.1); short of
    `below`. Bounds that are empty do not bound. Numbers are compared as numbers: 5.10.98 is older than 5.10.144.
    """
    numbers = kernel.numbers
    if numbers < _bound(first):
        return False
    if below and not numbers < _bound(below):
        return False
    end = _bound(last)
    return not last or numbers[: len(end)] <= end


def _bound(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.split(r"[.-]", text)) if text else ()


def major_minor(version: str) -> str:
    """`2.15` of `2.15`, `2.15.6` or `2.10.5.0`; empty when it begins with no such pair."""
    match = re.match(r"\d+\.\d+", version.strip())
    return match[0] if match else ""


def version_number(version: str) -> tuple[int, ...]:
    """A version as numbers to compare: 2.9 is older than 2.12. Empty for what is not a version."""
    return tuple(int(part) for part in re.findall(r"\d+", version))
