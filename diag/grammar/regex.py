"""Regular expressions in time linear in the text, whatever the pattern: a typed face of RE2.

Signatures come from runbooks, a team's own ones included, and run over texts written by strangers, so an engine
that backtracks is out of the question. `docs/matching.md` has the measurements behind the choice.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import re2

_MEMORY = 64 << 20


class BadPattern(ValueError):
    """A pattern that is not RE2 syntax; the text says why."""


class Match:
    """One match: its span and named groups."""

    __slots__ = ("_match",)

    def __init__(self, match: Any) -> None:
        self._match = match

    @property
    def start(self) -> int:
        """Offset of the first character (of the first byte, in bytes)."""
        return int(self._match.start())

    @property
    def end(self) -> int:
        """Offset after the last character."""
        return int(self._match.end())

    def groups(self) -> dict[str, str]:
        """The named groups that took part in the match."""
        return {name: value for name, value in self._match.groupdict().items() if value is not None}


class Pattern:
    """A compiled pattern over str."""

    __slots__ = ("_regexp",)

    def __init__(self, pattern: str) -> None:
        self._regexp = _compile(pattern)

    def search(self, text: str) -> Match | None:
        """The leftmost match."""
        found = self._regexp.search(text)
        return None if found is None else Match(found)

    @property
    def group_names(self) -> tuple[str, ...]:
        """Names of the named groups, sorted."""
        return tuple(sorted(self._regexp.groupindex))


@functools.lru_cache(4096)
def compiled(pattern: str) -> Pattern:
    """The pattern, compiled when it is first asked for."""
    return Pattern(pattern)


class BytesFinder:
    """Finds the next place where any of many patterns matches, in bytes, upper and lower case alike."""

    __slots__ = ("_regexp",)

    def __init__(self, alternatives: Iterable[bytes]) -> None:
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.case_sensitive = False
        options.never_capture = True
        options.log_errors = False
        options.max_mem = _MEMORY
        self._regexp = _compile(b"|".join(alternatives), options)

    def next(self, data: bytes, start: int, end: int) -> int:
        """Offset of the first match that lies in data[start:end], -1 when there is none."""
        found = self._regexp.search(data, start, end)
        return -1 if found is None else int(found.start())


class PatternSet:
    """Many patterns tried at once: which of them match somewhere in a text.

    RE2 first looks for the plain texts that the patterns demand, and tries only those whose texts are there: an
    automaton of all patterns would grow with every new text.
    """

    __slots__ = ("_empty", "_filter")

    def __init__(self, patterns: Iterable[str]) -> None:
        options = re2.Options()
        options.log_errors = False
        self._filter = re2.Filter()
        self._empty = True
        for pattern in patterns:
            try:
                self._filter.Add(pattern, options)
            except re2.error as error:
                raise BadPattern(f"{pattern!r}: {_reason(error)}") from None
            self._empty = False
        if not self._empty:
            self._filter.Compile()

    def matching(self, text: bytes) -> tuple[int, ...]:
        """Positions, in the order given, of the patterns that match `text` (UTF-8)."""
        if self._empty:
            return ()
        return tuple(sorted(self._filter.Match(text) or ()))


def _compile(pattern: str | bytes, options: Any = None) -> Any:
    if options is None:
        options = re2.Options()
        options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise BadPattern(f"{pattern!r}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else str(error)
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
