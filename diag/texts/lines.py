"""A text line by line: what each line is, in a few words. A decoder of Lustre's console for people who never saw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from diag.knowledge.messages import Role
from diag.knowledge.runbooks import Knowledge
from diag.model.symptom import ReadLine, TextStream
from diag.model.unavailable import Reason, Unavailable
from diag.sanitize import one_line
from diag.texts.line import normalise, parse_event_row, parse_json_row, read_prefix
from diag.texts.matching import Matcher, build_matcher, filter_by_context
from diag.texts.owner import mentions_lustre
from diag.texts.recognise import error_in, recognise

_MOST_BYTES = 1 << 20
_MOST_LINES = 2000
_LONGEST = 400
_ROLES = {"decisive": Role.CAUSE, "strong": Role.CAUSE, "weak": Role.CONSEQUENCE, "benign": Role.HARMLESS}
NOT_KNOWN = "about Lustre, and not in the message catalogue"


class Recorder:
    """Hands streams on and keeps the first megabyte of them all, so that their lines can be shown afterwards."""

    def __init__(self, streams: Iterable[TextStream]) -> None:
        self._streams = streams
        self._kept: list[tuple[str, list[bytes]]] = []
        self._size = 0
        self._is_cut = False

    def __iter__(self) -> Iterator[TextStream]:
        for stream in self._streams:
            pieces: list[bytes] = []
            self._kept.append((stream.name, pieces))
            yield stream._replace(pieces=self._keep(stream.pieces, pieces))

    @property
    def cut(self) -> tuple[Unavailable, ...]:
        """That lines are missing, once they were asked for and there were too many of them."""
        shown = f"only the first {_MOST_LINES} lines of the first {_MOST_BYTES >> 10} KiB are shown"
        return (
            (Unavailable("further lines", Reason.NOT_ASKED, shown, remedy="give fewer lines"),) if self._is_cut else ()
        )

    def lines(self, knowledge: Knowledge) -> tuple[ReadLine, ...]:
        """What the kept lines are; a line like the one before it is counted with it."""
        found: list[ReadLine] = []
        matcher = build_matcher(knowledge)
        for name, pieces in self._kept:
            text = b"".join(pieces).decode("utf-8", "replace")
            for number, line in enumerate(text.split("\n"), 1):
                if not line.strip():
                    continue
                if len(found) >= _MOST_LINES:
                    self._is_cut = True
                    break
                found.append(_read(line[: 4 * _LONGEST], f"{name}:{number}" if name else str(number), matcher))
        return tuple(found)

    def _keep(self, pieces: Iterator[bytes], kept: list[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._is_cut |= self._size + len(piece) > _MOST_BYTES
            if self._size < _MOST_BYTES:
                kept.append(piece[: _MOST_BYTES - self._size])
                self._size += len(kept[-1])
            yield piece


def _read(line: str, origin: str, matcher: Matcher) -> ReadLine:
    prefix = read_prefix(line)
    body = line[prefix.length :]
    row = parse_json_row(body) if body.startswith("{") else None
    message = normalise(row.message if row is not None else body)
    inner = read_prefix(message)
    prefix, message = inner if inner.source else prefix, message[inner.length :]
    if (event := parse_event_row(message)) is not None:
        message = event.message
    shown = one_line(message, _LONGEST)
    hits = filter_by_context(matcher.match(message).hits, message, asked_about=True)
    known = recognise(message, prefix)
    program = f"{known.program}, {known.component}" if known and known.program != known.component else ""
    program = program or (known.program if known else "")
    versions = known.versions if known else ""
    means = known.means if known else ""
    if means and (error := error_in(message)):
        means = f"{means} ({error})"
    if hits:
        role = _ROLES[hits[0].weight]
        causes = tuple(dict.fromkeys(hit.cause for hit in hits if hit.weight == hits[0].weight))
        means = means if known and known.id else f"a text of {' or '.join(causes)}"
        return ReadLine(origin, shown, role.value, program, means, versions, causes)
    if known is not None:
        causes = (known.cause,) if known.cause else ()
        return ReadLine(origin, shown, known.role.value, program, means, versions, causes)
    return ReadLine(origin, shown, means=NOT_KNOWN if mentions_lustre(message) else "")
