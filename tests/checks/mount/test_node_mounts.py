"""Volumes that mount on some nodes and not on others."""

from __future__ import annotations

from typing import Any

from checks.mount.node_mounts import volume_mounts_everywhere
from diag.model.verdict import Verdict
from diag.resources.table import Table
from tests.checks import given


def mounts(up: int, down: int) -> dict[str, Any]:
    nodes = [given.node(f"up-{n}") for n in range(up)] + [given.node(f"down-{n}", given.AL2) for n in range(down)]
    pods = [given.pod(f"pod-{n.name}", node=n.name, phase="Running" if "up" in n.name else "Pending") for n in nodes]
    return {"nodes": tuple(nodes), "pods": tuple(pods), "instances": Table()}


def test_a_volume_that_mounts_on_some_nodes_only() -> None:
    facts = mounts(5, 2)
    events = tuple(given.event(pod, "FailedMount", "x") for pod in facts["pods"] if "down" in pod.metadata.name)
    (found,) = given.findings(volume_mounts_everywhere, **facts, warning_events=events)
    assert found.verdict is Verdict.WARN
    assert "does not come up on 2 of 7 nodes; all 2 and only they: kernel 5.10" in found.message


def test_pods_that_only_start_are_no_failure_and_none_up_is_no_comparison() -> None:
    (found,) = given.findings(volume_mounts_everywhere, **mounts(5, 2), warning_events=())
    assert found.verdict is Verdict.PASS
    facts = mounts(0, 2)
    events = tuple(given.event(pod, "FailedMount", "x") for pod in facts["pods"])
    (found,) = given.findings(volume_mounts_everywhere, **facts, warning_events=events)
    assert found.verdict is Verdict.SKIP
