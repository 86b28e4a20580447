"""A text stream of any size, read once: which of its messages are symptoms.

A short text is read block by block. In a longer one, an automaton first looks in the raw bytes for the words that the
signatures demand, and only the blocks around them are decoded, unwrapped and matched.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache

import msgspec

from diag.grammar.regex import BytesFinder
from diag.knowledge.runbooks import Knowledge, texts_to_find
from diag.late import late
from diag.model.symptom import Medium
from diag.texts.blocks import LONGEST, find_block, find_block_around, is_alone, join_records
from diag.texts.decoration import strip_decoration
from diag.texts.line import (
    Prefix,
    Row,
    normalise,
    parse_described_pod,
    parse_event_row,
    parse_json_row,
    parse_moment,
    read_prefix,
)
from diag.texts.matching import build_matcher
from diag.texts.message import LONGEST_TEXT, Context, Reading, read_message
from diag.texts.order import precursor_of, precursor_words
from diag.texts.owner import CLIENT, LUSTRE, Owner, is_of_server, mentions_lustre, owner_of

_PIECE = 1 << 20
_PASTE = 1 << 20
"""A text up to this size is read block by block; of a longer one only the places that hold a signature's words."""
_SHORT = 8 << 10
"""A text up to this size is what somebody asks about, not a log to be searched."""


class Scan:
    """One pass over one stream. Memory does not grow with the stream."""

    def __init__(self, knowledge: Knowledge, *, origin: str = "", node: str = "", medium: Medium | None = None) -> None:
        self._knowledge = knowledge
        self._origin = origin
        self._reader = _BlockReader(knowledge, origin=origin, node=node, medium=medium)
        self._line = 1
        self._counted = 0
        self.bytes_read = 0
        self.lines_read = 0
        self.short_text = ""
        """The whole text, where it is so short that somebody asks about just this."""

    @property
    def owner(self) -> Owner:
        """Whose failure the text is about."""
        return self._reader.owner

    def read(self, pieces: Iterator[bytes]) -> Iterator[Reading]:
        """The symptoms of a stream given in pieces, in order, with readings that only name a mount between them."""
        head, rest = _head(pieces)
        self.bytes_read += len(head)
        if rest is None:
            head = strip_decoration(head)
            self._reader.pasted = True
            self._reader.owner = owner_of(normalise(head.decode("utf-8", "replace")))
            if len(head) <= _SHORT and self.owner is Owner.OPEN:
                self.short_text = head.decode("utf-8", "replace")
            self._reader.asked_about = bool(self.short_text) or self._is_named_lustre()
            yield from self._every_block(head)
        else:
            self._reader.asked_about = self._is_named_lustre()
            yield from self._found_blocks(_joined(head, rest))
        self.lines_read = self._line - 1 if self._at_line_start else self._line

    _at_line_start = True

    def _is_named_lustre(self) -> bool:
        return bool(self._origin) and mentions_lustre(self._origin)

    def _every_block(self, data: bytes) -> Iterator[Reading]:
        place = 0
        short = len(data) <= _SHORT
        while place < len(data):
            block = find_block(data, place, over_blanks=short)
            self._count(data, block.start)
            text = data[block.start : block.end]
            self._reader.is_one_of_many = place > 0 or block.next < len(data)
            if self._reader.may_speak(text) or self._reader.may_precede(text):
                yield from self._read(text, block.lines)
            place = block.next
        self._count(data, len(data))
        self._at_line_start = data.endswith(b"\n") or not data

    def _found_blocks(self, pieces: Iterator[bytes]) -> Iterator[Reading]:
        self._reader.is_one_of_many = True
        finder = _signature_words(self._knowledge)
        clients = _client_finder()
        of_server = of_client = False
        data = b""
        floor = start = 0
        crowd = _Crowd()
        for piece, last in _marked(pieces):
            self.bytes_read += len(piece)
            data += piece
            of_client = of_client or clients.next(data, 0, len(data)) >= 0
            end = len(data) if last else max(0, len(data) - LONGEST)
            place = max(floor, start)
            while place < end:
                place = finder.next(data, place, len(data))
                if place < 0 or place >= end:
                    break
                block = find_block_around(data, place, floor)
                floor = place = max(block.next, place + 1)
                text = data[block.start : block.end]
                if _CONSOLE.search(text) is None:
                    if self._reader.may_speak(text) or self._reader.may_precede(text):
                        self._count(data, block.start)
                        yield from self._read(text, block.lines)
                    continue
                self._count(data, block.start)
                if not crowd.takes(text, self._line, block.lines):
                    for reading in self._read(text, block.lines):
                        crowd.heard(reading)
                        of_server = of_server or is_of_server(reading.symptom.text)
                        yield reading
                if block.lines == 1:
                    floor = place = self._pass_over(data, block.next, end, crowd)
            start = max(floor, end)
            keep = max(0, end - LONGEST)
            self._count(data, keep)
            if last:
                self._count(data, len(data))
                self._at_line_start = data.endswith(b"\n")
            data = data[keep:]
            self._counted -= keep
            floor, start = max(0, floor - keep), start - keep
        if of_server and not of_client:
            self._reader.owner = Owner.SERVER
            return
        for like in crowd.last_ones():
            latest = self._reader.read_again(like.last, like.line, like.lines, like.reading)
            if latest is not None:
                symptom = msgspec.structs.replace(latest.symptom, count=latest.symptom.count + like.more - 1)
                yield latest._replace(symptom=symptom)

    def _pass_over(self, data: bytes, place: int, end: int, crowd: _Crowd) -> int:
        """Where the console's lines end, from a place on, that are held back: each is a block of its own."""
        while place < end:
            line_end = data.find(b"\n", place, end)
            if line_end < 0 or not is_alone(data, place, line_end, line_end + 1):
                break
            line = data[place:line_end]
            self._count(data, place)
            if _CONSOLE.search(line) is None or not crowd.takes(line, self._line, 1, only_known=True):
                break
            place = line_end + 1
            self._line, self._counted = self._line + 1, place
        return place

    def _read(self, block: bytes, lines: int) -> Iterator[Reading]:
        reading = self._reader.read(block, self._line, lines)
        if reading is not None:
            yield reading

    def _count(self, data: bytes, end: int) -> None:
        if end > self._counted:
            self._line += data.count(b"\n", self._counted, end)
            self._counted = end


