"""The names that people chose: collected from where they are a name, found again wherever they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable

from diag.redaction.public import is_public_name
from diag.redaction.tokens import Tokens

_PART = re.compile(r"[^-_.@+=,/:]+")
"""What is between the separators that names are glued together with."""
_MOST_PARTS = 40
_SHORTEST_IN_TEXT = 3


class Names:
    """Names and their tokens.

    In running text a name is replaced wherever separators surround it, also inside a longer word
    (`eks-cluster-sg-<name>-123`), the longest first. A name that judgement itself depends on (`lustre`, `mount`,
    `fsx-csi`) is replaced where it is a name, but not in running text, where it is an ordinary word.
    """

    def __init__(self, tokens: Tokens, trade: str) -> None:
        """`trade` holds the texts that judgement depends on: patterns of runbooks, tables of knowledge."""
        self._tokens = tokens
        self._trade = frozenset(_sequences(trade))
        self._known: dict[str, str] = {}
        self._in_text: dict[str, str] = {}

    def learn(self, kind: str, names: Iterable[str]) -> None:
        """Remember names of a kind; the first kind of a name is the one its token shows."""
        for name in names:
            if name and name not in self._known and not is_public_name(name):
                token = self._tokens.name(kind, name)
                self._known[name] = token
                if len(name) >= _SHORTEST_IN_TEXT and name.lower() not in self._trade:
                    self._in_text[name] = token

    def name(self, kind: str, name: str) -> str:
        """The token of a name, in a field that holds a name."""
        self.learn(kind, (name,))
        return self._known.get(name, name)

    def identifier(self, text: str) -> str | None:
        """The token of a text that is exactly a known name; None when it is none."""
        return self._known.get(text)

    def in_word(self, word: str) -> list[tuple[str, bool]]:
        """The word in pieces, each with whether it is a token already."""
        if (whole := self._in_text.get(word)) is not None:
            return [(whole, True)]
        parts = list(_PART.finditer(word))[:_MOST_PARTS]
        pieces: list[tuple[str, bool]] = []
        start = place = 0
        while place < len(parts):
            end = next((e for e in range(len(parts), place, -1) if _span(word, parts, place, e) in self._in_text), 0)
            if end:
                first, last = parts[place].start(), parts[end - 1].end()
                pieces += [(word[start:first], False), (self._in_text[word[first:last]], True)]
                start, place = last, end
            else:
                place += 1
        return [piece for piece in (*pieces, (word[start:], False)) if piece[0]]


def _span(word: str, parts: list[re.Match[str]], first: int, end: int) -> str:
    return word[parts[first].start() : parts[end - 1].end()]


def _sequences(text: str) -> Iterable[str]:
    """Every run of up to five parts of every word, in lower case: `fsx`, `fsx-csi`, `fsx-csi-driver`."""
    for word in set(re.findall(r"[\w.@+=,/:-]+", text.lower())):
        parts = list(_PART.finditer(word))
        for first in range(len(parts)):
            for end in range(first + 1, min(first + 6, len(parts) + 1)):
                yield _span(word, parts, first, end)
