"""Does the same work for many nodes, a bounded number at a time, leaving behind whatever does not come back."""

from __future__ import annotations

import contextlib
import queue
import random
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")

OVERDUE_S = 0.5
"""How long past its own deadline one item may be before its worker is taken for lost and replaced."""

JITTER_S = 0.1
"""The first wave starts over this time, so that a thousand connects do not fall into one instant."""


TURN_S = 0.0005
"""How long a thread that has an answer may wait for one that computes; CPython's own 5 ms are a tenth of a session."""


@contextlib.contextmanager
def quick_turns() -> Iterator[None]:
    """Let threads hand over quickly, while many wait for sockets and each computes little."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def run_in_parallel(
    items: Sequence[Item],
    work: Callable[[Item, float], None],
    overdue: Callable[[Item], None],
    *,
    at_once: int,
    item_s: float,
    until: float,
) -> None:
    """Call `work(item, deadline)` for every item in daemon threads, `at_once` at a time.

    `deadline` and `until` are `time.monotonic()` instants. A worker that is not back half a second after its item's
    deadline is left behind: `overdue(item)` is called for it and another takes its place. Returns at `until` at the
    latest. What `work` raises is raised here.
    """
    waiting = deque(enumerate(items))
    running: dict[int, float] = {}
    lost: set[int] = set()
    done: queue.SimpleQueue[tuple[int, BaseException | None]] = queue.SimpleQueue()
    lock = threading.Lock()

    def labour(delay: float) -> None:
        time.sleep(delay)
        while True:
            with lock:
                if not waiting or time.monotonic() >= until:
                    return
                number, item = waiting.popleft()
                running[number] = deadline = min(until, time.monotonic() + item_s)
            try:
                work(item, deadline)
            except BaseException as bug:
                done.put((number, bug))
                return
            done.put((number, None))
            with lock:
                if number in lost:
                    return

    def hire(count: int, jitter: float) -> None:
        for _ in range(count):
            delay = random.uniform(0, jitter)  # noqa: S311 - spreads load, hides nothing
            threading.Thread(target=labour, args=(delay,), name="node", daemon=True).start()

    hire(min(at_once, len(items)), JITTER_S if len(items) > at_once else 0.0)
    left = len(items)
    while left and (remaining := until - time.monotonic()) > 0:
        try:
            number, bug = done.get(timeout=min(remaining, 0.25))
        except queue.Empty:
            number, bug = -1, None
        if bug is not None:
            raise bug
        with lock:
            if running.pop(number, None) is not None:
                left -= 1
            late = [n for n, deadline in running.items() if time.monotonic() > deadline + OVERDUE_S]
            for number in late:
                del running[number]
            lost.update(late)
        for number in late:
            left -= 1
            overdue(items[number])
        hire(len(late), 0.0)
