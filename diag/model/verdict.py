"""The verdict of a finding, and how verdicts add up to an exit code."""

from __future__ import annotations

import enum
from collections.abc import Iterable


class Verdict(enum.Enum):
    """What a check says of one subject. Unknown is never pass."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    SKIP = "skip"
    WARN = "warn"
    UNKNOWN = "unknown"
    FAIL = "fail"

    @property
    def rank(self) -> int:
        """Order of gravity: pass 0 … fail 4."""
        return _RANK[self]


_RANK = {verdict: rank for rank, verdict in enumerate(Verdict)}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The gravest of the verdicts; pass when there are none."""
    return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.PASS)


class ExitCode(enum.IntEnum):
    """The exit codes of every command: an interface, never renumbered."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    FAILED = 3
    WARNED = 4
    UNDETERMINED = 5
    NOTHING_INSPECTED = 6


def exit_code(
    verdicts: Iterable[Verdict],
    *,
    inspected: bool,
    fail_on_warn: bool = False,
    unknown_passes: bool = False,
) -> ExitCode:
    """The exit code of a run.

    A failure outranks what could not be determined, which outranks a warning: a gate that could not look must
    not be mistaken for one that looked and only frowned.
    """
    seen = frozenset(verdicts)
    if Verdict.FAIL in seen:
        return ExitCode.FAILED
    if not inspected:
        return ExitCode.NOTHING_INSPECTED
    if Verdict.UNKNOWN in seen and not unknown_passes:
        return ExitCode.UNDETERMINED
    if Verdict.WARN in seen and fail_on_warn:
        return ExitCode.WARNED
    return ExitCode.OK
