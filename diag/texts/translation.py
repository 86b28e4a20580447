"""Texts in other languages put into English: what strerror, mount and umount print there. The rest stays as it is."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from diag.grammar.regex import PatternSet
from diag.knowledge.errors import translations
from diag.late import late

_HOLES = late(r"%[sm]")
_SHORTEST = 4
"""Characters of a text that is looked for; a shorter one is found by chance."""
_FEW_TEXTS = 20


class _Phrase(NamedTuple):
    key: str
    """The longest part of it that no name interrupts."""
    foreign: str
    english: str


def to_english(text: str) -> str:
    """A normalised text with every known foreign phrase in English."""
    return _translator().translate(text)


@cache
def _translator() -> _Translator:
    return _Translator()


class _Translator:
    def __init__(self) -> None:
        phrases = (_Phrase(_key_of(foreign), foreign, english) for foreign, english in translations())
        self._phrases = sorted(
            (phrase for phrase in phrases if len(phrase.key) >= _SHORTEST), key=lambda phrase: -len(phrase.key)
        )
        self._asked = 0
        self._set: PatternSet | None = None

    def translate(self, text: str) -> str:
        for phrase in self._found(text):
            text = _replace(phrase, text)
        return text

    def _found(self, text: str) -> list[_Phrase]:
        """Phrases in the text, the longest first. An automaton pays off when many texts are asked about."""
        if self._set is None:
            self._asked += 1
            if self._asked <= _FEW_TEXTS:
                return [phrase for phrase in self._phrases if phrase.key in text]
            self._set = PatternSet(re.escape(phrase.key) for phrase in self._phrases)
        return [self._phrases[number] for number in self._set.matching(text.encode("utf-8", "replace"))]


def _key_of(foreign: str) -> str:
    return max(_HOLES.split(foreign), key=len).strip(" :") if "%" in foreign else foreign


def _replace(phrase: _Phrase, text: str) -> str:
    if "%" not in phrase.foreign:
        return text.replace(phrase.foreign, phrase.english)
    # A name in a phrase is taken over; the text of an error that follows one is a phrase of its own.
    foreign = r"(\S{1,200}?)".join(map(re.escape, phrase.foreign.removesuffix("%m").rstrip(" :").split("%s")))
    parts = phrase.english.removesuffix("%m").rstrip(" :").split("%s")

    def english(found: re.Match[str]) -> str:
        names = (*found.groups(), "")
        return "".join(part + name for part, name in zip(parts, names, strict=False))

    return re.sub(foreign, english, text)
