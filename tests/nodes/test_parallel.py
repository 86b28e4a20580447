"""The same work for many nodes: bounded, in time, with whatever hangs left behind."""

import threading
import time

import pytest

from diag.sources.nodes.parallel import run_in_parallel
from tests.patience import PATIENCE_S, hang, in_time


def run(
    items: list[int], work: object, *, at_once: int = 4, item_s: float = PATIENCE_S, seconds: float = PATIENCE_S
) -> list[int]:
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
            hang()
        seen.append(item)

    with in_time():
        assert sorted(run(list(range(20)), work, at_once=2, item_s=1)) == [0, 1]
    assert sorted(seen) == list(range(2, 20))


def test_the_end_is_the_end() -> None:
    with in_time():
        run([1], hang, item_s=600, seconds=0.4)


def test_a_bug_is_not_a_timeout() -> None:
    def work(item: int, deadline: float) -> None:
        raise KeyError(item)

    with pytest.raises(KeyError):
        run([1, 2, 3], work)
