"""The exit codes, and how the verdicts of a run become one: here an unknown becomes exit code 5."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from diag.model.verdict import Verdict


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
    is_complete: bool = True,
    fail_on_warn: bool = False,
    unknown_passes: bool = False,
) -> ExitCode:
    """The exit code of a run. `inspected` is false where nothing was found to inspect or a named target does not
    exist; `is_complete` says that the diagnosis could read all that it needs.

    A failure outranks an unknown, and an unknown outranks a warning: a run that could not look is not a run that
    found only warnings.
    """
    seen = frozenset(verdicts)
    if Verdict.FAIL in seen:
        return ExitCode.FAILED
    if not inspected:
        return ExitCode.NOTHING_INSPECTED
    if (Verdict.UNKNOWN in seen or not is_complete) and not unknown_passes:
        return ExitCode.UNDETERMINED
    if Verdict.WARN in seen and fail_on_warn:
        return ExitCode.WARNED
    return ExitCode.OK


class WrongUsage(Exception):
    """An option, a file or a target cannot be used; the message says which and why. Every command ends with exit code
    2 when it is raised."""
