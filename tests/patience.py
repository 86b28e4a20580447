"""How tests deal with time: whatever hangs in a test hangs for ever, and who must not wait for it has a minute.

A promise in seconds cannot be measured on a machine that other programs share. What a test can tell apart on any
machine is a wait that ends from one that does not.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

PATIENCE_S = 60.0


@contextlib.contextmanager
def in_time(seconds: float = PATIENCE_S) -> Iterator[None]:
    """What is done inside ends by itself; whoever waits for a peer that never answers does not."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


def eventually(condition: Callable[[], object]) -> bool:
    """Whether a condition comes true before patience ends."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def hang(*_: object, **__: object) -> None:
    """Never returns: call it in a daemon thread alone."""
    threading.Event().wait()
