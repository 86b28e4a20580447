"""Mounts that found no Lustre module on a node that is only minutes old."""

from __future__ import annotations

from collections.abc import Iterator

from diag import Draft, Layer, check, ok, warn
from diag.analysis.driver.node_plugin import YOUNG_S
from diag.analysis.nodes.eligibility import node_list
from diag.analysis.nodes.placement import MountReach
from diag.analysis.volumes import Mount
from diag.late import late
from diag.resources.age import is_younger
from diag.resources.kubernetes import Event, Node

CAUSE = "module-not-ready-race"


NO_DEVICE = late(r"exit status 19\b|failed: No such device")
"""ENODEV of mount.lustre. Source: lustre/utils/mount_lustre.c, 2.10 to 2.15."""


@check("module-ready", layer=Layer.CLIENT, speaks_for=CAUSE)
def module_ready(
    mounts: tuple[Mount, ...], mount_reach: MountReach, warning_events: tuple[Event, ...], taken_at: str
) -> Iterator[Draft]:
    """No mount came to a new node before its Lustre module could be loaded.

    "No such device" on a node of minutes may be a module that is still being installed or loaded (user data, DKMS,
    a driver's init container), and heals by itself; on an older node the module is missing for good.

    pass: no pod waits on a node of minutes after "No such device"
    warn: one does; whether it heals shows at the next try, at most two minutes later
    unknown: pods, nodes or events could not be listed
    source: aws-fsx-csi-driver issue 243 (not confirmed there)
    """
    young = [n for n in mount_reach.waiting if is_younger(n.metadata.creation_timestamp, taken_at, YOUNG_S)]
    failed = {
        (event.involved_object.namespace, event.involved_object.name)
        for event in (warning_events if young else ())
        if event.involved_object.kind == "Pod" and NO_DEVICE.search(event.message)
    }
    hit = {m.node_name for m in mounts if not m.pod.is_up and (m.pod.metadata.namespace, m.pod.metadata.name) in failed}
    nodes: list[Node] = [node for node in young if node.name in hit]
    if nodes:
        message = f"{node_list(nodes)} is only minutes old, and mounts there found no Lustre module yet"
        yield warn(nodes[0], message, cause=CAUSE, concerns=nodes)
    elif mount_reach.waiting:
        yield ok(mount_reach.waiting[0], "no pod waits on a node of minutes for a Lustre module", rules_out=())