class _Alike:
    """Lines of the kernel's log that differ in nothing but numbers that say little."""

    __slots__ = ("last", "line", "lines", "more", "reading")

    def __init__(self) -> None:
        self.more = self.line = self.lines = 0
        self.last = b""
        self.reading: Reading | None = None
        """Of the first of them, where it says something and shows no cause: the last one then says no more."""


class _Words:
    """Lines that have their words in common.

    Each error in them is a kind of its own; so is each file system and server, where such a line showed a cause.
    """

    __slots__ = ("is_explained", "kinds")

    def __init__(self) -> None:
        self.kinds: dict[bytes, _Alike] = {}
        self.is_explained = False

    def held_back(self) -> list[_Alike]:
        """The last of each kind; of lines that show no cause one for all of them, if they say anything."""
        kinds = [kind for kind in self.kinds.values() if kind.more]
        if self.is_explained or not kinds:
            return kinds
        last = max(kinds, key=lambda kind: kind.line)
        last.more = sum(kind.more for kind in kinds)
        return [last] if last.reading is not None else []


class _Crowd:
    """Holds back lines of Lustre's console that say again what others said: the first of them is read, and the
    last one for all that came between. A busy server prints a hundred thousand of them a day."""

    def __init__(self) -> None:
        self._words: dict[bytes, _Words] = {}
        self._latest = _Words()
        self._latest_kind = _Alike()

    def takes(self, block: bytes, line: int, lines: int, *, only_known: bool = False) -> bool:
        """Whether this block of the console need not be read now; with `only_known`, a new one is left for later."""
        key = block.translate(None, _NUMBERS)
        words = self._words.get(key)
        if words is None:
            if only_known or len(self._words) >= _MOST_KINDS:
                return False
            words = self._words[key] = _Words()
        errors = b"".join(_ERROR.findall(block))
        names = [
            block[at - before : at + after] for mark, before, after in _NAMES if (at := block.find(mark)) >= before
        ]
        kind = words.kinds.get(b"".join((errors, *names)))
        if kind is None and not words.is_explained and len(words.kinds) >= _MOST_OF_UNEXPLAINED:
            names = []
            kind = words.kinds.get(errors)
        if kind is None:
            if only_known:
                return False
            self._latest = words
            if len(words.kinds) < _MOST_OF_WORDS:
                words.kinds[b"".join((errors, *names))] = self._latest_kind = _Alike()
                return False
            kind = words.kinds.setdefault(b"", _Alike())
        kind.more += 1
        kind.last, kind.line, kind.lines = block, line, lines
        return True

    def heard(self, reading: Reading) -> None:
        """What the block said that was not held back."""
        if reading.symptom.hits or reading.against:
            self._latest.is_explained = True
        else:
            self._latest_kind.reading = reading

    def last_ones(self) -> list[_Alike]:
        """The last of each kind that was held back, in the order of the text."""
        held_back = (kind for words in self._words.values() for kind in words.held_back())
        return sorted(held_back, key=lambda kind: kind.line)


