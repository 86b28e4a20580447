"""Makes text of strangers safe to show: names, event messages, answers, exceptions.

Nothing in the result moves a cursor, recolours a line, reverses a word, or is a command to the CI system that reads it.
"""

from __future__ import annotations

import re

from diag.late import late
from diag.secret_filter import without_credentials

LINE = 300
"""Characters that `one_line` keeps unless told otherwise."""

_BREAKS = late(r"[\t\n\v\f\r\x85\u2028\u2029]")
_CONTROLS = "\\x00-\\x1f\\x7f-\\x9f"
_BIDI = "\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069"
_NO_CHARACTER = "\\ud800-\\udfff\\ue000-\\uf8ff\\ufdd0-\\ufdef\\ufffe\\uffff\\U000e0000-\\U0010ffff"
"""Surrogates, private use, tags and noncharacters: no font shows them, some terminals act on them."""
_TAGS = "\U000e0000"
_UNSAFE = late(f"[{_CONTROLS}{_BIDI}{_NO_CHARACTER}]")
_UNSAFE_IN_JSON = late(f"[\\x7f-\\x9f{_BIDI}\\u2028\\u2029]")

_ASCII = {
    "✓": "+", "✗": "x", "╳": "x", "│": "|", "┆": ":", "…": "...", "“": '"', "”": '"', "‘": "'", "’": "'", "–": "-",
    "—": "-", "→": "->", "×": "x", "·": "-", "≥": ">=", "≤": "<=", "\xa0": " ",
}  # fmt: skip

_WORKFLOW_COMMAND = late(r"(?<!\S):(?=:[A-Za-z][\w-]*(?:\s|::|$))")
"""`::error::`, where a line begins with it or could after wrapping. Source: actions/runner, ActionCommand.cs."""
_LOGGING_COMMAND = late(r"#(?=#(?:[a-z]+)?\[)")
"""`##vso[…]`, `##teamcity[…]`, `##[…]`, which count anywhere in a line. Source: microsoft/azure-pipelines-agent,
Command.cs; actions/runner, ActionCommand.cs; TeamCity documentation, service messages."""


def visible(text: str) -> str:
    """The text on one line, letter by letter: breaks become blanks, what is not safe is shown by its number."""
    # What Python calls printable has nothing unsafe below the tags.
    if not (text.isprintable() and (text.isascii() or max(text) < _TAGS)):
        text = _UNSAFE.sub(_numbered, _BREAKS.sub(" ", text))
    if "::" in text:
        text = _WORKFLOW_COMMAND.sub(_numbered, text)
    return _LOGGING_COMMAND.sub(_numbered, text) if "##" in text else text


def one_line(text: object, limit: int = LINE) -> str:
    """At most `limit` characters of a text, safe to show, its blanks folded: for messages that quote a stranger.

    Credentials go before it is cut: of the rest of one nobody can tell what it was.
    """
    raw = str(text)
    shown = visible(" ".join(without_credentials(raw[: limit * 8]).split()))
    return shown if len(shown) <= limit and len(raw) <= limit * 8 else shown[: limit - 1] + "…"


def json_safe(document: str) -> str:
    """A JSON document in which no string can move a cursor or be a command: such characters are escaped."""
    escaped = _UNSAFE_IN_JSON.sub(_escaped, document)
    return _LOGGING_COMMAND.sub(_escaped, escaped) if "##" in escaped else escaped


def in_ascii(error: UnicodeError) -> tuple[str | bytes, int]:
    """What a terminal shows that has no sign for a character: our marks in ASCII, a question mark for any other.

    An error handler for `codecs.register_error`.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_ASCII.get(character, "?") for character in error.object[error.start : error.end]), error.end


def _numbered(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"
