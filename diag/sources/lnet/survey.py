"""Several climbs: every address of a name, and the same again for faults that come and go."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

import msgspec

from diag.model.verdict import Verdict
from diag.resources.lnet_probe import Ladder
from diag.sources.lnet.ladder import Climber, World
from diag.sources.lnet.target import Options, Target


class Series(msgspec.Struct, frozen=True):
    """Several climbs to one address, in numbers."""

    address: str | None
    climbs: int
    failed: int
    causes: tuple[str, ...]
    """Cause ids, or the steps that failed where no cause is known; each once, in order of appearance."""
    median_ms: float
    slowest_ms: float


def survey(target: Target, options: Options | None = None, world: World | None = None) -> Iterator[Ladder]:
    """Climb `options.count` times, one climb at a time, each address when all are asked for.

    Each round has `options.timeout` seconds, shared fairly between the addresses. The name is looked up anew for
    every round: that fails now and then, too.
    """
    options, world = options or Options(), world or World()
    for index in range(options.count):
        started = world.now()
        yield from _round(target, options, world, started)
        pause = started + options.interval - world.now()
        if index + 1 < options.count and pause > 0:
            world.sleep(pause)


def _round(target: Target, options: Options, world: World, started: float) -> Iterator[Ladder]:
    end = started + options.timeout
    found = world.resolve(target.host, options.timeout)
    addresses: tuple[str | None, ...] = found.addresses[: None if options.all_addresses else 1] or (None,)
    begun = started
    for index, address in enumerate(addresses):
        deadline = begun + (end - begun) / (len(addresses) - index)
        yield Climber(target, options, world, found, started=begun, deadline=deadline).climb(address)
        begun = world.now()


def series(ladders: Sequence[Ladder]) -> tuple[Series, ...]:
    """The climbs summed up by address."""
    by_address: dict[str | None, list[Ladder]] = {}
    for ladder in ladders:
        by_address.setdefault(ladder.address, []).append(ladder)
    return tuple(_sum_up(address, climbs) for address, climbs in by_address.items())


def _sum_up(address: str | None, climbs: Sequence[Ladder]) -> Series:
    failed = [ladder for ladder in climbs if ladder.verdict is Verdict.FAIL]
    causes = (ladder.cause or (ladder.failed.step.value if ladder.failed else "") for ladder in failed)
    times = [ladder.elapsed_ms for ladder in climbs]
    return Series(address, len(climbs), len(failed), tuple(dict.fromkeys(causes)), statistics.median(times), max(times))
