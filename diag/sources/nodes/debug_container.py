"""An ephemeral container beside the driver's, for images without a shell. It changes the pod, so only when asked.

It cannot be taken out of the pod's spec again; it ends by itself after five minutes. Source: Kubernetes documentation,
ephemeral containers; `kubectl debug` sends the same patch.
"""

from __future__ import annotations

import hashlib
import time
import urllib.parse
from typing import Any

import msgspec

from diag.model.unavailable import Reason, Unavailable
from diag.sources.kubernetes.client import Kube
from diag.sources.nodes.ask import Plugin

LIFETIME_S = 300
HOPELESS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName")
"""Reasons of the kubelet after which the container will not start by itself. Source: Kubernetes pkg/kubelet/images."""
POLL_S = 0.25


class _Waiting(msgspec.Struct):
    reason: str = ""


class _State(msgspec.Struct):
    running: dict[str, Any] | None = None
    waiting: _Waiting | None = None
    terminated: dict[str, Any] | None = None


class _Container(msgspec.Struct):
    name: str = ""
    state: _State = msgspec.field(default_factory=_State)


class _PodStatus(msgspec.Struct, rename="camel"):
    ephemeral_container_statuses: list[_Container] | None = None


class _Pod(msgspec.Struct):
    status: _PodStatus = msgspec.field(default_factory=_PodStatus)

    @property
    def containers(self) -> dict[str, _State]:
        """The state of every ephemeral container that the kubelet has reported, by name."""
        return {container.name: container.state for container in self.status.ephemeral_container_statuses or ()}


def open_debug_container(kube: Kube, plugin: Plugin, image: str, until: float, what: str) -> Plugin | Unavailable:
    """The running ephemeral container of that image in the driver's pod; made when none runs there.

    Raises Unreadable when the API server does not answer or refuses.
    """
    family = f"lustre-doctor-{hashlib.sha256(image.encode()).hexdigest()[:8]}"
    path = f"/api/v1/namespaces/{urllib.parse.quote(plugin.namespace)}/pods/{urllib.parse.quote(plugin.pod)}"
    pod = kube.get(path, _Pod, timeout_s=_left(until))
    running = (name for name, state in pod.containers.items() if name.startswith(family) and state.running is not None)
    name = next(running, "")
    if not name:
        name = f"{family}-{int(time.time()):x}"
        pod = kube.patch(f"{path}/ephemeralcontainers", _patch(name, image, plugin), _Pod, timeout_s=_left(until))
    while True:
        state = pod.containers.get(name, _State())
        if state.running is not None:
            return msgspec.structs.replace(plugin, container=name, image=image)
        reason = state.waiting.reason if state.waiting else ""
        if state.terminated is not None or reason in HOPELESS:
            detail = f"the debug container does not run: {reason or 'it ended'}"
            return Unavailable(what, Reason.ABSENT, detail, remedy="see --debug-container")
        if time.monotonic() + POLL_S > until:
            detail = "the debug container did not start in time"
            return Unavailable(what, Reason.TIMEOUT, detail, remedy="raise --node-deadline")
        time.sleep(POLL_S)
        pod = kube.get(path, _Pod, timeout_s=_left(until))


def _patch(name: str, image: str, plugin: Plugin) -> dict[str, Any]:
    container = {
        "name": name,
        "image": image,
        "command": ["sh", "-c", f"sleep {LIFETIME_S}"],
        "targetContainerName": plugin.container,
        # The kernel log, and LNet's and the client's parameters.
        "securityContext": {"runAsUser": 0, "capabilities": {"add": ["SYSLOG", "SYS_ADMIN"]}},
    }
    return {"spec": {"ephemeralContainers": [container]}}


def _left(until: float) -> float:
    return max(0.1, until - time.monotonic())
