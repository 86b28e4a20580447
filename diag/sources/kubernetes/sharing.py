"""Keeps equal parts of many pods once: thousands of replicas differ in little but their names."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from diag.resources.kubernetes import Pod

T = TypeVar("T")

CONSULTED = frozenset({"Ready", "PodReadyToStartContainers", "PodScheduled"})
"""Conditions of a workload's pod that anything asks for."""


class Sharing:
    """One list's worth of shared parts."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, bytes], object] = {}

    def pod(self, pod: Pod) -> Pod:
        """The same pod with its spec's parts and its conditions shared with equal ones met before."""
        spec = msgspec.structs.replace(
            pod.spec,
            containers=self._once("containers", pod.spec.containers),
            init_containers=self._once("init_containers", pod.spec.init_containers),
            volumes=self._once("volumes", pod.spec.volumes),
            tolerations=self._once("tolerations", pod.spec.tolerations),
            security_context=self._once("security_context", pod.spec.security_context),
            affinity=self._once("affinity", pod.spec.affinity),
            node_name=self._once("node_name", pod.spec.node_name),
        )
        conditions = tuple(self._once("condition", c) for c in pod.status.conditions or () if c.type in CONSULTED)
        metadata = msgspec.structs.replace(
            pod.metadata,
            labels=self._once("labels", pod.metadata.labels),
            annotations=self._once("annotations", pod.metadata.annotations),
            owner_references=self._once("owner_references", pod.metadata.owner_references),
            namespace=self._once("namespace", pod.metadata.namespace),
            creation_timestamp=self._once("creation_timestamp", pod.metadata.creation_timestamp),
        )
        status = msgspec.structs.replace(
            pod.status,
            conditions=conditions,
            container_statuses=tuple(self._once("container_status", c) for c in pod.status.container_statuses or ()),
            phase=self._once("phase", pod.status.phase),
        )
        return Pod(metadata, spec, status)

    def _once(self, field: str, part: T) -> T:
        if part is None:
            return part
        # Empty shapes of different fields look alike when encoded.
        return self._parts.setdefault((field, msgspec.msgpack.encode(part)), part)  # type: ignore[return-value]
