"""client-mixed, client-page-size, planned-upgrade: nodes that a pod may come to, and kernels that may come to nodes."""

from __future__ import annotations

from typing import Any

from tests.checks import given


def world(*nodes: Any, version: str, pod: Any = None) -> dict[str, Any]:
    """Nodes, a file system of that version, and one pod on the first node (or the pod given)."""
    fs = given.table(given.file_system(version=version))
    return {"nodes": nodes, "file_systems": fs, "pods": (pod or given.pod(node=nodes[0].name),)}
