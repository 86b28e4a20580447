"""The containers of the driver, and the kubelet, find the driver's socket."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, Unavailable, check, fail, ok, warn
from diag.advice.driver import reinstall
from diag.analysis.claims import Provisioning
from diag.analysis.driver.node_plugin import READY, SOCKETS_DIFFER, PluginHealth
from diag.analysis.driver.sockets import disagreements
from diag.analysis.driver.workloads import missing_component
from diag.model.unavailable import value_or
from diag.resources.eks import Addon
from diag.resources.kubernetes import Workload


@check("driver-sockets", layer=Layer.DRIVER, speaks_for=SOCKETS_DIFFER)
def driver_sockets(
    node_plugin: Workload | Unavailable,
    controller: Workload | Unavailable,
    plugin_health: PluginHealth | Unavailable,
    provisioning: Provisioning | Unavailable,
    addons: tuple[Addon, ...] | Unavailable,
) -> Iterator[Draft]:
    """The containers of the driver call it at the socket that it listens on, and the kubelet is sent to the same one.

    The registrar, the provisioner and the others are containers beside the driver; what joins them is one socket in a
    folder that they share. The registrar gives the kubelet the path of that socket on the node. An argument, a
    variable or a folder that differs in one of them ends in a driver that is not registered, or provisions nothing.

    pass: all of them name one socket, and the kubelet's path is its path on the node
    warn: they do not, in the node plugin while it is registered somewhere (by pods that are older), or in the
        controller while no claim waits
    fail: they do not
    unknown: DaemonSets or Deployments could not be listed
    skip: there is no such half of the driver
    source: aws-fsx-csi-driver v1.9.0 cmd/options; node-driver-registrar v2.16.0 README; chart 1.17.0 templates
    """
    pending = value_or(provisioning, Provisioning()).pending
    works = not isinstance(plugin_health, Unavailable) and READY in plugin_health.states.values()
    addon = next(iter(value_or(addons, ())), None)
    for half, workload, only_warn in (("node plugin", node_plugin, works), ("controller", controller, not pending)):
        if isinstance(workload, Unavailable):
            yield missing_component(half, workload)
            continue
        found = tuple(disagreements(workload))
        if not found:
            yield ok(workload, f"the containers of the {half} name one socket", rules_out=())
            continue
        say = warn if only_warn else fail
        concerns = pending if half == "controller" else ()
        yield say(
            workload, found[0], *found[1:], cause=SOCKETS_DIFFER, fix=reinstall(workload, addon), concerns=concerns
        )
