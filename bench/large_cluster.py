"""Memory and time of `run` on the lab's fleet: 5,000 nodes, 20,000 pods, 1,000 volumes on 200 file systems."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bench.timing import once
from tests.lab.lab import Lab


def main() -> None:
    """Print peak memory, time and calls of a live run, then the time of judging its snapshot alone."""
    with Lab.start(world="fleet") as lab:
        lab.forget_calls()
        env = {**os.environ, **lab.env}
        program = str(Path(sys.executable).parent / "lustre-doctor")
        saved = lab.folder / "snapshot.json"
        took = once([program, "run", "--deadline", "120", "--save", str(saved)], env)
        calls = lab.calls()
        print(
            f"live: {took.wall_s:.1f} s, peak {took.peak_mib:.0f} MiB, exit {took.code}, "
            f"{len(calls.aws)} AWS and {len(calls.kubernetes)} Kubernetes calls"
        )
        judged = once([program, "run", "--snapshot", str(saved)])
        print(
            f"judging its snapshot ({saved.stat().st_size >> 20} MiB): {judged.wall_s:.1f} s, peak {judged.peak_mib:.0f} MiB"
        )
