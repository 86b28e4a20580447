"""Readings gathered while texts are read: equal ones counted, log lines of one mount attempt put together."""

from __future__ import annotations

import msgspec

from diag.model.symptom import Hit, Medium, Symptom
from diag.symptoms.matcher import Matcher
from diag.symptoms.symptom_of import Reading
from diag.symptoms.time import Moment, apart

_SAME_ATTEMPT = 180.0
"""Seconds within which log lines belong to one mount attempt: the slowest failure seen takes 165."""
_MOST_KINDS = 4000
_MOST_LINES_OF_ATTEMPT = 200
_MOST_TEXT_OF_ATTEMPT = 16 << 10
_MOST_ATTEMPTS_JOINED = 500
_ATTEMPT_ENDS = "Unable to mount"


class Kind(msgspec.Struct, eq=False):
    """Equal symptoms of one mount, told once with a count."""

    reading: Reading
    names: set[str]
    nids: set[str]
    times: int
    last: str
    last_moment: Moment | None
    order: int
    together: tuple[Hit, ...] = ()
    """Hits that this line shows only together with others of its mount attempt."""

    @property
    def symptom(self) -> Symptom:
        """The symptom with everything counted in."""
        own = self.reading.symptom
        return msgspec.structs.replace(own, count=self.times, last_seen=self.last, hits=(*own.hits, *self.together))

    @property
    def is_telling(self) -> bool:
        """Whether it says something by itself."""
        return self.reading.telling or bool(self.together)


class _Attempt(msgspec.Struct, eq=False):
    """Kernel or driver lines of one stream that belong together; any kernel line may name the mount for the others."""

    kinds: list[Kind] = msgspec.field(default_factory=list)
    names: set[str] = msgspec.field(default_factory=set)
    nids: set[str] = msgspec.field(default_factory=set)
    texts: dict[str, None] = msgspec.field(default_factory=dict)
    moment: Moment | None = None
    wrapped: bool = False


class Collector:
    """Takes readings in any number and keeps the distinct ones."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._kinds: dict[tuple[object, ...], Kind] = {}
        self._all: list[Kind] = []
        self._attempts: dict[tuple[str, Medium], _Attempt] = {}
        self._joined: set[tuple[str, ...]] = set()
        self.left_out = 0
        """Readings beyond what is kept."""

    def add(self, reading: Reading) -> None:
        """Counts a reading with its like, or keeps it as a new one."""
        symptom = reading.symptom
        kept = reading.telling or bool(symptom.hits) or bool(reading.against)
        kind = self._kind(reading) if kept else None
        if symptom.medium in (Medium.KERNEL_LOG, Medium.DRIVER_LOG):
            self._join_attempt(reading, kind)

    def kinds(self) -> tuple[Kind, ...]:
        """The distinct readings, in the order they came. Ends the attempts that are still open."""
        for attempt in self._attempts.values():
            self._finish(attempt)
        self._attempts.clear()
        return tuple(self._all)

    def _kind(self, reading: Reading) -> Kind | None:
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
        names, nids = set(reading.clues.names), set(reading.clues.nids)
        kind = Kind(reading, names, nids, symptom.count, symptom.last_seen, reading.moment, len(self._all))
        self._kinds[key] = kind
        self._all.append(kind)
        return kind

    def _join_attempt(self, reading: Reading, kind: Kind | None) -> None:
        place = (reading.stream, reading.symptom.medium)
        attempt = self._attempts.get(place)
        if not reading.telling and (attempt is None or not _belongs(attempt, reading)):
            return  # a healthy line of another mount neither begins nor ends an attempt
        if attempt is not None and not _belongs(attempt, reading):
            self._finish(attempt)
            attempt = None
        if attempt is None:
            attempt = self._attempts[place] = _Attempt()
        if kind is not None:
            attempt.kinds.append(kind)
        attempt.names |= reading.clues.names
        attempt.nids |= reading.clues.nids
        attempt.texts[reading.symptom.text] = None
        attempt.moment = reading.moment or attempt.moment
        attempt.wrapped = attempt.wrapped or reading.wrapped
        if _ATTEMPT_ENDS in reading.symptom.text:
            self._finish(attempt)
            del self._attempts[place]

    def _finish(self, attempt: _Attempt) -> None:
        """What one line of an attempt names holds for its other lines; what several lines show together is added."""
        for kind in attempt.kinds:
            if kind.reading.symptom.medium is Medium.KERNEL_LOG:
                kind.names = kind.names or set(attempt.names)
                kind.nids = kind.nids or set(attempt.nids)
        lines = tuple(attempt.texts)
        if not attempt.kinds or len(lines) < 2 or lines in self._joined or len(self._joined) >= _MOST_ATTEMPTS_JOINED:
            return
        self._joined.add(lines)
        shown = {(hit.cause, hit.signature) for kind in attempt.kinds for hit in kind.symptom.hits}
        text = " ".join(lines)[:_MOST_TEXT_OF_ATTEMPT]
        together = self._matcher.matches(text, wrapped=attempt.wrapped).hits
        last = attempt.kinds[-1]
        last.together += tuple(hit for hit in together if (hit.cause, hit.signature) not in shown)


def _key(reading: Reading) -> tuple[object, ...]:
    symptom = reading.symptom
    shown = tuple((hit.cause, hit.signature, hit.groups) for hit in symptom.hits)
    # A text without hits is told apart by its words; numbers in it (request ids, addresses) change with every line.
    words = "" if shown else "".join(char for char in symptom.text[:400] if not char.isdigit())
    stream = "" if symptom.medium is Medium.EVENT else reading.stream
    told = (symptom.exit_status, symptom.phase, symptom.medium, reading.clues.names, reading.against, stream)
    return (symptom.mount, shown, words, told)


def _belongs(attempt: _Attempt, reading: Reading) -> bool:
    if len(attempt.kinds) >= _MOST_LINES_OF_ATTEMPT:
        return False
    if attempt.names and reading.clues.names and attempt.names.isdisjoint(reading.clues.names):
        return False
    return not apart(attempt.moment, reading.moment, _SAME_ATTEMPT)
