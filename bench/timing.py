"""Whole-process measurements: paired runs, medians, peak memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LAUNCHER = """
import json, os, subprocess, sys, time
quiet = subprocess.DEVNULL
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdin=quiet, stdout=quiet, stderr=quiet)
_, status, usage = os.wait4(process.pid, 0)
cpu = usage.ru_utime + usage.ru_stime
print(json.dumps([time.perf_counter() - started, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status), cpu]))
"""
"""Starts the command from a small process: a child's peak memory counts from its parent's at the fork on."""


@dataclass(frozen=True)
class Took:
    """One run of a process."""

    wall_s: float
    peak_mib: float
    code: int
    cpu_s: float


def once(command: Sequence[str], env: Mapping[str, str] | None = None) -> Took:
    """Run a command to its end. Modules are compiled once, as they are where the tool is installed."""
    launched = [sys.executable, "-S", "-c", LAUNCHER, *command]
    given = {**(os.environ if env is None else env)}
    given.pop("PYTHONDONTWRITEBYTECODE", None)
    printed = subprocess.run(launched, env=given, capture_output=True, text=True, check=True).stdout
    return Took(*json.loads(printed))


def paired(
    one: Sequence[str], other: Sequence[str], *, rounds: int = 7, env: Mapping[str, str] | None = None
) -> tuple[list[Took], list[Took]]:
    """Both commands in turn, one warm-up round not counted, so that a drifting machine hits both alike."""
    runs: tuple[list[Took], list[Took]] = ([], [])
    for number in range(rounds + 1):
        pair = (once(one, env), once(other, env))
        if number:
            runs[0].append(pair[0])
            runs[1].append(pair[1])
    return runs


def median_ms(runs: Sequence[Took]) -> float:
    """Median wall time in milliseconds."""
    return statistics.median(run.wall_s for run in runs) * 1000


def median_cpu_ms(runs: Sequence[Took]) -> float:
    """Median CPU time in milliseconds: other programs disturb it less."""
    return statistics.median(run.cpu_s for run in runs) * 1000


def ratio(one: Sequence[Took], other: Sequence[Took]) -> float:
    """Median of the pair-by-pair ratios of wall time."""
    return statistics.median(a.wall_s / b.wall_s for a, b in zip(one, other, strict=True))
