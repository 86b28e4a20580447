"""What other programs put around and into a text on its way here: taken off before it is cut into messages."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from diag.late import late

_SIDE = "[│┃║╎┆]"
_BOX_LINE = late(rf"(?m)^[ \t]*(?:[\u2500-\u257f][ \t]*)+$|^[ \t]*{_SIDE}[ \t]?|[ \t]*{_SIDE}[ \t]*$")
_ENTITY = late(rb"&(?:amp;){0,3}((?:lt|gt|quot|apos|amp|nbsp|#\d{1,5}|#x[0-9a-fA-F]{1,5});)")
_TAG = late(
    rb"(?i)</?(?:br|pre|code|p|table|tbody|tr|t[dh]|[uo]l|li|span|div|b|strong|em|font)(?:\s[^<>\n]{0,200})?/?>"
)
_SOFT_BREAK = late(rb"=\r?\n")
_NOT_QUOTED_PRINTABLE = late(rb"(?m)=(?![0-9A-F]{2}|\r?\n)|^[^\n]{0,49}=\r?$")
"""An equals sign that is one, or a line that is too short to be broken."""
_QUOTED = late(rb"(?m)^[ \t]{0,3}>(?:[ \t]?>)*[ \t]?")
_FOUND = late(
    rb"(?m)^(?:/?(?:[\w.@+-]{1,100}/){1,20}[\w.@+-]{1,100}|[\w@+-]{1,100}\.[a-z]{2,5}):\d{1,9}:"
    # Not the place that a compiler complains of.
    rb"(?!\d{1,6}: (?:fatal )?(?:error|warning|note): )"
)
_DOUBLED = late(rb'(?m)(?:^|[,;\t])"[^"\n]{0,4000}""')
"""A field of a table (CSV), in which a quotation mark is written twice."""
_DOUBLED_SINGLE = late(rb"(?m)^[ \t]*(?:- )?[A-Za-z]\w*: '(?:[^'\n]|''){0,4000}''")
"""A value of YAML, in which an apostrophe is written twice."""
_NUMBERED = late(rb"(?m)^[ \t]{0,8}(\d{1,7})\t")
_MOST_DECORATED_LINES = 20000


def strip_decoration(data: bytes) -> bytes:
    """The same lines without what is around and in each of them; their number stays the same.

    Quoted-printable mails, frames of terminals, entities of HTML, letters read in another encoding, marks of answers,
    doubled quotes, the places that grep names and line numbers. grep's places are taken off only when most lines have
    one, line numbers only when they count up: a log may begin with a number or with a name of its own.
    """
    if (b"=\n" in data or b"=\r\n" in data) and not _NOT_QUOTED_PRINTABLE.search(data):
        data = _unquoted_printable(data)
    if b"\xe2\x94" in data or b"\xe2\x95" in data:
        data = _BOX_LINE.sub("", data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if (b"&" in data and _ENTITY.search(data)) or b"<br" in data or b"<pre" in data:
        data = _ENTITY.sub(_character, _TAG.sub(b" ", data))
    if b"\xc3\xa2" in data or b"\xc3\x82" in data:
        for wrong, right in _misread():
            data = data.replace(wrong, right)
    if data.startswith(b">") or b"\n>" in data or b"\n >" in data:
        data = _QUOTED.sub(b"", data)
    if b'""' in data and _DOUBLED.search(data):
        data = data.replace(b'""', b'"')
    if b"''" in data and _DOUBLED_SINGLE.search(data):
        data = data.replace(b"''", b"'")
    lines = data.count(b"\n") + 1
    if lines > _MOST_DECORATED_LINES:
        return data
    if 2 * sum(1 for _ in _FOUND.finditer(data)) > lines:
        data = _FOUND.sub(b"", data)
    numbers = [int(found[1]) for found in _NUMBERED.finditer(data)] if b"\t" in data else []
    if len(numbers) > 1 and all(after == before + 1 for before, after in pairwise(numbers)):
        data = _NUMBERED.sub(b"", data)
    return data


def _unquoted_printable(data: bytes) -> bytes:
    """Lines that a mail program broke are whole again; as many empty ones follow as were joined."""
    import quopri

    return b"\n".join(
        quopri.decodestring(line).replace(b"\n", b" ") + b"\n" * len(_SOFT_BREAK.findall(line))
        for line in re.split(rb"(?<!=)(?<!=\r)\n", data)
    )


def _character(entity: re.Match[bytes]) -> bytes:
    import html

    character = html.unescape(f"&{entity[1].decode('ascii')}")
    return b" " if character.isspace() else character.encode("utf-8", "replace")


@cache
def _misread() -> tuple[tuple[bytes, bytes], ...]:
    """Typographic marks in UTF-8 that were read as Windows' or ISO's Latin, and what they were."""
    pairs: dict[bytes, bytes] = {}
    for right in "‘’‚“”„–—…•\u00a0«»":
        raw = right.encode()
        windows = "".join(bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in raw)
        for wrong in (windows, raw.decode("latin-1")):
            pairs[wrong.encode()] = raw
    return tuple(sorted(pairs.items(), key=lambda pair: -len(pair[0])))
