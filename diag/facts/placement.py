"""On which nodes each volume is up, and on which its pods try in vain."""

from __future__ import annotations

import msgspec

from diag.declare.fact import fact
from diag.facts.kubernetes import Event
from diag.facts.mounts import Mount


class Placement(msgspec.Struct, frozen=True):
    """The pods of one volume that were scheduled, by what became of its mount there."""

    up: tuple[Mount, ...] = ()
    in_vain: tuple[Mount, ...] = ()
    """Not up, and kubelet reports FailedMount for the pod."""

    @property
    def up_on(self) -> frozenset[str]:
        """Names of the nodes where it is up."""
        return frozenset(mount.node_name for mount in self.up)

    @property
    def down_on(self) -> frozenset[str]:
        """Names of the nodes where it is tried in vain and up for no other pod."""
        return frozenset(mount.node_name for mount in self.in_vain) - self.up_on


Placements = dict[str, Placement]
"""By the name of the PersistentVolume; none for a volume that no scheduled pod uses."""


@fact()
def placements(mounts: tuple[Mount, ...], warning_events: tuple[Event, ...]) -> Placements:
    """The scheduled pods of each volume."""
    failing = {
        (event.involved_object.namespace, event.involved_object.name)
        for event in warning_events
        if event.reason == "FailedMount" and event.involved_object.kind == "Pod"
    }
    up: dict[str, list[Mount]] = {}
    in_vain: dict[str, list[Mount]] = {}
    for mount in mounts:
        if not mount.node_name:
            continue
        if mount.pod.is_up:
            up.setdefault(mount.volume.name, []).append(mount)
        elif (mount.pod.metadata.namespace, mount.pod.metadata.name) in failing:
            in_vain.setdefault(mount.volume.name, []).append(mount)
    return {name: Placement(tuple(up.get(name, ())), tuple(in_vain.get(name, ()))) for name in {**up, **in_vain}}
