"""Symptoms put into groups: one for each mount and stretch of time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from diag.model.symptom import MountRef, Symptom
from diag.symptoms.collect import Kind

SAME_STRETCH = 3600.0
"""Seconds of silence that part two incidents of one mount: kubelet retries every two minutes. A failure that comes
again and again is one."""


class Group(NamedTuple):
    """What was seen of one mount in one stretch of time."""

    mount: MountRef
    symptoms: tuple[Symptom, ...]


def grouped(kinds: Iterable[Kind]) -> tuple[Group, ...]:
    """The groups, in the order in which their first symptom came."""
    return tuple(group for cluster in _clusters(kinds) if (group := cluster.group()) is not None)


class _Cluster:
    """Kinds of one mount."""

    def __init__(self) -> None:
        self.kinds: list[Kind] = []
        self.names: set[str] = set()
        self.marks: set[str] = set()
        self.volume = self.target = self.node = self.file_system = ""
        self.streams: set[str] = set()
        self.moments: dict[str, tuple[float, float]] = {}

    def take(self, kind: Kind) -> None:
        mount = kind.reading.symptom.mount
        self.kinds.append(kind)
        self.names |= kind.names
        self.marks |= _marks(kind)
        self.volume = self.volume or mount.volume
        self.target = self.target or _target(mount)
        self.node = self.node or _host(mount)
        self.file_system = self.file_system or mount.file_system
        self.streams.add(kind.reading.stream)
        for clock, (first, last) in _stretch(kind).items():
            known = self.moments.get(clock, (first, last))
            self.moments[clock] = (min(known[0], first), max(known[1], last))

    def admits(self, kind: Kind) -> bool:
        """Nothing that both name differs, and they are not hours apart."""
        mount = kind.reading.symptom.mount
        pairs = (
            (self.volume, mount.volume),
            (self.target, _target(mount)),
            (self.node, _host(mount)),
            (self.file_system, mount.file_system),
        )
        if any(own and other and own != other for own, other in pairs):
            return False
        if self.names and kind.names and self.names.isdisjoint(kind.names):
            return False
        return self._near(kind)

    def _near(self, kind: Kind) -> bool:
        for clock, (first, last) in _stretch(kind).items():
            own = self.moments.get(clock)
            if own is not None and (first > own[1] + SAME_STRETCH or last < own[0] - SAME_STRETCH):
                return False
        return True

    def group(self) -> Group | None:
        """None when nothing in it is a symptom: texts that only speak against a cause need one beside them."""
        shown = {hit.cause for kind in self.kinds for hit in kind.symptom.hits}
        kept = [
            kind
            for kind in sorted(self.kinds, key=lambda kind: kind.order)
            if kind.is_telling or kind.reading.against & shown
        ]
        if not any(kind.is_telling for kind in kept):
            return None
        mounts = [kind.reading.symptom.mount for kind in kept]
        merged = MountRef(**{name: next(filter(None, (getattr(m, name) for m in mounts)), "") for name in _FIELDS})
        if not merged.source and len(self.names) == 1:
            nids = sorted({nid for kind in self.kinds for nid in kind.nids})
            merged = msgspec.structs.replace(merged, source=f"{nids[0]}:/{next(iter(self.names))}" if nids else "")
        return Group(merged, tuple(kind.symptom for kind in kept))


_FIELDS = MountRef.__struct_fields__


def _clusters(kinds: Iterable[Kind]) -> list[_Cluster]:
    """Kinds that name a mount first, those that name less join them, those that name nothing join what is near.

    A kind that says nothing by itself joins only, it never begins a cluster.
    """
    clusters: list[_Cluster] = []
    by_mark: dict[str, list[_Cluster]] = {}
    nameless: list[Kind] = []
    for kind in sorted(kinds, key=lambda kind: (not kind.is_telling, -_telling(kind), kind.order)):
        marks = _marks(kind)
        if not marks:
            nameless.append(kind)
            continue
        sharing = {id(c): c for mark in marks for c in by_mark.get(mark, ())}
        home = next((c for c in sharing.values() if c.admits(kind)), None)
        if home is None:
            if not kind.is_telling:
                continue
            home = _Cluster()
            clusters.append(home)
        home.take(kind)
        for mark in marks:
            known = by_mark.setdefault(mark, [])
            if home not in known:
                known.append(home)
    for kind in nameless:
        near = _home_of_nameless(kind, clusters)
        if near is None and kind.is_telling:
            near = _Cluster()
            clusters.append(near)
        if near is not None:
            near.take(kind)
    return sorted(clusters, key=lambda cluster: min(kind.order for kind in cluster.kinds))


def _home_of_nameless(kind: Kind, clusters: list[_Cluster]) -> _Cluster | None:
    fitting = [c for c in clusters if c.admits(kind)]
    if len(fitting) > 1:
        stream = kind.reading.stream
        here = [c for c in fitting if stream in c.streams]
        fitting = [c for c in here if not c.marks] or here
    return fitting[0] if fitting else None


def _telling(kind: Kind) -> int:
    mount = kind.reading.symptom.mount
    return 2 * bool(mount.volume) + 2 * bool(mount.source) + bool(kind.names) + bool(mount.pod)


def _marks(kind: Kind) -> set[str]:
    """What two symptoms must share to be of one mount."""
    mount = kind.reading.symptom.mount
    marks = {f"name {name}" for name in kind.names} | {f"nid {nid}" for nid in kind.nids}
    for label, value in (
        ("volume", mount.volume),
        ("target", _target(mount)),
        ("file system", mount.file_system),
        ("pod", mount.pod),
    ):
        if value:
            marks.add(f"{label} {value}")
    return marks


def _stretch(kind: Kind) -> dict[str, tuple[float, float]]:
    """From when to when, by clock."""
    moments = [moment for moment in (kind.reading.moment, kind.last_moment) if moment is not None]
    return {
        clock: (min(seconds), max(seconds))
        for clock in {moment.clock for moment in moments}
        if (seconds := [moment.seconds for moment in moments if moment.clock == clock])
    }


def _target(mount: MountRef) -> str:
    """A pod's path changes with every pod: there the volume says which mount it is."""
    return "" if "/pods/" in mount.target or "/plugins/kubernetes.io/" in mount.target else mount.target


def _host(mount: MountRef) -> str:
    return mount.node.split(".")[0].lower()
