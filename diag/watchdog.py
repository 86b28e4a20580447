"""The last resort against code that holds the interpreter, so that no deadline in Python can be kept."""

from __future__ import annotations

import contextlib
import faulthandler
import sys
from collections.abc import Iterator

GRACE_S = 1.0

_is_ours = False


def own_process() -> None:
    """Say that the process is this command's: nothing else is lost with it. A program that calls us is never ended."""
    global _is_ours
    _is_ours = True


@contextlib.contextmanager
def end_process_after(seconds: float) -> Iterator[None]:
    """Unless the block ends in time (and a second), end the process, if it is ours, with exit code 1.

    Standard error gets where each thread hangs. The C library's timer thread does it: it needs no interpreter.
    """
    if sys.__stderr__ is None or not _is_ours:
        yield
        return
    faulthandler.dump_traceback_later(max(0.0, seconds) + GRACE_S, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
