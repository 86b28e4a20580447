"""Symptoms gathered into groups: one for each mount and stretch of time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from diag.model.symptom import MountRef, Symptom
from diag.symptoms.symptom_of import Reading
from diag.symptoms.time import Moment

SAME_STRETCH = 3600.0
"""Seconds of silence that part two incidents of one mount: kubelet retries every two minutes. A failure that comes
again and again is one."""
_SAME_ATTEMPT = 180.0
"""Seconds within which kernel lines belong to one mount attempt: the slowest failure seen takes 165."""
_MOST_KINDS = 4000
_MOST_LINES_OF_ATTEMPT = 200
_ATTEMPT_ENDS = "Unable to mount"


class Group(NamedTuple):
    """What was seen of one mount in one stretch of time."""

    mount: MountRef
    symptoms: tuple[Symptom, ...]


class _Kind(msgspec.Struct, eq=False):
    """Equal symptoms of one mount, told once with a count."""

    reading: Reading
    names: set[str]
    nids: set[str]
    times: int
    first: str
    last: str
    last_moment: Moment | None
    order: int


class _Attempt(msgspec.Struct, eq=False):
    """Kernel lines of one stream that belong together; any of them may name the mount."""

    kinds: list[_Kind] = msgspec.field(default_factory=list)
    names: set[str] = msgspec.field(default_factory=set)
    nids: set[str] = msgspec.field(default_factory=set)
    moment: Moment | None = None


class Collector:
    """Takes readings in any number and keeps the distinct ones."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[object, ...], _Kind] = {}
        self._all: list[_Kind] = []
        self._attempts: dict[str, _Attempt] = {}
        self.left_out = 0
        """Readings beyond what is kept."""

    def add(self, reading: Reading) -> None:
        """Counts a reading with its like, or keeps it as a new one."""
        symptom = reading.symptom
        kept = reading.telling or bool(symptom.hits) or bool(reading.against)
        kind = self._kind(reading) if kept else None
        if symptom.medium.value == "kernel-log":
            self._attempt(reading, kind)

    def groups(self) -> tuple[Group, ...]:
        """The groups, in the order in which their first symptom came."""
        for attempt in self._attempts.values():
            _share(attempt)
        self._attempts.clear()
        return tuple(group for cluster in _clusters(self._all) if (group := cluster.group()) is not None)

    def _kind(self, reading: Reading) -> _Kind | None:
        key = _key(reading)
        known = self._kinds.get(key)
        if known is not None:
            known.times += reading.symptom.count
            known.last = reading.symptom.last_seen or known.last
            known.last_moment = reading.moment or known.last_moment
            return known
        if len(self._all) >= (_MOST_KINDS if reading.telling else _MOST_KINDS // 2):
            self.left_out += reading.telling
            return None
        symptom = reading.symptom
        kind = _Kind(
            reading,
            set(reading.clues.names),
            set(reading.clues.nids),
            symptom.count,
            symptom.first_seen,
            symptom.last_seen,
            reading.moment,
            len(self._all),
        )
        self._kinds[key] = kind
        self._all.append(kind)
        return kind

    def _attempt(self, reading: Reading, kind: _Kind | None) -> None:
        attempt = self._attempts.get(reading.stream)
        if not reading.telling and (attempt is None or not _belongs(attempt, reading)):
            return  # a healthy line of another mount neither begins nor ends an attempt
        if attempt is not None and not _belongs(attempt, reading):
            _share(attempt)
            attempt = None
        if attempt is None:
            attempt = self._attempts[reading.stream] = _Attempt()
        if kind is not None:
            attempt.kinds.append(kind)
        attempt.names |= reading.clues.names
        attempt.nids |= reading.clues.nids
        attempt.moment = reading.moment or attempt.moment
        if _ATTEMPT_ENDS in reading.symptom.text:
            _share(attempt)
            del self._attempts[reading.stream]


def _key(reading: Reading) -> tuple[object, ...]:
    symptom = reading.symptom
    shown = tuple((hit.cause, hit.signature, hit.groups) for hit in symptom.hits)
    # A text without hits is told apart by its words; numbers in it (request ids, addresses) change with every line.
    words = "" if shown else "".join(char for char in symptom.text[:400] if not char.isdigit())
    return (
        symptom.mount, shown, words, symptom.exit_status, symptom.phase, symptom.medium,
        reading.clues.names, reading.against, reading.stream if symptom.medium.value != "event" else "",
    )  # fmt: skip


def _belongs(attempt: _Attempt, reading: Reading) -> bool:
    if len(attempt.kinds) >= _MOST_LINES_OF_ATTEMPT:
        return False
    if attempt.names and reading.clues.names and attempt.names.isdisjoint(reading.clues.names):
        return False
    return not _apart(attempt.moment, reading.moment, _SAME_ATTEMPT)


def _share(attempt: _Attempt) -> None:
    """What one line of an attempt names holds for its other lines that name nothing."""
    for kind in attempt.kinds:
        if not kind.names:
            kind.names |= attempt.names
        if not kind.nids:
            kind.nids |= attempt.nids


def _apart(one: Moment | None, other: Moment | None, limit: float = SAME_STRETCH) -> bool:
    return (
        one is not None and other is not None and one.clock == other.clock and abs(one.seconds - other.seconds) > limit
    )


class _Cluster:
    """Kinds of one mount."""

    def __init__(self) -> None:
        self.kinds: list[_Kind] = []
        self.names: set[str] = set()
        self.marks: set[str] = set()
        self.volume = self.target = self.node = self.file_system = ""
        self.streams: set[str] = set()
        self.moments: dict[str, tuple[float, float]] = {}

    def take(self, kind: _Kind) -> None:
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

    def admits(self, kind: _Kind) -> bool:
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

    def _near(self, kind: _Kind) -> bool:
        for clock, (first, last) in _stretch(kind).items():
            own = self.moments.get(clock)
            if own is not None and (first > own[1] + SAME_STRETCH or last < own[0] - SAME_STRETCH):
                return False
        return True

    def group(self) -> Group | None:
        """None when nothing in it is a symptom: texts that only speak against a cause need one beside them."""
        shown = {hit.cause for kind in self.kinds for hit in kind.reading.symptom.hits}
        kept = [
            kind
            for kind in sorted(self.kinds, key=lambda kind: kind.order)
            if kind.reading.telling or kind.reading.against & shown
        ]
        if not any(kind.reading.telling for kind in kept):
            return None
        mounts = [kind.reading.symptom.mount for kind in kept]
        merged = MountRef(**{name: next(filter(None, (getattr(m, name) for m in mounts)), "") for name in _FIELDS})
        if not merged.source and len(self.names) == 1:
            nids = sorted({nid for kind in self.kinds for nid in kind.nids})
            merged = msgspec.structs.replace(merged, source=f"{nids[0]}:/{next(iter(self.names))}" if nids else "")
        return Group(merged, tuple(_symptom(kind) for kind in kept))


_FIELDS = MountRef.__struct_fields__


def _clusters(kinds: Iterable[_Kind]) -> list[_Cluster]:
    """Kinds that name a mount first, those that name less join them, those that name nothing join what is near.

    A kind that says nothing by itself joins only, it never begins a cluster.
    """
    clusters: list[_Cluster] = []
    by_mark: dict[str, list[_Cluster]] = {}
    nameless: list[_Kind] = []
    for kind in sorted(kinds, key=lambda kind: (not kind.reading.telling, -_telling(kind), kind.order)):
        marks = _marks(kind)
        if not marks:
            nameless.append(kind)
            continue
        sharing = {id(c): c for mark in marks for c in by_mark.get(mark, ())}
        home = next((c for c in sharing.values() if c.admits(kind)), None)
        if home is None:
            if not kind.reading.telling:
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
        if near is None and kind.reading.telling:
            near = _Cluster()
            clusters.append(near)
        if near is not None:
            near.take(kind)
    return sorted(clusters, key=lambda cluster: min(kind.order for kind in cluster.kinds))


def _home_of_nameless(kind: _Kind, clusters: list[_Cluster]) -> _Cluster | None:
    fitting = [c for c in clusters if c.admits(kind)]
    if len(fitting) > 1:
        stream = kind.reading.stream
        here = [c for c in fitting if stream in c.streams]
        fitting = [c for c in here if not c.marks] or here
    return fitting[0] if fitting else None


def _telling(kind: _Kind) -> int:
    mount = kind.reading.symptom.mount
    return 2 * bool(mount.volume) + 2 * bool(mount.source) + bool(kind.names) + bool(mount.pod)


def _marks(kind: _Kind) -> set[str]:
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


def _stretch(kind: _Kind) -> dict[str, tuple[float, float]]:
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


def _symptom(kind: _Kind) -> Symptom:
    symptom = kind.reading.symptom
    return msgspec.structs.replace(symptom, count=kind.times, first_seen=kind.first, last_seen=kind.last)
