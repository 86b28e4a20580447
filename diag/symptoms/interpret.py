"""One block of a stream as a reading: its wrappings taken off, its medium told, its repeats remembered."""

from __future__ import annotations

import re

import msgspec

from diag.knowledge.runbooks import Knowledge
from diag.model.symptom import Medium, Symptom
from diag.symptoms.context import in_context, speaks_of_lustre
from diag.symptoms.continuation import rejoined
from diag.symptoms.matcher import matcher_of
from diag.symptoms.mount import clues_of, exit_status_of, phase_of
from diag.symptoms.normalise import normalise
from diag.symptoms.prefix import Prefix, read_prefix
from diag.symptoms.rows import Row, described_pod, event_row, json_row
from diag.symptoms.symptom_of import LONGEST_TEXT, Reading, is_telling
from diag.symptoms.time import moment_of
from diag.symptoms.words import decisive_words, lustre_words

_MOST_REMEMBERED = 2000
_KERNEL_WORDS = re.compile(r"(?:Lustre|LustreError|LNet|LNetError|LDISKFS-fs|libcfs|sysfs)(?:\[\d+\])?: ")
_COMMAND_WORDS = re.compile(
    r"(?:mount\.lustre|mount|umount|modprobe|insmod|ls|cat|touch|dd|df|lfs|lctl|lnetctl|E|ERROR)(?:\[\d+\])?: "
)
_EVENT_WORDS = re.compile(r"(?:Mount|Unmount|Attach)Volume\.|Failed(?:Mount|Attach|Schedul)|ProvisioningFailed")


class Interpreter:
    """Reads the blocks of one stream in order; what one block says of the pod and node holds for those after it."""

    def __init__(self, knowledge: Knowledge, *, origin: str = "", node: str = "", medium: Medium | None = None) -> None:
        self.origin = origin
        self.node = node
        self.medium = medium
        self.asked_about = False
        """Somebody asks about just this text."""
        self.pasted = False
        """The text may have gone through a terminal, so that lines may be broken inside words."""
        self._knowledge = knowledge
        self._matcher = matcher_of(knowledge)
        self._pod = ""
        self._pod_node = ""
        self._remembered: dict[tuple[str, str, str], Reading | None] = {}
        self._named_lustre = bool(self.origin) and speaks_of_lustre(self.origin)

    def interpret(self, block: bytes, line: int, lines: int) -> Reading | None:
        """The reading of one block, None when it says nothing. `line` is where it begins, 1-based."""
        if not self._may_speak(block):
            return None
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
            known = self._read(body, prefix, lines)
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            if len(body) <= LONGEST_TEXT:
                self._remembered[key] = known
        if known is None:
            return None
        return self._placed(known, prefix, line)

    def _may_speak(self, block: bytes) -> bool:
        """In a log, a text that is not about Lustre counts only when it names its cause."""
        if self.asked_about or self._named_lustre:
            return True
        words = (lustre_words(), decisive_words(self._knowledge))
        return any(finder.next(block, 0, len(block)) >= 0 for finder in words)

    def _read(self, body: str, prefix: Prefix, lines: int) -> Reading | None:
        body = rejoined(body) if lines > 1 else body
        row: Row | None = None
        if body.startswith("{"):
            row, prefix, body = _unwrapped(body, prefix)
        flat = normalise(body)
        described = described_pod(flat) if flat.startswith("Name: ") else None
        if described is not None:
            self._pod, self._pod_node = described
        table = event_row(flat) if row is None else None
        if table is not None:
            phase = phase_of(flat)
            flat = table.message
        else:
            phase = phase_of(flat)
        row = table or row or Row(flat)
        node = row.node or prefix.node or self.node or self._pod_node
        clues = clues_of(flat, node=node, pod=row.pod or self._pod)
        asked_about = self.asked_about or self._named_lustre
        wrapped = lines > 1 and self.pasted
        found = self._matcher.matches(flat, wrapped=wrapped)
        symptom = Symptom(
            text=flat if len(flat) <= LONGEST_TEXT else flat[:LONGEST_TEXT] + "…",
            medium=self.medium or _medium_of(flat, prefix, row, is_event=table is not None),
            mount=clues.mount,
            hits=in_context(found.hits, flat, asked_about=asked_about),
            phase=phase,
            exit_status=exit_status_of(flat),
            count=row.times,
            first_seen=row.time,
            last_seen=row.time,
        )
        telling = is_telling(symptom, about_lustre=asked_about or speaks_of_lustre(flat))
        if not telling and not symptom.hits and not clues.names and not found.against:
            return None
        return Reading(symptom, clues, telling, against=found.against, wrapped=wrapped)

    def _placed(self, known: Reading, prefix: Prefix, line: int) -> Reading:
        symptom = known.symptom
        time = prefix.time or symptom.first_seen
        origin = f"{self.origin}:{line}" if self.origin else f"line {line}"
        placed = msgspec.structs.replace(symptom, first_seen=time, last_seen=time, origin=origin)
        moment = moment_of(time, prefix.uptime, self.origin)
        return known._replace(symptom=placed, moment=moment, stream=self.origin)


def _unwrapped(body: str, prefix: Prefix) -> tuple[Row | None, Prefix, str]:
    """A JSON record's fields, what stands before its message, and the message with the lines that go on with it."""
    record, _, further = body.partition("\n")
    row = json_row(record)
    if row is None:
        return None, prefix, body
    within = read_prefix(row.message)
    row = row._replace(time=row.time or within.time, node=row.node or within.node)
    return row, within._replace(node=within.node or prefix.node), f"{row.message[within.length :]}\n{further}"


_LEADING_COLOUR = re.compile(r"\A(?:\x1b\[[0-9;]{0,16}m)+")


def _medium_of(flat: str, prefix: Prefix, row: Row, *, is_event: bool) -> Medium:
    if is_event:
        return Medium.EVENT
    if prefix.kernel or row.program == "kernel" or _KERNEL_WORDS.match(flat):
        return Medium.KERNEL_LOG
    if prefix.klog or (row is not None and row.program):
        return Medium.DRIVER_LOG
    if _EVENT_WORDS.match(flat):
        return Medium.EVENT
    if _COMMAND_WORDS.match(flat):
        return Medium.COMMAND_OUTPUT
    return Medium.TEXT
