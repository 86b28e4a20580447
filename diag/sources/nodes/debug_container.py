"""An ephemeral container beside the driver's, for images without a shell. It changes the pod, so only when asked.

It cannot be taken out of the pod's spec again; it ends by itself after five minutes. Source: Kubernetes documentation,
ephemeral containers; `kubectl debug` sends the same patch.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import time
import urllib.parse
from typing import Any

import msgspec

from diag.model.unavailable import Reason, Unavailable
from diag.sanitize import one_line
from diag.sources.nodes.ask import Plugin
from diag.sources.nodes.exec_session import Server

LIFETIME_S = 300
HOPELESS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName")
"""Reasons of the kubelet after which waiting is no use. Source: Kubernetes pkg/kubelet/images."""
POLL_S = 0.25
LIMIT = 4 * 1024 * 1024


def open_debug_container(server: Server, plugin: Plugin, image: str, until: float, what: str) -> Plugin | Unavailable:
    """The running ephemeral container of that image in the driver's pod; made when none runs there."""
    family = f"lustre-doctor-{hashlib.sha256(image.encode()).hexdigest()[:8]}"
    path = f"/api/v1/namespaces/{urllib.parse.quote(plugin.namespace)}/pods/{urllib.parse.quote(plugin.pod)}"
    pod = _request(server, "GET", path, None, until, what)
    if isinstance(pod, Unavailable):
        return pod
    running = (name for name, state in _states(pod).items() if name.startswith(family) and "running" in state)
    name = next(running, "")
    if not name:
        name = f"{family}-{int(time.time()):x}"
        pod = _request(server, "PATCH", f"{path}/ephemeralcontainers", _patch(name, image, plugin), until, what)
    while not isinstance(pod, Unavailable):
        state = _states(pod).get(name, {})
        if "running" in state:
            return msgspec.structs.replace(plugin, container=name, image=image)
        if "terminated" in state or (state.get("waiting") or {}).get("reason") in HOPELESS:
            said = f"the debug container does not run: {one_line(json.dumps(state, ensure_ascii=False))}"
            return Unavailable(what, Reason.ABSENT, said, remedy="see --debug-container")
        if time.monotonic() + POLL_S > until:
            said = "the debug container did not start in time"
            return Unavailable(what, Reason.TIMEOUT, said, remedy="raise --node-deadline")
        time.sleep(POLL_S)
        pod = _request(server, "GET", path, None, until, what)
    return pod


def _states(pod: Any) -> dict[str, dict[str, Any]]:
    """The state of every ephemeral container that the kubelet has reported, by name."""
    statuses = (pod.get("status") or {}).get("ephemeralContainerStatuses") or ()
    return {str(status.get("name", "")): dict(status.get("state") or {}) for status in statuses}


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


def _request(server: Server, method: str, path: str, body: Any, until: float, what: str) -> Any:
    """One request; the decoded object, or Unavailable."""
    left = until - time.monotonic()
    if left <= 0:
        return Unavailable(what, Reason.TIMEOUT, "no time was left for the debug container")
    headers = {"Accept": "application/json", **server.headers()}
    if body is not None:
        headers["Content-Type"] = "application/strategic-merge-patch+json"
    connection = server.connection(left)
    try:
        connection.request(method, server.base + path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        answered = response.read(LIMIT)
        found = json.loads(answered) if answered else {}
    except TimeoutError:
        return Unavailable(what, Reason.TIMEOUT, "the API server gave no answer in time")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Unavailable(what, Reason.UNREACHABLE, f"the API server: {one_line(error)}")
    finally:
        connection.close()
    if response.status in (401, 403):
        verb = "patch pods/ephemeralcontainers" if method == "PATCH" else "get pods"
        return Unavailable(what, Reason.DENIED, one_line(str(found.get("message", ""))), permission=verb)
    if response.status >= 300 or not isinstance(found, dict):
        said = one_line(str(found.get("message", ""))) if isinstance(found, dict) else ""
        return Unavailable(what, Reason.GARBLED, f"the API server answered {response.status}: {said}")
    return found
