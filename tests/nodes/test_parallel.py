"""The same work for many nodes: bounded, in time, with whatever hangs left behind."""

import threading
import time

import pytest

from diag.sources.nodes.parallel import run_in_parallel


def run(items: list[int], work: object, *, at_once: int = 4, item_s: float = 5.0, seconds: float = 5.0) -> list[int]:
    late: list[int] = []
    run_in_parallel(items, work, late.append, at_once=at_once, item_s=item_s, until=time.monotonic() + seconds)  # type: ignore[arg-type]
    return late


def test_every_item_once_and_never_more_at_a_time() -> None:
    seen: list[int] = []
    busy, most, lock = 0, 0, threading.Lock()

    def work(item: int, deadline: float) -> None:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.002)
        with lock:
            busy -= 1
            seen.append(item)

    assert run(list(range(200)), work) == []
    assert sorted(seen) == list(range(200))
    assert 2 <= most <= 4


def test_a_worker_that_hangs_is_told_and_replaced() -> None:
    seen: list[int] = []

    def work(item: int, deadline: float) -> None:
        if item < 2:
            time.sleep(30)
        seen.append(item)

    started = time.monotonic()
    assert sorted(run(list(range(20)), work, at_once=2, item_s=0.2)) == [0, 1]
    assert sorted(seen) == list(range(2, 20))
    assert time.monotonic() - started < 2


def test_the_end_is_the_end() -> None:
    started = time.monotonic()
    run([1], lambda item, deadline: time.sleep(30), item_s=20, seconds=0.4)
    assert time.monotonic() - started < 0.8


def test_a_bug_is_not_a_timeout() -> None:
    def work(item: int, deadline: float) -> None:
        raise KeyError(item)

    with pytest.raises(KeyError):
        run([1, 2, 3], work)
