"""How the containers of the driver find each other: by one socket, which the kubelet has to find too."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

import msgspec

from diag.advice.driver import PLUGIN
from diag.analysis.driver.workloads import is_driver_image
from diag.resources.kubernetes import Container, PodSpec, Workload
from diag.resources.kubernetes.pod import KEPT_VALUES

SIDECAR = re.compile(r"registrar|provisioner|resizer|livenessprobe|snapshotter|csi-attacher")
"""In the names of containers that call the driver, or of their images.

Source: Kubernetes CSI documentation, sidecar containers.
"""

REGISTRAR, PROVISIONER = "registrar", "provisioner"
USUAL_ADDRESS = "/run/csi/socket"
"""--csi-address of every side-car where none is given. Source: kubernetes-csi, each sidecar's cmd main.go."""
USUAL_ENDPOINT = "unix://tmp/csi.sock"
"""--endpoint of the driver where none is given. Source: aws-fsx-csi-driver v1.9.0 pkg/driver/driver.go."""
REGISTRATION = "/registration"
"""The registrar's --plugin-registration-path. Source: node-driver-registrar v2.16.0 cmd/csi-node-driver-registrar."""
MODES = {"DaemonSet": ("node", "all"), "Deployment": ("controller", "all")}
"""Services that the driver serves by --mode, `all` where none is given. Source: as USUAL_ENDPOINT."""

_VARIABLE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


class _Place(msgspec.Struct, frozen=True):
    """A file as all containers of a pod can compare it."""

    volume: str
    """Empty: in a container's own file system, which no other one sees."""
    path: str


def disagreements(workload: Workload) -> Iterator[str]:
    """What keeps the driver's containers from each other, or the kubelet from the driver.

    A workload none of whose containers mounts anything is not judged: they share no folder that could be compared.
    """
    spec = workload.spec.template.spec
    plugin = next((c for c in spec.containers if c.name == PLUGIN or is_driver_image(c.image)), None)
    if not any(container.volume_mounts for container in spec.containers):
        return
    if plugin is None:
        yield "it has no container of the driver"
        return
    sidecars = [
        container for container in spec.containers if container is not plugin and SIDECAR.search(_called(container))
    ]
    mode = _value(plugin, "mode", "all")
    if mode is not None and mode not in MODES.get(workload.kind, (mode,)):
        yield f"container {plugin.name} runs with --mode={mode}: it does not serve what a {workload.kind} is for"
    needed = REGISTRAR if workload.kind == "DaemonSet" else PROVISIONER
    if not any(needed in _called(container) for container in sidecars):
        yield f"it has no container of csi-{needed if needed == PROVISIONER else 'node-driver-registrar'}"
    for container in (plugin, *sidecars):
        if unset := _unset(container):
            yield f"the arguments of container {container.name} use {unset}, which it does not have"
            return
    endpoint = _value(plugin, "endpoint", USUAL_ENDPOINT)
    if endpoint is None:
        return
    scheme, _, rest = endpoint.partition(":")
    if scheme.lower() not in ("unix", "tcp"):
        yield f"container {plugin.name} is to listen on {endpoint!r}, which is no unix: or tcp: address"
    elif scheme.lower() == "unix":
        socket = _place(plugin, rest)
        yield from _strangers(plugin, socket, sidecars)
        yield from _unregistered(spec, socket, sidecars)


def _called(container: Container) -> str:
    return f"{container.name} {container.image}"


def _strangers(plugin: Container, socket: _Place, sidecars: list[Container]) -> Iterator[str]:
    for sidecar in sidecars:
        address = _value(sidecar, "csi-address", USUAL_ADDRESS)
        if address is not None and (_place(sidecar, address) != socket or not socket.volume):
            yield (
                f"container {sidecar.name} calls the driver at {address}, which is not the socket that {plugin.name}"
                " listens on"
            )


def _unregistered(spec: PodSpec, socket: _Place, sidecars: list[Container]) -> Iterator[str]:
    """What the kubelet reads in its registration folder, and whether it finds the socket that is named there."""
    host = {volume.name: volume.host_path.path for volume in spec.volumes or () if volume.host_path}
    for registrar in (container for container in sidecars if REGISTRAR in _called(container)):
        named = _value(registrar, "kubelet-registration-path", "")
        if named is None:
            continue
        if not named:
            yield f"container {registrar.name} gives the kubelet no path of the socket: it registers nothing"
        elif socket.volume not in host:
            yield f"the socket of the driver is not in a folder of the node: the kubelet does not find it at {named}"
        elif (real := posixpath.join(host[socket.volume], socket.path)) != posixpath.normpath(named):
            real = posixpath.normpath(real)
            yield f"container {registrar.name} sends the kubelet to {named}, and the socket is {real}"
        folder = _value(registrar, "plugin-registration-path", REGISTRATION)
        if folder is not None and not host.get(_place(registrar, folder).volume, "").rstrip("/").endswith(
            "/plugins_registry"
        ):
            yield f"container {registrar.name} registers in {folder}, which is not the kubelet's plugins_registry"


def _value(container: Container, flag: str, usual: str) -> str | None:
    """The flag's value with its variables filled in; None where one has a value that was not kept."""
    given = next((text for name, text in container.flags if name == flag), usual)
    kept = (variable for variable in container.env or () if variable.name in KEPT_VALUES and not variable.value_from)
    values = {variable.name: variable.value for variable in kept}
    if not values.keys() >= set(_VARIABLE.findall(given)):
        return None
    return _VARIABLE.sub(lambda found: values[found[1]], given)


def _unset(container: Container) -> str:
    """The first variable of the arguments that nothing sets: Kubernetes leaves such a word as it is."""
    if container.env_from:
        return ""
    used = (name for _, text in container.flags for name in _VARIABLE.findall(text))
    return next((name for name in used if name not in container.env_names), "")


def _place(container: Container, path: str) -> _Place:
    path = posixpath.normpath("/" + path.lstrip("/"))
    best = ""
    found = _Place("", path)
    for mount in container.volume_mounts or ():
        folder = posixpath.normpath(mount.mount_path or "/")
        if (path == folder or path.startswith(folder.rstrip("/") + "/")) and len(folder) > len(best):
            best, rest = folder, posixpath.relpath(path, folder)
            found = _Place(mount.name, posixpath.normpath(posixpath.join(mount.sub_path, rest)))
    return found
