"""A pattern cut into its tokens: groups, sets, escapes, quantifiers, characters."""

from __future__ import annotations

import re

Token = tuple[str, str]
"""What it is, and its text."""

_TOKEN = re.compile(
    r"""(?P<flags>\(\?[imsU-]+\))
      | (?P<group>\((?:\?(?:P?<\w+>|[imsU-]*:))?)
      | (?P<close>\))
      | (?P<alternative>\|)
      | (?P<set>\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\])
      | (?P<quantifier>(?:[*+?]|\{\d+(?:,\d*)?\})\??)
      | (?P<escape>\\(?:[pP](?:\{\w+\}|\w)|x\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{2}|.))
      | (?P<edge>[\^$])
      | (?P<char>.)""",
    re.VERBOSE | re.DOTALL,
)


def tokens_of(pattern: str) -> list[Token]:
    """The tokens of a pattern in RE2's syntax, in its order."""
    return [(match.lastgroup or "", match.group()) for match in _TOKEN.finditer(pattern)]
