"""Keeps equal parts of many pods once: thousands of replicas differ in little but their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from diag.resources.kubernetes import Container, Pod

T = TypeVar("T")
P = TypeVar("P", bound=tuple[Any, ...] | None)

CONSULTED = frozenset({"Ready", "PodReadyToStartContainers", "PodScheduled"})
"""Conditions of a workload's pod that anything asks for. Of the driver's pods all are shown."""


class Sharing:
    """One list's worth of shared parts."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, bytes], object] = {}

    def pod(self, pod: Pod, *, is_component: bool = False) -> Pod:
        """The same pod with its spec's parts and its conditions shared with equal ones met before."""
        spec = msgspec.structs.replace(
            pod.spec,
            containers=self._containers(pod.spec.containers),
            init_containers=self._containers(pod.spec.init_containers),
            volumes=self._each("volume", pod.spec.volumes),
            tolerations=self._each("toleration", pod.spec.tolerations),
            node_selector=self._once("node_selector", pod.spec.node_selector),
            security_context=self._once("security_context", pod.spec.security_context),
            affinity=self._once("affinity", pod.spec.affinity),
            node_name=self._once("node_name", pod.spec.node_name),
        )
        conditions = tuple(c for c in pod.status.conditions or () if is_component or c.type in CONSULTED)
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
            conditions=self._each("condition", conditions),
            container_statuses=self._each("container_status", pod.status.container_statuses or ()),
            phase=self._once("phase", pod.status.phase),
        )
        return Pod(metadata, spec, status)

    def _containers(self, containers: tuple[Container, ...] | None) -> tuple[Container, ...] | None:
        return self._each("container", containers, self._container)

    def _container(self, container: Container) -> Container:
        mounts, variables = container.volume_mounts, container.env
        return msgspec.structs.replace(
            container, volume_mounts=self._each("mount", mounts), env=self._each("variable", variables)
        )

    def _each(self, field: str, parts: P, share: Callable[[T], T] = lambda part: part) -> P:
        """All of them shared, or else one by one: the volume with a pod's token has a name of its own.

        `share` shares what is in a part that is new.
        """
        if parts is None:
            return parts
        key = (field, msgspec.msgpack.encode(parts))
        if key not in self._parts:
            self._parts[key] = tuple(self._once(field, part, share) for part in parts)
        return self._parts[key]  # type: ignore[return-value]

    def _once(self, field: str, part: T, share: Callable[[T], T] = lambda part: part) -> T:
        if part is None:
            return part
        # Empty shapes of different fields look alike when encoded.
        key = (field, msgspec.msgpack.encode(part))
        if key not in self._parts:
            self._parts[key] = share(part)
        return self._parts[key]  # type: ignore[return-value]
