"""How long the ladder takes on loopback, beside a plain connect: `python -m tests.lnet.bench_ladder`."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Callable

from diag.model.verdict import Verdict
from tests.lab.lustre import LabFileSystem, LustreServer
from tests.lnet.climbing import climb_to, options

ROUNDS = 30
LADDER_BAR_MS = 50.0
MAP_BAR_MS = 200.0
ROUND_TRIPS_BAR = 8


def median_ms(work: Callable[[], object]) -> float:
    """Median of several runs, each with the pause a server needs to forget the one before."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
        time.sleep(0.01)
    return statistics.median(times)


def plain_connect(server: LustreServer) -> float:
    """A TCP connect and close to something that is no acceptor, for that would log it."""
    with socket.create_server((server.address, 0)) as plain:
        return median_ms(lambda: socket.create_connection(plain.getsockname()).close())


def measure() -> tuple[tuple[str, float, float], ...]:
    """Rows of name, figure and bar."""
    with LustreServer("2.10.5.0") as server:
        connect = plain_connect(server)
        ladder = median_ms(lambda: climb_to(server))
    with LustreServer("2.15.8.0") as server:
        first = climb_to(server)
    assert first.verdict is Verdict.PASS
    with LabFileSystem(osts=10) as fs:
        mapped = median_ms(lambda: climb_to(fs.mgs, how=options(read_map=True)))
    return (
        ("plain connect, ms", connect, LADDER_BAR_MS),
        ("ladder to rung 7, ms", ladder, LADDER_BAR_MS + connect),
        ("round trips at first contact with a discovering server", first.round_trips, ROUND_TRIPS_BAR),
        ("map of 10 OSTs, ms", mapped, MAP_BAR_MS),
    )


def main() -> None:
    """Print the figures; exit status 1 when one is over its bar."""
    rows = measure()
    for name, figure, bar in rows:
        print(f"{name:60} {figure:8.2f}   bar {bar:.0f}")
    raise SystemExit(any(figure > bar for _, figure, bar in rows))


if __name__ == "__main__":
    main()
