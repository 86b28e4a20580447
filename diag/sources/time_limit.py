"""Calls that may take for ever, given up at an instant."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(call: Callable[[], T], until: float) -> T:
    """What the call returns or raises. Raises TimeoutError at the `time.monotonic()` instant and leaves it."""
    answers: list[T] = []
    failures: list[BaseException] = []

    def answer() -> None:
        try:
            answers.append(call())
        except BaseException as failure:
            failures.append(failure)

    calling = threading.Thread(target=answer, daemon=True)
    calling.start()
    calling.join(max(0.0, until - time.monotonic()))
    if failures:
        raise failures[0]
    if not answers:
        raise TimeoutError
    return answers[0]
