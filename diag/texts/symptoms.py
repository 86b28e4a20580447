"""From texts to symptoms: one text that is in hand, or streams of any size and number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from diag.knowledge.cause import Weight, refines
from diag.knowledge.runbooks import Knowledge
from diag.model.symptom import Hit, Medium, Symptom, TextStream
from diag.model.unavailable import Reason, Unavailable
from diag.sanitize import one_line
from diag.texts.blocks import LONGEST
from diag.texts.grouping import Collector, Group
from diag.texts.line import normalise
from diag.texts.matching import build_matcher
from diag.texts.message import LONGEST_TEXT, Context, Reading, read_message
from diag.texts.mount import find_clues, find_exit_status
from diag.texts.owner import Owner
from diag.texts.scanning import Scan
from diag.texts.translation import to_english

_OPEN_FAILURES = frozenset(
    (
        "mgs-unreachable-network",
        "mgs-down",
        "server-not-ready-race",
        "source-port-rewritten-snat",
        "wrong-mgs-address",
        "claim-pending",
    )
)
"""What one text has as its causes together: a request that nobody answered."""
_MOUNTED, _UNMOUNTED = "Lustre: Mounted ", "Lustre: Unmounted "
_BEGINS_EVENTS = (b"{", b"a", b"k", b"-")
"""First bytes of what kubectl prints as JSON or YAML."""


def match_text(text: str, medium: Medium, knowledge: Knowledge) -> tuple[Symptom, ...]:
    """The symptoms in one text.

    An event's message is one symptom, with its hits or without. Any other text is read as lines: every block that
    shows a signature or speaks of a failed mount is a symptom, in the text's order; equal ones are counted.
    """
    matcher = build_matcher(knowledge)
    if medium is Medium.EVENT:
        message = text[:LONGEST]
        return (read_message(normalise(message), Context(medium, wrapped="\n" in message), matcher).symptom,)
    scan = Scan(knowledge, medium=None if medium is Medium.TEXT else medium)
    collector = Collector(matcher)
    for reading in scan.read(iter((text.encode("utf-8", "replace"),))):
        collector.add(reading)
    return collector.symptoms()


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
    """What was left out."""
    mounted: tuple[str, ...]
    """Names of file systems that were mounted, and not unmounted afterwards."""
    owner: Owner
    """Whose failure all texts are about."""
    unknown: str = ""
    """The one short text that was given, as it was, where nothing in it shows a cause."""


def read_symptoms(streams: Iterable[TextStream], knowledge: Knowledge) -> SymptomReport:
    """Reads every stream and groups the symptoms in them by mount. Memory does not grow with the size of the texts.

    Ctrl-C ends the reading: what was read until then is judged.
    """
    reader = _Reader(knowledge)
    try:
        for stream in streams:
            reader.read(stream)
    except KeyboardInterrupt:
        reader.problems.append(_INTERRUPTED)
    return reader.report()


_INTERRUPTED = Unavailable("the given texts", Reason.TIMEOUT, "interrupted; what was read until then is judged")


class _Reader:
    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._collector = Collector(build_matcher(knowledge))
        self._noise: dict[str, tuple[str, int]] = {}
        self._mounted: dict[str, None] = {}
        self._owners: set[Owner] = set()
        self._texts = self._lines = self._bytes = 0
        self._short_text = ""
        self.problems: list[Unavailable] = []

    def read(self, stream: TextStream) -> None:
        self._texts += 1
        pieces, events = self._events(stream)
        if events is not None:
            self._owners.add(Owner.OPEN)
            for reading in events:
                self._add(reading)
            return
        scan = Scan(self._knowledge, origin=stream.name, node=stream.node)
        for reading in scan.read(pieces):
            self._add(reading)
        if scan.owner is not Owner.OPEN:
            self._collector.forget(stream.name)
        self._owners.add(scan.owner)
        self._short_text = scan.short_text
        self._lines += scan.lines_read
        self._bytes += scan.bytes_read

    def report(self) -> SymptomReport:
        left_out = self._collector.left_out
        too_many = Unavailable(
            "the given texts",
            Reason.GARBLED,
            f"too many different symptoms; {left_out} further ones are not counted",
            remedy="give the log of one node or one day",
        )
        groups, unknown = self._collector.groups(), ""
        # In a shouted text, only what people say is known as it stands: signatures with case have the first word.
        is_known = any(s.hits for group in groups for s in group.symptoms) and not self._short_text.isupper()
        if self._texts == 1 and self._short_text:
            if compared := self._kernels_compared(groups):
                groups = compared
            elif is_known:
                groups = self._refined_by_words(self._refined_by_outputs(groups))
            else:
                unknown = self._short_text
                groups = self._read_loosely(unknown) or groups
        return SymptomReport(
            groups=groups,
            texts_read=self._texts,
            lines_read=self._lines,
            bytes_read=self._bytes,
            benign=tuple(Noise(cause, text, count) for cause, (text, count) in sorted(self._noise.items())),
            problems=(*self.problems, too_many) if left_out else tuple(self.problems),
            mounted=tuple(self._mounted),
            owner=next(iter(self._owners)) if len(self._owners) == 1 else Owner.OPEN,
            unknown="" if any(s.hits for group in groups for s in group.symptoms) else unknown,
        )

    def _kernels_compared(self, groups: tuple[Group, ...]) -> tuple[Group, ...]:
        """The groups and what two commands' outputs say together, where they show the kernel to have no module."""
        if "lustre" not in self._short_text:
            return ()
        from diag.texts.kernels import hits_of_kernels

        if not (hits := hits_of_kernels(self._short_text, self._knowledge)):
            return ()
        mount = groups[0].mount if groups else find_clues(normalise(self._short_text)).mount
        symptom = Symptom(hits[0].text, Medium.TEXT, mount, hits)
        if not groups:
            return (Group(mount, (symptom,)),)
        return (Group(mount, (*groups[0].symptoms, symptom)), *groups[1:])

    def _read_loosely(self, text: str) -> tuple[Group, ...]:
        """The whole text as one symptom, where it shows causes to a tolerant reader."""
        if self._mounted or self._noise:
            return ()
        from diag.texts.by_message import hits_by_message
        from diag.texts.cut import completed_errors, hits_of_cut, hits_with_whole_errors
        from diag.texts.loose import loose_hits
        from diag.texts.outputs import hits_of_outputs
        from diag.texts.prose import IN_WORDS, prose_hits

        given, matcher = text, build_matcher(self._knowledge)
        raw = completed_errors(text)
        text = normalise(raw)
        hits = hits_with_whole_errors(given, raw, matcher) or hits_of_outputs(given, self._knowledge)
        hits = hits or loose_hits(text, self._knowledge)
        hits = hits or hits_of_cut(given, self._knowledge, matcher)
        said = prose_hits(to_english(raw), self._knowledge)
        if hits:
            hits = (*self._refining(said, hits), *hits)
        elif any(hit.signature == IN_WORDS for hit in said):
            hits = said
        else:
            hits = hits_by_message(raw, self._knowledge) or said
        if not hits:
            return ()
        clues = find_clues(text)
        symptom = Symptom(
            one_line(text, LONGEST_TEXT), Medium.TEXT, clues.mount, hits, exit_status=find_exit_status(text)
        )
        return (Group(clues.mount, (symptom,)),)

    def _refined_by_outputs(self, groups: tuple[Group, ...]) -> tuple[Group, ...]:
        """The groups, where the output of a command says which of the many causes of an open failure it is."""
        hits = [hit for group in groups for symptom in group.symptoms for hit in symptom.hits]
        if not all(hit.cause in _OPEN_FAILURES or hit.weight == Weight.WEAK.value for hit in hits):
            return groups
        from diag.texts.outputs import hits_of_outputs

        found = hits_of_outputs(self._short_text, self._knowledge)
        new = tuple(hit for hit in found if all(hit.cause != known.cause for known in hits))
        if not new or len(groups) != 1:
            return groups
        mount = groups[0].mount
        new = tuple(msgspec.structs.replace(hit, weight=Weight.STRONG.value) for hit in new)
        # That nobody answered has its reason then; what else may have it stays possible.
        left = tuple(_with_weight(symptom, Weight.WEAK) for symptom in groups[0].symptoms)
        return (Group(mount, (*left, Symptom(new[0].text, Medium.TEXT, mount, new))),)

    def _refined_by_words(self, groups: tuple[Group, ...]) -> tuple[Group, ...]:
        """The groups, where a person says which of the narrower causes it is that a program's lines leave open."""
        hits = [hit for group in groups for symptom in group.symptoms for hit in symptom.hits]
        if any(hit.weight != Weight.WEAK.value for hit in hits):
            return groups
        from diag.texts.prose import prose_hits

        said = prose_hits(to_english(self._short_text), self._knowledge)
        for number, group in enumerate(groups):
            own = [hit for symptom in group.symptoms for hit in symptom.hits]
            if refining := self._refining(said, own):
                symptom = Symptom(
                    one_line(normalise(self._short_text), LONGEST_TEXT), Medium.TEXT, group.mount, refining
                )
                refined = Group(group.mount, (*group.symptoms, symptom))
                return (*groups[:number], refined, *groups[number + 1 :])
        return groups

    def _refining(self, said: Iterable[Hit], known: Iterable[Hit]) -> tuple[Hit, ...]:
        """What is said that is a special case of what is known: the lines of a program come before a person's words."""
        causes = self._knowledge.causes
        broad = {hit.cause for hit in known}
        return tuple(hit for hit in said if any(refines(causes[hit.cause], cause, causes) for cause in broad))

    def _events(self, stream: TextStream) -> tuple[Iterator[bytes], Iterator[Reading] | None]:
        """The stream's pieces again, or the readings of its events when it is a list of them."""
        head = next(stream.pieces, b"")
        if head.lstrip()[:1] not in _BEGINS_EVENTS:
            return _again([head], stream.pieces), None
        from diag.texts.events import LARGEST_JSON, LARGEST_YAML, looks_like_events, parse_events, read_events

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
        events = parse_events(data, kind)
        if events is None:
            return iter((data,)), None
        self._bytes += len(data)
        self._lines += data.count(b"\n")
        return iter(()), read_events(events, build_matcher(self._knowledge), stream.name)

    def _add(self, reading: Reading) -> None:
        self._collector.add(reading)
        if _UNMOUNTED in reading.symptom.text:
            for name in reading.clues.names:
                self._mounted.pop(name, None)
        elif _MOUNTED in reading.symptom.text:
            self._mounted.update(dict.fromkeys(sorted(reading.clues.names)))
        for hit in reading.symptom.hits:
            if hit.weight == "benign":
                text, count = self._noise.get(hit.cause, (hit.text, 0))
                self._noise[hit.cause] = (text, count + reading.symptom.count)


def _with_weight(symptom: Symptom, weight: Weight) -> Symptom:
    hits = tuple(msgspec.structs.replace(hit, weight=weight.value) for hit in symptom.hits)
    return msgspec.structs.replace(symptom, hits=hits)


def _again(parts: Iterable[bytes], pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield from parts
    yield from pieces
