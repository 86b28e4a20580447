"""What other people's programs put before every line of a paste: quote marks of a mail, line numbers, grep's places."""

from __future__ import annotations

import re
from itertools import pairwise

_QUOTED = re.compile(rb"(?m)^[ \t]{0,3}>(?:[ \t]?>)*[ \t]?")
_FOUND = re.compile(rb"(?m)^(?:/?(?:[\w.@+-]{1,100}/){1,20}[\w.@+-]{1,100}|[\w@+-]{1,100}\.[a-z]{2,5}):\d{1,9}:")
_NUMBERED = re.compile(rb"(?m)^[ \t]{0,8}(\d{1,7})\t")
_MOST_LINES = 20000


def undecorated(data: bytes) -> bytes:
    """The same lines without what stands before each of them; their number stays the same.

    grep's places are taken off only when most lines have one, line numbers only when they count up: a log may begin
    with a number or with a name of its own.
    """
    if data.startswith(b">") or b"\n>" in data or b"\n >" in data:
        data = _QUOTED.sub(b"", data)
    lines = data.count(b"\n") + 1
    if lines > _MOST_LINES:
        return data
    if 2 * sum(1 for _ in _FOUND.finditer(data)) > lines:
        data = _FOUND.sub(b"", data)
    numbers = [int(found[1]) for found in _NUMBERED.finditer(data)]
    if len(numbers) > 1 and all(after == before + 1 for before, after in pairwise(numbers)):
        data = _NUMBERED.sub(b"", data)
    return data
