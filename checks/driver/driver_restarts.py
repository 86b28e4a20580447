"""Containers of the driver that keep ending."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Kind, Layer, Subject, Unavailable, check, ok, warn
from diag.advice.driver import PLUGIN, raise_memory
from diag.analysis.driver.workloads import missing_component, pods_of
from diag.resources.age import is_younger
from diag.resources.kubernetes import ContainerStatus, Pod, Workload

MANY = 3


ENOUGH = "512Mi"
"""Our own measure of the memory that a node plugin never needs, as in the runbook."""

DAY_S = 86400.0
"""Our own measure: restarts of the last day, three at least, are a pattern; a node's reboot is none."""


@check("driver-restarts", layer=Layer.DRIVER, speaks_for="csi-node-plugin-down")
def driver_restarts(
    node_plugin: Workload | Unavailable, driver_pods: tuple[Pod, ...], taken_at: str
) -> Iterator[Draft]:
    """The node plugin's containers do not keep restarting.

    While the plugin is down its socket refuses the kubelet ("connect: connection refused"), and mounts and unmounts of
    that node wait. A plugin that came back looks healthy; its last end is in the pod's status.

    pass: no container ended three times or more and again within the last day
    warn: one did, with exit code and reason of its last end
    unknown: DaemonSets or pods could not be listed
    skip: there is no node plugin
    source: Kubernetes containerStatuses.lastState; aws-fsx-csi-driver docs/troubleshooting.md
    """
    if isinstance(node_plugin, Unavailable):
        yield missing_component("node plugin of the driver", node_plugin)
        return
    pods = pods_of(node_plugin, driver_pods)
    restless: dict[tuple[str, str], list[tuple[Pod, ContainerStatus]]] = {}
    for pod in pods:
        for status in pod.status.container_statuses or ():
            ended = status.last_state.terminated
            if ended and status.restart_count >= MANY and is_younger(ended.finished_at or "", taken_at, DAY_S):
                how = f"exit code {ended.exit_code} {ended.reason}".rstrip()
                restless.setdefault((status.name, how), []).append((pod, status))
    for (container, how), found in restless.items():
        most = max(status.restart_count for _, status in found)
        nodes = [Subject(Kind.NODE, pod.spec.node_name) for pod, _ in found if pod.spec.node_name]
        message = f"container {container} ended {most} times on {len(nodes)} nodes, last with {how}"
        evidence = [f"{pod.subject}: {status.restart_count} restarts" for pod, status in found[:5]]
        fix = raise_memory(node_plugin, ENOUGH) if "OOMKilled" in how and container == PLUGIN else None
        yield warn(node_plugin, message, *evidence, cause="csi-node-plugin-down", fix=fix, concerns=nodes)
    if not restless:
        yield ok(node_plugin, f"none of {len(pods)} pods of the node plugin keeps restarting", rules_out=())
