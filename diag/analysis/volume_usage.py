"""Who uses each volume, and how far every pod has come with it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from diag.analysis.pod_events import events_by_pod, events_of, names_volume
from diag.analysis.pods import Progress, progress_of
from diag.analysis.volumes import Mount
from diag.model.layer import Layer
from diag.model.subject import Subject
from diag.model.unavailable import Unavailable, Unreadable
from diag.registry import fact
from diag.resources.kubernetes import Event, Node, PersistentVolume

_AFTER_THE_MOUNT = frozenset({"FailedCreatePodSandBox", "FailedPodSandBoxStatus"})
"""Events that a pod can only have once its volumes are mounted. Source: Kubernetes v1.34 pkg/kubelet SyncPod."""


class Use(msgspec.Struct, frozen=True):
    """One pod's use of a volume: how far it has come, and what kubelet and scheduler say about it now."""

    mount: Mount
    progress: Progress
    events: tuple[Event, ...] = ()
    """Newest first."""
    elsewhere: str = ""
    """What kubelet says of another volume that the pod waits for; empty when it says nothing of one."""
    node: Node | None = None
    node_unread: Unavailable | None = None
    """Why the node is not known, when nodes could not be read."""

    @property
    def known_node(self) -> Node | None:
        """The pod's node; None when it has none or it is gone. Raises Unreadable when nodes could not be read."""
        if self.node_unread is not None and self.mount.node_name:
            raise Unreadable(self.node_unread)
        return self.node

    @property
    def who(self) -> str:
        """`default/pod-fsx on node-a`."""
        where = f" on {self.mount.node_name}" if self.mount.node_name else ""
        return f"{self.mount.pod.key}{where}"

    @property
    def path(self) -> tuple[Subject, ...]:
        """The pod and its node."""
        node = (self.node.subject,) if self.node else ()
        return (self.mount.pod.subject, *node)


class VolumeUse(msgspec.Struct, frozen=True):
    """A volume with the pods that use it."""

    volume: PersistentVolume
    uses: tuple[Use, ...]

    @property
    def subject(self) -> Subject:
        """The volume as the subject of findings."""
        return self.volume.subject

    def at(self, *progress: Progress) -> tuple[Use, ...]:
        """The uses that are at one of those points."""
        return tuple(use for use in self.uses if use.progress in progress)


@fact(layer=Layer.REQUEST)
def volume_uses(
    mounts: tuple[Mount, ...], warning_events: tuple[Event, ...] | Unavailable, nodes: tuple[Node, ...] | Unavailable
) -> tuple[VolumeUse, ...]:
    """Every volume that a pod uses, with those pods."""
    events = {} if isinstance(warning_events, Unavailable) else events_by_pod(warning_events)
    unread = nodes if isinstance(nodes, Unavailable) else None
    by_name = {} if isinstance(nodes, Unavailable) else {node.name: node for node in nodes}
    uses: dict[str, list[Use]] = {}
    for mount in mounts:
        own = events.get((mount.pod.metadata.namespace, mount.pod.metadata.name), [])
        progress = progress_of(mount.pod)
        if progress in (Progress.WAITING, Progress.GIVEN_UP) and any(event.reason in _AFTER_THE_MOUNT for event in own):
            progress = Progress.MOUNTED
        about = events_of(mount, own)
        other = "" if about or progress is not Progress.WAITING else _of_another_volume(mount, own)
        use = Use(mount, progress, about, other, by_name.get(mount.node_name), unread)
        uses.setdefault(mount.volume.name, []).append(use)
    return tuple(VolumeUse(found[0].mount.volume, tuple(found)) for found in uses.values())


def _of_another_volume(mount: Mount, events: Iterable[Event]) -> str:
    others = (e for e in events if e.reason == "FailedMount" and not names_volume(e.message, mount))
    return max(((event.last_seen, event.message) for event in others), default=("", ""))[1]


def listed(uses: Iterable[Use]) -> str:
    """`default/pod-a on node-a and 11 more`."""
    users = [use.who for use in uses]
    return users[0] + (f" and {len(users) - 1} more" if len(users) > 1 else "") if users else "nobody"
