"""`run` in the lab: with delay beside what cannot be avoided, and beside the look-ups made by hand."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.timing import median_cpu_ms, median_ms, once, paired, ratio
from tests.lab.lab import Lab

DELAY_S = 0.05
BY_HAND = Path(__file__).parent / "by_hand.sh"


def main() -> None:
    """Print the figures."""
    with Lab.start(world="incident") as lab:
        env = {**os.environ, **lab.env}
        command = [
            str(Path(sys.executable).parent / "lustre-doctor"),
            "run",
            "--dns-server",
            lab.env["LUSTRE_DOCTOR_DNS"],
        ]
        delayed(lab, command, env)
        lab.delay(0)
        by_hand(command, env)


def delayed(lab: Lab, command: list[str], env: Mapping[str, str]) -> None:
    """Wall time with 50 ms a call, the calls made, and the longest chain of calls that wait for each other."""
    bare = [sys.executable, "-c", "import boto3, kubernetes"]
    lab.delay(DELAY_S)
    ours, imports = paired(command, bare, rounds=15, env=env)
    lab.forget_calls()
    once(command, env)
    calls = lab.calls()
    lab.delay(DELAY_S * 11)
    slow = min(once(command, env).wall_s for _ in range(3))
    lab.delay(DELAY_S)
    quick = min(once(command, env).wall_s for _ in range(5))
    chain = (slow - quick) / (DELAY_S * 10)
    allowed = median_ms(imports) + round(chain) * DELAY_S * 1000
    print(
        f"run, {DELAY_S * 1000:.0f} ms a call: {median_ms(ours):.0f} ms wall; bare imports {median_ms(imports):.0f} ms"
    )
    print(f"  CPU time {median_cpu_ms(ours):.0f} ms; bare imports {median_cpu_ms(imports):.0f} ms")
    print(f"  {len(calls.aws)} AWS and {len(calls.kubernetes)} Kubernetes calls, longest chain {chain:.1f} calls")
    print(f"  {median_ms(ours) / allowed:.2f} times (imports + chain x {DELAY_S * 1000:.0f} ms = {allowed:.0f} ms)")
    waits = round(chain) * DELAY_S
    pairs = [a.wall_s / (b.wall_s + waits) for a, b in zip(ours, imports, strict=True)]
    print(f"  pair by pair: median {statistics.median(pairs):.2f}, from {min(pairs):.2f} to {max(pairs):.2f}")


def by_hand(command: list[str], env: Mapping[str, str]) -> None:
    """Beside a shell script that makes the same look-ups one after another with kubectl and aws."""
    if not (shutil.which("kubectl") and shutil.which("aws")):
        print("by hand: kubectl or aws is not installed, not measured")
        return
    with tempfile.TemporaryDirectory() as home:
        ours, script = paired(command, ["sh", str(BY_HAND)], rounds=5, env={**env, "HOME": home})
    print(
        f"run, plain lab: {median_ms(ours):.0f} ms; the same look-ups by hand {median_ms(script):.0f} ms; "
        f"ratio 1/{1 / ratio(ours, script):.1f}"
    )
