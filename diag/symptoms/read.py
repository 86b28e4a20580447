"""From paths to symptoms: the one call behind `explain`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from diag.knowledge.runbooks import Knowledge
from diag.model.unavailable import Reason, Unavailable
from diag.sources.texts.open import open_texts
from diag.sources.texts.stream import TextStream
from diag.symptoms.collect import Collector
from diag.symptoms.grouping import Group, grouped
from diag.symptoms.matcher import matcher_of
from diag.symptoms.scan import Scan
from diag.symptoms.symptom_of import Reading

_MOST_PROBLEMS = 50
_BEGINS_EVENTS = (b"{", b"a", b"k", b"-")
"""First bytes of what kubectl prints as JSON or YAML."""


class Noise(NamedTuple):
    """A harmless text that people take for a cause."""

    cause: str
    text: str
    times: int


class SymptomReport(NamedTuple):
    """What was found in the given texts."""

    groups: tuple[Group, ...]
    """Symptoms of each mount and stretch of time."""
    texts_read: int
    lines_read: int
    bytes_read: int
    benign: tuple[Noise, ...]
    problems: tuple[Unavailable, ...]
    """What could not be read, or not to its end."""


def read_symptoms(paths: Iterable[str], knowledge: Knowledge) -> SymptomReport:
    """Reads files, folders, archives and (`-`) standard input, and groups the symptoms in them by mount.

    Memory does not grow with the size of the texts. What cannot be read is a problem in the report, never an error.
    """
    problems = _Problems()
    return _report(open_texts(paths, problems.add), knowledge, problems)


def read_streams(streams: Iterable[TextStream], knowledge: Knowledge) -> SymptomReport:
    """The same for texts that are open already."""
    return _report(streams, knowledge, _Problems())


def _report(streams: Iterable[TextStream], knowledge: Knowledge, problems: _Problems) -> SymptomReport:
    reader = _Reader(knowledge)
    for stream in streams:
        reader.read(stream)
    if reader.collector.left_out:
        problems.add(
            Unavailable(
                "the given texts",
                Reason.GARBLED,
                f"too many different symptoms; {reader.collector.left_out} further ones are not counted",
                remedy="give the log of one node or one day",
            )
        )
    return SymptomReport(
        groups=grouped(reader.collector.kinds()),
        texts_read=reader.texts,
        lines_read=reader.lines,
        bytes_read=reader.bytes,
        benign=tuple(Noise(cause, text, count) for cause, (text, count) in sorted(reader.noise.items())),
        problems=problems.all(),
    )


class _Problems:
    def __init__(self) -> None:
        self._kept: list[Unavailable] = []
        self._more = 0

    def add(self, problem: Unavailable) -> None:
        if len(self._kept) < _MOST_PROBLEMS:
            self._kept.append(problem)
        else:
            self._more += 1

    def all(self) -> tuple[Unavailable, ...]:
        if self._more:
            self._kept.append(Unavailable("further texts", Reason.GARBLED, f"{self._more} more problems of this kind"))
        return tuple(self._kept)


class _Reader:
    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self.collector = Collector(matcher_of(knowledge))
        self.noise: dict[str, tuple[str, int]] = {}
        self.texts = self.lines = self.bytes = 0

    def read(self, stream: TextStream) -> None:
        self.texts += 1
        pieces, events = self._events(stream)
        if events is not None:
            for reading in events:
                self._take(reading)
            return
        scan = Scan(self._knowledge, origin=stream.name, node=stream.node)
        for reading in scan.read(pieces):
            self._take(reading)
        self.lines += scan.lines_read
        self.bytes += scan.bytes_read

    def _events(self, stream: TextStream) -> tuple[Iterator[bytes], Iterator[Reading] | None]:
        """The stream's pieces again, or the readings of its events when it is a list of them."""
        head = next(stream.pieces, b"")
        if head.lstrip()[:1] not in _BEGINS_EVENTS:
            return _again([head], stream.pieces), None
        from diag.symptoms.kube_events import LARGEST_JSON, LARGEST_YAML, events_in, looks_like_events, readings_of

        kind = looks_like_events(head)
        if not kind:
            return _again([head], stream.pieces), None
        parts, size = [head], len(head)
        limit = LARGEST_JSON if kind == "json" else LARGEST_YAML
        for piece in stream.pieces:
            parts.append(piece)
            size += len(piece)
            if size > limit:
                return _again(parts, stream.pieces), None
        data = b"".join(parts)
        events = events_in(data, kind)
        if events is None:
            return iter((data,)), None
        self.bytes += len(data)
        self.lines += data.count(b"\n")
        return iter(()), readings_of(events, matcher_of(self._knowledge), stream.name)

    def _take(self, reading: Reading) -> None:
        self.collector.add(reading)
        for hit in reading.symptom.hits:
            if hit.weight == "benign":
                text, count = self.noise.get(hit.cause, (hit.text, 0))
                self.noise[hit.cause] = (text, count + reading.symptom.count)


def _again(parts: Iterable[bytes], pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield from parts
    yield from pieces
