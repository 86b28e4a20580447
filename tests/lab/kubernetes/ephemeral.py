"""Ephemeral containers: what a patch of pods/ephemeralcontainers does to a pod, and what its kubelet says then."""

import json
from typing import Any

from tests.lab.kubernetes import status
from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.world import Cluster, Object


def add_containers(cluster: Cluster, resource: Resource, name: str, namespace: str, body: bytes) -> Object:
    """Merges the containers into the pod by name; they run at once, those of an image called `absent…` never.

    Raises:
        ApiError: there is no such pod.
    """
    pod = cluster.find(resource, name, namespace)
    if pod is None:
        raise status.not_found(resource, name)
    known = pod["spec"].setdefault("ephemeralContainers", [])
    for container in json.loads(body)["spec"]["ephemeralContainers"]:
        if any(other["name"] == container["name"] for other in known):
            continue
        known.append(container)
        state: dict[str, Any] = {"running": {"startedAt": "2026-11-23T21:00:00Z"}}
        if container["image"].startswith("absent"):
            state = {"waiting": {"reason": "ErrImagePull", "message": "not found"}}
        said = {"name": container["name"], "image": container["image"], "imageID": "", "ready": False, "state": state}
        pod["status"].setdefault("ephemeralContainerStatuses", []).append(said | {"restartCount": 0})
    return pod
