"""Readings put together: equal ones counted, lines of one mount attempt joined, symptoms of one mount grouped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from diag.model.symptom import Hit, Medium, MountRef, Symptom
from diag.texts.line import Moment, are_apart
from diag.texts.matching import Matcher
from diag.texts.message import Reading
from diag.texts.order import Seen, seen, what_came_first

_SAME_ATTEMPT = 180.0
"""Seconds within which log lines belong to one mount attempt: the slowest failure seen takes 165."""
_MOST_TALLIES = 4000
_MOST_LINES_OF_ATTEMPT = 200
_MOST_PLACES = 200
_MOST_SEEN = 8
_MOST_PRECURSORS = 1000
_MOST_TEXT_OF_ATTEMPT = 16 << 10
_MOST_ATTEMPTS_JOINED = 500
_WITHOUT_DIGITS = dict.fromkeys(map(ord, "0123456789"))
_ATTEMPT_ENDS = "Unable to mount"


class _Tally(msgspec.Struct, eq=False):
    """Equal symptoms of one mount, kept once with a count."""

    reading: Reading
    names: set[str]
    nids: set[str]
    times: int
    last: str
    last_moment: Moment | None
    order: int
    places: dict[str, tuple[str, int]]
    """Where it was read first in each stream, and how often there."""
    together: tuple[Hit, ...] = ()
    """Hits that this line shows only together with others of its mount attempt."""
    seen: list[Seen] = msgspec.field(default_factory=list)
    """The first times it was read, for the order in time."""

    @property
    def symptom(self) -> Symptom:
        """The symptom with everything counted in."""
        own = self.reading.symptom
        places = tuple(self.places.values()) if len(self.places) > 1 else ()
        hits = (*own.hits, *self.together)
        return msgspec.structs.replace(own, count=self.times, last_seen=self.last, hits=hits, places=places)

    @property
    def is_significant(self) -> bool:
        """Whether it says something by itself."""
        return self.reading.significant or bool(self.together)


class _Attempt(msgspec.Struct, eq=False):
    """Kernel or driver lines of one stream that belong together; any kernel line may name the mount for the others."""

    tallies: list[_Tally] = msgspec.field(default_factory=list)
    names: set[str] = msgspec.field(default_factory=set)
    nids: set[str] = msgspec.field(default_factory=set)
    texts: dict[str, None] = msgspec.field(default_factory=dict)
    moment: Moment | None = None
    seen: set[int] = msgspec.field(default_factory=set)


class Collector:
    """Takes readings in any number and keeps the distinct ones."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._tallies: dict[tuple[object, ...], _Tally] = {}
        self._all: list[_Tally] = []
        self._attempts: dict[tuple[str, Medium], _Attempt] = {}
        self._joined: set[tuple[str, ...]] = set()
        self._precursors: list[Seen] = []
        self.left_out = 0
        """Readings beyond what is kept."""

    def add(self, reading: Reading) -> None:
        """Counts a reading with its like, or keeps it as a new one."""
        symptom = reading.symptom
        kept = reading.significant or bool(symptom.hits) or bool(reading.against)
        if reading.precursor and len(self._precursors) < _MOST_PRECURSORS:
            self._precursors.append(seen(reading))
        tally = self._tally(reading) if kept else None
        if tally is not None and len(tally.seen) < _MOST_SEEN:
            tally.seen.append(seen(reading))
        if symptom.medium in (Medium.KERNEL_LOG, Medium.DRIVER_LOG):
            self._join_attempt(reading, tally)

    def forget(self, stream: str) -> None:
        """Takes back what was read of a stream, as none of it is about a client's mount."""
        self._attempts = {place: own for place, own in self._attempts.items() if place[0] != stream}
        self._all = [tally for tally in self._all if tally.reading.stream != stream]
        self._tallies = {key: tally for key, tally in self._tallies.items() if tally.reading.stream != stream}
        self._precursors = [one for one in self._precursors if one.stream != stream]

    def symptoms(self) -> tuple[Symptom, ...]:
        """The distinct symptoms that say something by themselves, in the order they came."""
        return tuple(tally.symptom for tally in self._end() if tally.is_significant)

    def groups(self) -> tuple[Group, ...]:
        """The symptoms of each mount and stretch of time, in the order in which the first of each came."""
        clusters = _clusters(self._end())
        return tuple(self._with_first(c, group) for c in clusters if (group := c.group()) is not None)

    def _with_first(self, cluster: _Cluster, group: Group) -> Group:
        """With what came before its connection was lost."""
        if not self._precursors:
            return group
        marks = [one for tally in cluster.tallies for one in tally.seen]
        first = what_came_first(self._precursors, marks, cluster.node, cluster.file_system)
        return group if first is None else group._replace(symptoms=(first, *group.symptoms))

    def _end(self) -> tuple[_Tally, ...]:
        """The distinct readings, in the order they came. Ends the attempts that are still open."""
        for attempt in self._attempts.values():
            self._finish(attempt)
        self._attempts.clear()
        return tuple(self._all)

    def _tally(self, reading: Reading) -> _Tally | None:
        key = _key(reading)
        known = self._tallies.get(key)
        if known is not None:
            known.times += reading.symptom.count
            origin, times = known.places.get(reading.stream, (reading.symptom.origin, 0))
            if times or len(known.places) < _MOST_PLACES:
                known.places[reading.stream] = (origin, times + reading.symptom.count)
            known.last = reading.symptom.last_seen or known.last
            known.last_moment = reading.moment or known.last_moment
            return known
        if len(self._all) >= (_MOST_TALLIES if reading.significant else _MOST_TALLIES // 2):
            self.left_out += reading.significant
            return None
        symptom = reading.symptom
        names, nids = set(reading.clues.names), set(reading.clues.nids)
        places = {reading.stream: (symptom.origin, symptom.count)}
        tally = _Tally(reading, names, nids, symptom.count, symptom.last_seen, reading.moment, len(self._all), places)
        self._tallies[key] = tally
        self._all.append(tally)
        return tally

    def _join_attempt(self, reading: Reading, tally: _Tally | None) -> None:
        place = (reading.stream, reading.symptom.medium)
        attempt = self._attempts.get(place)
        if not reading.significant and (attempt is None or not _belongs(attempt, reading)):
            return  # a healthy line of another mount neither begins nor ends an attempt
        if attempt is not None and not _belongs(attempt, reading):
            self._finish(attempt)
            attempt = None
        if attempt is None:
            attempt = self._attempts[place] = _Attempt()
        if tally is not None:
            attempt.tallies.append(tally)
        attempt.names |= reading.clues.names
        attempt.nids |= reading.clues.nids
        attempt.texts[reading.symptom.text] = None
        attempt.moment = reading.moment or attempt.moment
        attempt.seen |= reading.seen
        if _ATTEMPT_ENDS in reading.symptom.text:
            self._finish(attempt)
            del self._attempts[place]

    def _finish(self, attempt: _Attempt) -> None:
        """What one line of an attempt names holds for its other lines; what several lines show together is added."""
        for tally in attempt.tallies:
            if tally.reading.symptom.medium is Medium.KERNEL_LOG:
                tally.names = tally.names or set(attempt.names)
                tally.nids = tally.nids or set(attempt.nids)
        lines = tuple(attempt.texts)
        if not attempt.tallies or len(lines) < 2 or lines in self._joined or len(self._joined) >= _MOST_ATTEMPTS_JOINED:
            return
        self._joined.add(lines)
        shown = {(hit.cause, hit.signature) for tally in attempt.tallies for hit in tally.symptom.hits}
        text = " ".join(lines)[:_MOST_TEXT_OF_ATTEMPT]
        together = self._matcher.together(attempt.seen, text)
        last = attempt.tallies[-1]
        last.together += tuple(hit for hit in together if (hit.cause, hit.signature) not in shown)


def _key(reading: Reading) -> tuple[object, ...]:
    symptom = reading.symptom
    shown = tuple((hit.cause, hit.signature, hit.groups) for hit in symptom.hits)
    # Texts without hits differ by their words; numbers in it (request ids, addresses) change with every line.
    words = "" if shown else symptom.text[:400].translate(_WITHOUT_DIGITS)
    stream = "" if symptom.medium is Medium.EVENT else reading.stream
    rest = (symptom.exit_status, symptom.phase, symptom.medium, reading.clues.names, reading.against, stream)
    return (symptom.mount, shown, words, rest)


def _belongs(attempt: _Attempt, reading: Reading) -> bool:
    if len(attempt.tallies) >= _MOST_LINES_OF_ATTEMPT:
        return False
    if attempt.names and reading.clues.names and attempt.names.isdisjoint(reading.clues.names):
        return False
    return not are_apart(attempt.moment, reading.moment, _SAME_ATTEMPT)


# --- groups: one for each mount and stretch of time

SAME_STRETCH = 3600.0
"""Seconds of silence that part two incidents of one mount: kubelet retries every two minutes. A failure that comes
again and again is one."""


class Group(NamedTuple):
    """What was seen of one mount in one stretch of time."""

    mount: MountRef
    symptoms: tuple[Symptom, ...]


class _Cluster:
    """Kinds of one mount."""

    def __init__(self) -> None:
        self.tallies: list[_Tally] = []
        self.names: set[str] = set()
        self.marks: set[str] = set()
        self.volume = self.target = self.node = self.file_system = ""
        self.streams: set[str] = set()
        self.moments: dict[str, tuple[float, float]] = {}

    def take(self, tally: _Tally) -> None:
        mount = tally.reading.symptom.mount
        self.tallies.append(tally)
        self.names |= tally.names
        self.marks |= _marks(tally)
        self.volume = self.volume or mount.volume
        self.target = self.target or _target(mount)
        self.node = self.node or _host(mount)
        self.file_system = self.file_system or mount.file_system
        self.streams.add(tally.reading.stream)
        for clock, (first, last) in _stretch(tally).items():
            known = self.moments.get(clock, (first, last))
            self.moments[clock] = (min(known[0], first), max(known[1], last))

    def admits(self, tally: _Tally) -> bool:
        """Nothing that both name differs, and they are not hours apart."""
        mount = tally.reading.symptom.mount
        pairs = (
            (self.volume, mount.volume),
            (self.target, _target(mount)),
            (self.node, _host(mount)),
            (self.file_system, mount.file_system),
        )
        if any(own and other and own != other for own, other in pairs):
            return False
        if self.names and tally.names and self.names.isdisjoint(tally.names):
            return False
        return self._near(tally)

    def _near(self, tally: _Tally) -> bool:
        for clock, (first, last) in _stretch(tally).items():
            own = self.moments.get(clock)
            if own is not None and (first > own[1] + SAME_STRETCH or last < own[0] - SAME_STRETCH):
                return False
        return True

    def group(self) -> Group | None:
        """None when nothing in it is a symptom: texts that only speak against a cause need one beside them."""
        shown = {hit.cause for tally in self.tallies for hit in tally.symptom.hits}
        kept = [
            tally
            for tally in sorted(self.tallies, key=lambda tally: tally.order)
            if tally.is_significant or tally.reading.against & shown
        ]
        if not any(tally.is_significant for tally in kept):
            return None
        mounts = [tally.reading.symptom.mount for tally in kept]
        merged = MountRef(**{name: next(filter(None, (getattr(m, name) for m in mounts)), "") for name in _FIELDS})
        if not merged.source and len(self.names) == 1:
            nids = sorted({nid for tally in self.tallies for nid in tally.nids})
            merged = msgspec.structs.replace(merged, source=f"{nids[0]}:/{next(iter(self.names))}" if nids else "")
        return Group(merged, tuple(tally.symptom for tally in kept))


_FIELDS = MountRef.__struct_fields__


def _clusters(tallies: Iterable[_Tally]) -> list[_Cluster]:
    """Kinds that name a mount first, those that name less join them, those that name nothing join what is near.

    Of several mounts that one may be of, it is of that with which it has most in common.
    A tally that says nothing by itself joins only, it never begins a cluster.
    """
    clusters: list[_Cluster] = []
    by_mark: dict[str, list[_Cluster]] = {}
    nameless: list[_Tally] = []
    for tally in sorted(tallies, key=lambda tally: (not tally.is_significant, -_telling(tally), tally.order)):
        marks = _marks(tally)
        if not marks:
            nameless.append(tally)
            continue
        shared = Counter(c for mark in sorted(marks) for c in by_mark.get(mark, ()))
        home = next((c for c, _ in shared.most_common() if c.admits(tally)), None)
        if home is None:
            if not tally.is_significant:
                continue
            home = _Cluster()
            clusters.append(home)
        home.take(tally)
        for mark in marks:
            known = by_mark.setdefault(mark, [])
            if home not in known:
                known.append(home)
    for tally in nameless:
        near = _home_of_nameless(tally, clusters)
        if near is None and tally.is_significant:
            near = _Cluster()
            clusters.append(near)
        if near is not None:
            near.take(tally)
    return sorted(clusters, key=lambda cluster: min(tally.order for tally in cluster.tallies))


def _home_of_nameless(tally: _Tally, clusters: list[_Cluster]) -> _Cluster | None:
    fitting = (c for c in clusters if c.admits(tally))
    first, another = next(fitting, None), next(fitting, None)
    if first is None or another is None:
        return first
    # Of several, one of its own stream; best one that names no mount either.
    stream = tally.reading.stream
    here = [c for c in clusters if stream in c.streams]
    likely = (*(c for c in here if not c.marks), *here)
    return next((c for c in likely if c.admits(tally)), None)


def _telling(tally: _Tally) -> int:
    mount = tally.reading.symptom.mount
    return 2 * bool(mount.volume) + 2 * bool(mount.source) + bool(tally.names) + bool(mount.pod)


def _marks(tally: _Tally) -> set[str]:
    """What two symptoms must share to be of one mount."""
    mount = tally.reading.symptom.mount
    marks = {f"name {name}" for name in tally.names} | {f"nid {nid}" for nid in tally.nids}
    for label, value in (
        ("volume", mount.volume),
        ("target", _target(mount)),
        ("file system", mount.file_system),
        ("pod", mount.pod),
    ):
        if value:
            marks.add(f"{label} {value}")
    return marks


def _stretch(tally: _Tally) -> dict[str, tuple[float, float]]:
    """From when to when, by clock."""
    moments = [moment for moment in (tally.reading.moment, tally.last_moment) if moment is not None]
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
