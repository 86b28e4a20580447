"""Memory and time of `run` on a synthetic cluster: 5,000 nodes, 20,000 pods, 1,000 volumes."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, overload

from bench.timing import once
from tests.lab.lab import Lab

NODES, PODS, VOLUMES = 5_000, 20_000, 1_000


class Made(Sequence[dict[str, Any]]):
    """Objects made when they are asked for, so that the lab itself stays small."""

    def __init__(self, count: int, make: Callable[[int], dict[str, Any]]) -> None:
        self._count, self._make = count, make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[dict[str, Any]]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return [self._make(number) for number in range(*at.indices(self._count))]
        if not 0 <= at < self._count:
            raise IndexError(at)
        return self._make(at)


def main() -> None:
    """Print peak memory, time and calls."""
    with Lab.start(world="healthy") as lab:
        fill(lab)
        lab.forget_calls()
        env = {**os.environ, **lab.env}
        program = str(Path(sys.executable).parent / "lustre-doctor")
        command = [program, "run", "--dns-server", lab.env["LUSTRE_DOCTOR_DNS"], "--deadline", "120"]
        took = once(command, env)
        calls = lab.calls()
    print(
        f"{NODES} nodes, {PODS} pods, {VOLUMES} volumes: {took.wall_s:.1f} s, peak {took.peak_mib:.0f} MiB, "
        f"exit {took.code}, {len(calls.aws)} AWS and {len(calls.kubernetes)} Kubernetes calls"
    )


def fill(lab: Lab) -> None:
    """Replace the lab's nodes, pods, claims and volumes by many of their kind, beside the driver's own."""
    node, pod = next(lab.kube.all("nodes")), lab.kube.get("pods", "pod-fsx", "default")
    volume, claim = (
        lab.kube.get("persistentvolumes", "fsx-pv"),
        lab.kube.get("persistentvolumeclaims", "fsx-pvc", "default"),
    )
    first = list(lab.kube.all("nodes"))
    others = [o for o in lab.kube.all("pods") if o is not pod]

    def a_node(number: int) -> dict[str, Any]:
        return first[number] if number < len(first) else renamed(node, f"node-{number}")

    def a_pod(number: int) -> dict[str, Any]:
        if number < len(others):
            return others[number]
        made = renamed(pod, f"pod-{number}")
        made["spec"]["volumes"][0]["persistentVolumeClaim"] = {"claimName": f"claim-{number % VOLUMES}"}
        made["spec"]["nodeName"] = a_node(number % NODES)["metadata"]["name"]
        return made

    def a_volume(number: int) -> dict[str, Any]:
        made = renamed(volume, f"volume-{number}")
        made["spec"]["claimRef"] |= {"name": f"claim-{number}", "uid": f"uid-{number}"}
        return made

    def a_claim(number: int) -> dict[str, Any]:
        made = renamed(claim, f"claim-{number}")
        made["metadata"]["uid"] = f"uid-{number}"
        made["spec"]["volumeName"] = f"volume-{number}"
        return made

    lab.kube.serve_lazily("nodes", Made(NODES, a_node))
    lab.kube.serve_lazily("pods", Made(PODS, a_pod))
    lab.kube.serve_lazily("persistentvolumes", Made(VOLUMES, a_volume))
    lab.kube.serve_lazily("persistentvolumeclaims", Made(VOLUMES, a_claim))


def renamed(template: dict[str, Any], name: str) -> dict[str, Any]:
    """A copy under another name."""
    made = copy.deepcopy(template)
    made["metadata"]["name"] = name
    return made
