"""Where one message ends and the next begins: log lines with their continuation lines, in raw bytes."""

from __future__ import annotations

import re
from typing import NamedTuple

from diag.symptoms.continuation import CONTINUES

LONGEST = 16 << 10
"""Bytes of one block at most; what is longer is cut."""
_MOST_LINES = 64

_START = re.compile(
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
_HANGING = re.compile(rb"(?:Output|STDERR|STDOUT|stderr|stdout|desc =|error|err)\s?[:=]?\s*\Z")
_BLANK_LINE = re.compile(rb"[ \t\r\x00]*\Z")


class Block(NamedTuple):
    """One message in a buffer: data[start:end], continuation lines included."""

    start: int
    end: int
    """Offset after the last line's text (its line break not included)."""
    next: int
    """Where the text after it begins."""
    lines: int


def block_at(data: bytes, start: int, *, over_blanks: bool = False) -> Block:
    """The block whose first line begins at `start`. A blank line ends it, unless `over_blanks`."""
    limit = min(len(data), start + LONGEST)
    end, following = _line_end(data, start, limit)
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


def block_around(data: bytes, place: int, floor: int) -> Block:
    """The block that holds the byte at `place` and begins at `floor` or later."""
    first = _line_start(data, place, floor)
    start = first
    for _ in range(_MOST_LINES):
        if start <= floor or _begins(data[start : start + 512]):
            break
        above = _line_start(data, start - 1, max(floor, place - LONGEST))
        if _BLANK_LINE.match(data[above : start - 1][:512]) or place - above >= LONGEST:
            break
        start = above
    block = block_at(data, start)
    return block if block.next > place else block_at(data, first)


def _begins(line: bytes) -> bool:
    return _START.match(line) is not None and CONTINUES.match(line) is None


def _line_start(data: bytes, place: int, floor: int) -> int:
    lowest = max(floor, place - LONGEST // 2)
    found = data.rfind(b"\n", lowest, place)
    return lowest if found < 0 else found + 1


def _line_end(data: bytes, start: int, limit: int) -> tuple[int, int]:
    found = data.find(b"\n", start, limit)
    return (limit, limit) if found < 0 else (found, found + 1)