_NUMBERS = b"0123456789abcdefx "
"""In decimal and hexadecimal, and the blanks that fill them up."""
_MOST_KINDS = 10_000
_MOST_OF_WORDS, _MOST_OF_UNEXPLAINED = 12, 2
_CONSOLE = late(rb"(?:Lustre|LNet)(?:Error)?: ")
_ERROR = late(rb"[ (]-[1-9]\d{0,2}\b")
_NAMES = ((b"-MDT", 8, 0), (b"-OST", 8, 0), (b"-client", 8, 0), (b"MGC", 0, 18))
"""What stands before or at one of these marks, in bytes before and after its beginning, says more than a number does:
names of file systems, the management server's address."""


def _head(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes] | None]:
    """The first megabyte, and the rest when there is more."""
    parts: list[bytes] = []
    size = 0
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size > _PASTE:
            return b"".join(parts), pieces
    return b"".join(parts), None


def _joined(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    parts: list[bytes] = []
    size = 0
    for piece in rest:
        parts.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)


def _marked(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each piece with whether it is the last."""
    held: bytes | None = None
    for piece in pieces:
        if held is not None:
            yield held, False
        held = piece
    if held is not None:
        yield held, True


_MOST_REMEMBERED = 2000
_LONGEST_PREFIX = 400
_KERNEL_WORDS = late(r"(?:Lustre|LustreError|LNet|LNetError|LDISKFS-fs|libcfs|sysfs)(?:\[\d+\])?: ")
_COMMAND_WORDS = late(
    r"(?:mount\.lustre|mount|umount|modprobe|insmod|ls|cat|touch|dd|df|lfs|lctl|lnetctl|E|ERROR)(?:\[\d+\])?: "
)
_EVENT_WORDS = late(r"(?:Mount|Unmount|Attach)Volume\.|Failed(?:Mount|Attach|Schedul)|ProvisioningFailed")
_LEADING_COLOUR = late(r"\A(?:\x1b\[[0-9;]{0,16}m)+")


class _BlockReader:
    """Reads the blocks of one stream in order; what one block says of the pod and node holds for those after it."""

    def __init__(self, knowledge: Knowledge, *, origin: str, node: str, medium: Medium | None) -> None:
        self.asked_about = False
        """Somebody asks about just this text, or its name says that it is about Lustre."""
        self.owner = Owner.OPEN
        """Whose failure the whole text is about; known of a pasted text alone."""
        self.pasted = False
        """The text may have gone through a terminal, so that lines may be broken inside words."""
        self.is_one_of_many = False
        """The block has others beside it, so that what it says may come before or after them."""
        self._origin = origin
        self._node = node
        self._medium = medium
        self._knowledge = knowledge
        self._matcher = build_matcher(knowledge)
        self._pod = ""
        self._pod_node = ""
        self._remembered: dict[tuple[str, str, str], Reading | None] = {}

    def may_speak(self, block: bytes) -> bool:
        """Whether a block is worth reading: in a log, a text not about Lustre counts only when it names its cause."""
        if self.owner is not Owner.OPEN:
            return False
        return self.asked_about or _telling_words(self._knowledge).next(block, 0, len(block)) >= 0

    def may_precede(self, block: bytes) -> bool:
        """Whether a block may explain the loss of a connection in another one."""
        return self.is_one_of_many and self.owner is Owner.OPEN and _precursor_finder().next(block, 0, len(block)) >= 0

    def read(self, block: bytes, line: int, lines: int) -> Reading | None:
        """The reading of one block, None when it says nothing. `line` is where it begins, 1-based."""
        text = block.decode("utf-8", "replace")
        if "\x1b" in text[:64]:
            text = _LEADING_COLOUR.sub("", text)
        prefix = read_prefix(text)
        body = text[prefix.length :]
        if prefix.csv:
            body = body.rstrip().removesuffix('"').replace('""', '"')
        key = (body, prefix.node, self._pod)
        if key in self._remembered:
            known = self._remembered[key]
        else:
            known = self._read(body, prefix, lines, may_precede=self.may_precede(block))
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            if len(body) <= LONGEST_TEXT:
                self._remembered[key] = known
        if known is None:
            return None
        return self._place(known, prefix, line)

    def read_again(self, block: bytes, line: int, lines: int, known: Reading | None) -> Reading | None:
        """The reading of a block that says what another one said, where that reading is known: at its own time."""
        if known is None:
            return self.read(block, line, lines)
        return self._place(known, read_prefix(block[:_LONGEST_PREFIX].decode("utf-8", "replace")), line)

    def _read(self, body: str, prefix: Prefix, lines: int, *, may_precede: bool) -> Reading | None:
        body = join_records(body) if lines > 1 else body
        row: Row | None = None
        if body.startswith("{"):
            row, prefix, body = _unwrap(body, prefix)
        message = normalise(body)
        described = parse_described_pod(message) if message.startswith("Name: ") else None
        if described is not None:
            self._pod, self._pod_node = described
        table = parse_event_row(message) if row is None else None
        if table is not None:
            message = table.message
        row = table or row or Row(message)
        context = Context(
            medium=self._medium or _medium_of(message, prefix, row, is_event=table is not None),
            node=row.node or prefix.node or self._node or self._pod_node,
            pod=row.pod or self._pod,
            reason=row.reason,
            times=row.times,
            first_seen=row.time,
            last_seen=row.time,
            asked_about=self.asked_about,
            wrapped=lines > 1 and self.pasted,
        )
        reading = read_message(message, context, self._matcher)
        if may_precede and (kind := precursor_of(f"{row.reason}: {message}" if row.reason else message)):
            return reading._replace(precursor=kind)
        if not reading.significant and not reading.symptom.hits and not reading.clues.names and not reading.against:
            return None
        return reading

    def _place(self, known: Reading, prefix: Prefix, line: int) -> Reading:
        """A reading, which may be of an earlier block with the same message, at the block's own time and line."""
        time = prefix.time or known.symptom.first_seen
        origin = f"{self._origin}:{line}" if self._origin else f"line {line}"
        symptom = msgspec.structs.replace(known.symptom, first_seen=time, last_seen=time, origin=origin)
        moment = parse_moment(time, prefix.uptime, self._origin)
        return known._replace(symptom=symptom, moment=moment, stream=self._origin, line=line)


def _unwrap(body: str, prefix: Prefix) -> tuple[Row | None, Prefix, str]:
    """A JSON record's fields, what comes before its message, and the message with the lines that go on with it."""
    record, _, further = body.partition("\n")
    row = parse_json_row(record)
    if row is None:
        return None, prefix, body
    within = read_prefix(row.message)
    row = row._replace(time=row.time or within.time, node=row.node or within.node)
    return row, within._replace(node=within.node or prefix.node), f"{row.message[within.length :]}\n{further}"


def _medium_of(message: str, prefix: Prefix, row: Row, *, is_event: bool) -> Medium:
    if is_event:
        return Medium.EVENT
    if prefix.kernel or row.program == "kernel" or _KERNEL_WORDS.match(message):
        return Medium.KERNEL_LOG
    if prefix.klog or row.program:
        return Medium.DRIVER_LOG
    if _EVENT_WORDS.match(message):
        return Medium.EVENT
    if _COMMAND_WORDS.match(message):
        return Medium.COMMAND_OUTPUT
    return Medium.TEXT


# --- words to look for in raw bytes, before anything is decoded: most of a log holds none of them

# Besides the signatures' own words: what names Lustre or a mount, and failures that no signature explains.
_ALWAYS = (
    "lustre",
    "lneterror",
    "mount failed: exit status",
    "could not mount",
    "mountvolume.setup failed",
    "mountvolume.mountdevice failed",
    "provisioningfailed",
)


@lru_cache(maxsize=4)
def _signature_words(knowledge: Knowledge) -> BytesFinder:
    """Finds the places where a signature may match or a mount is named."""
    return BytesFinder(map(_pattern, (*_ALWAYS, *texts_to_find(knowledge), *precursor_words())))


@lru_cache(maxsize=4)
def _telling_words(knowledge: Knowledge) -> BytesFinder:
    """Finds what speaks of Lustre, and the places where a decisive signature may match."""
    return BytesFinder((LUSTRE.encode(), *map(_pattern, texts_to_find(knowledge, decisive_only=True))))


@cache
def _client_finder() -> BytesFinder:
    """Finds the texts that only a client prints, or whoever mounts for it."""
    return BytesFinder((CLIENT.encode(),))


@cache
def _precursor_finder() -> BytesFinder:
    """Finds the places where something may be that explains a loss after it."""
    return BytesFinder(map(_pattern, precursor_words()))


def _pattern(text: str) -> bytes:
    return rb"\s+".join(_escaped(word) for word in text.split(" "))


def _escaped(word: str) -> bytes:
    return b"".join(
        bytes((byte,)) if byte < 128 and chr(byte).isalnum() else b"\\x{%02x}" % byte for byte in word.encode()
    )
