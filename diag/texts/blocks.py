"""Where one message ends and the next begins: lines with their continuation lines, in raw bytes.

A block is one message; `join_records` puts one together that a container runtime wrote as several records.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from diag.late import late

LONGEST = 16 << 10
"""Bytes of one block at most; what is longer is cut."""
_MOST_LINES = 64

_START = late(
    rb"""(?:\x1b\[[0-9;]{0,16}m)*(?:
        \d{4}[-/]\d\d[-/]\d\d[T\ ]\d\d:\d\d:\d\d
      | [A-Z][a-z]{2}\ [\ \d]\d\ \d\d:\d\d:\d\d
      | \d\d:\d\d:\d\d[\s.]
      | (?:<\d{1,3}>|\w{1,8}\ *:\w{1,8}\ *:\ )?\[\ *(?:\d{1,10}\.\d{3,9}|[A-Z][a-z]{2}\ [A-Z][a-z]{2}\ [\ \d]\d\ \d\d:\d\d:\d\d\ \d{4})\]
      | [IWEF]\d{4}\ \d\d:\d\d:\d\d
      | \[pod/
      | \d{13},
      | (?:MESSAGE|__REALTIME_TIMESTAMP|__CURSOR)=
      | \{"
      | [ \t]{0,8}(?:Warning|Normal)[ \t]{1,16}[A-Z]\w{2,40}\s
      | (?:\S{1,253}[ \t]{1,64})?(?:<unknown>|[0-9][0-9smhdy]{0,12})(?:\ \(x\d{1,9}\ over\ \w{1,16}\))?[ \t]{1,32}(?:Warning|Normal)\s
      | [\ \t]{0,8}(?:mount\.lustre|mount|umount|modprobe|insmod|touch|ls|cat|cp|mv|rm|dd|df|stat|tee|bash|sh|lfs|lctl|lnetctl|mkdir|chown|chmod|LustreError|Lustre|LNet|LNetError|LDISKFS-fs|libcfs|sysfs|ERROR|FATAL|Error|error|WARNING|E|W)(?:\[\d{1,10}\])?:\ ?
      | (?:MountVolume|UnmountVolume|AttachVolume)\.\w
    )""",  # noqa: E501
    re.VERBOSE,
)
_CRI = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}(?:Z|[+-]\d\d:\d\d) (?:stdout|stderr) [FP] "
_JSON = r"\{\"log\": ?\""
# How the lines go on that the mount library and mount.lustre print after their first, and klog's closing bracket.
_GOES_ON = (
    r"(?:\\t|[ \t]|Mounting (?:command|arguments): |Unmounting arguments: |Output: |This may have multiple causes"
    r"|Is (?:the|')|Are the |Check |If upgrading, |Note 'alias |>(?:\\n|\n|$))"
)
# A record that goes on with the message of the one before it.
_CONTINUES = late(f"(?:{_CRI}|{_JSON}){_GOES_ON}".encode())
_RECORD = late(_CRI)
_HANGING = late(rb"(?:Output|STDERR|STDOUT|stderr|stdout|desc =|error|err)\s?[:=]?\s*\Z")
_MAY_HANG = b"rtTRD=: \t\r\v\f"
"""Bytes with which a line ends that hangs."""
_DAY = late(rb"([A-Z][a-z]{2} [ \d]\d |(\d{4}-\d\d-\d\dT\d\d:))")
_BLANK_LINE = late(rb"[ \t\r\x00]*\Z")


class Block(NamedTuple):
    """One message in a buffer: data[start:end], continuation lines included."""

    start: int
    end: int
    """Offset after the last line's text (its line break not included)."""
    next: int
    """Where the text after it begins."""
    lines: int


def find_block(data: bytes, start: int, *, over_blanks: bool = False) -> Block:
    """The block whose first line begins at `start`. A blank line ends it, unless `over_blanks`."""
    limit = min(len(data), start + LONGEST)
    end, following = _line_end(data, start, limit)
    if is_alone(data, start, end, following):
        return Block(start, end, following, 1)
    lines = 1
    while following < limit and lines < _MOST_LINES:
        line_end, after = _line_end(data, following, limit)
        line = data[following : min(line_end, following + 512)]
        if (_BLANK_LINE.match(line) and not over_blanks) or (
            _begins(line) and not _HANGING.search(data[max(start, end - 64) : end])
        ):
            break
        end, following = line_end, after
        lines += 1
    return Block(start, end, following, lines)


def find_block_around(data: bytes, place: int, floor: int) -> Block:
    """The block that holds the byte at `place` and begins at `floor` or later."""
    first = _line_start(data, place, floor)
    end, following = _line_end(data, first, min(len(data), first + LONGEST))
    if is_alone(data, first, end, following):
        return Block(first, end, following, 1)
    start = first
    for _ in range(_MOST_LINES):
        if start <= floor or _begins(data[start : start + 512]):
            break
        above = _line_start(data, start - 1, max(floor, place - LONGEST))
        if _BLANK_LINE.match(data[above : start - 1][:512]) or place - above >= LONGEST:
            break
        start = above
    block = find_block(data, start)
    return block if block.next > place else find_block(data, first)


def is_alone(data: bytes, start: int, end: int, following: int) -> bool:
    """Whether a line and the next begin with a stamp of the same day: most of a node's log, without further trial."""
    found = _DAY.match(data, start)
    if found is None or not data.startswith(found[1], following):
        return False
    if data[end - 1] in _MAY_HANG and _HANGING.search(data[max(start, end - 16) : end]):
        return False
    return found[2] is None or not (_CONTINUES.match(data, following) or _CONTINUES.match(data, start))


def _begins(line: bytes) -> bool:
    return _START.match(line) is not None and _CONTINUES.match(line) is None


def _line_start(data: bytes, place: int, floor: int) -> int:
    lowest = max(floor, place - LONGEST // 2)
    found = data.rfind(b"\n", lowest, place)
    return lowest if found < 0 else found + 1


def _line_end(data: bytes, start: int, limit: int) -> tuple[int, int]:
    found = data.find(b"\n", start, limit)
    return (limit, limit) if found < 0 else (found, found + 1)


def join_records(block: str) -> str:
    """A block of records as the one message they were: the first record as it is, the others' text alone."""
    first, *others = block.split("\n")
    return "\n".join((first, *map(_text_of, others)))


def _text_of(record: str) -> str:
    if found := _RECORD.match(record):
        return record[found.end() :]
    if record.startswith('{"log":'):
        try:
            fields: Any = msgspec.json.decode(record)
        except (msgspec.DecodeError, RecursionError):
            return record
        if isinstance(fields, dict) and isinstance(fields.get("log"), str):
            return str(fields["log"]).rstrip("\n")
    return record
