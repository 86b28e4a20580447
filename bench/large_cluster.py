"""`run` on the lab's fleet in three sizes, the largest 5,000 nodes, 20,000 pods, 1,000 volumes on 200 file systems."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bench.timing import once
from tests.lab.lab import Lab

LARGEST = {"nodes": 5_000, "pods": 20_000, "volumes": 1_000, "file_systems": 200}
PARTS = (4, 2, 1)


def main() -> None:
    """Print for each size peak memory, time and calls of a live run, and the full set of checks over its snapshot."""
    program = str(Path(sys.executable).parent / "lustre-doctor")
    for part in PARTS:
        size = {what: count // part for what, count in LARGEST.items()}
        print(", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in size.items()))
        with Lab.start(world="fleet", **size) as lab:
            env = {**os.environ, **lab.env}
            saved = lab.folder / "snapshot.json"
            lab.forget_calls()
            live = once([program, "run", "--deadline", "120"], env)
            calls = lab.calls()
            once([program, "run", "--deadline", "120", "--save", str(saved)], env)
            judged = once([program, "run", "--snapshot", str(saved)])
            print(
                f"  live {live.wall_s:.1f} s, peak {live.peak_mib:.0f} MiB, exit {live.code}, "
                f"{len(calls.aws)} AWS and {len(calls.kubernetes)} Kubernetes calls\n"
                f"  its snapshot ({saved.stat().st_size >> 20} MiB) judged in {judged.wall_s:.1f} s, "
                f"peak {judged.peak_mib:.0f} MiB"
            )
