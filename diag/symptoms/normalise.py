"""A text as signatures see it: one line, single blanks, no colours, no control characters, quoting undone."""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)|[@-Z\\-_])")
_BARE_COLOUR = re.compile(r"\^\[\[[0-9;]{0,32}m|#033\[[0-9;]{0,32}m")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_BLANKS = re.compile(r"[\s\xa0]+")
# One level of quoting as JSON, klog and Go's %q write it, and rsyslog's own form of a line break.
_QUOTED = re.compile(r"\\+(?:[nrt]|[\"'/]|u00(?:3c|3e|26|22|27|0a))|#012|#011", re.IGNORECASE)
_UNQUOTED = {"n": " ", "r": " ", "t": " ", '"': '"', "'": "'", "/": "/"}
_UNQUOTED |= {"u003c": "<", "u003e": ">", "u0026": "&", "u0022": '"', "u0027": "'", "u000a": " "}
_CURLY = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "…": "..."})


def normalise(text: str) -> str:
    """The text on one line: colours and control characters gone, one level of quoting undone, blanks single."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "[" in text and ("^[" in text or "#033" in text):
        text = _BARE_COLOUR.sub("", text)
    if "\\" in text or "#01" in text:
        text = _QUOTED.sub(_unquote, text)
    if not text.isascii():
        text = text.translate(_CURLY)
    return _BLANKS.sub(" ", _CONTROL.sub(" ", text)).strip()


def without_blanks(text: str) -> str:
    """A normalised text with all blanks taken out: what a wrap in the middle of a word cannot change."""
    return text.replace(" ", "")


def _unquote(match: re.Match[str]) -> str:
    token = match.group()
    if token[0] == "#":
        return " "
    return _UNQUOTED.get(token.lstrip("\\").lower(), token)
