"""Texts put into plain English: what programs print in other languages, and errors that have but a number or name.

The rest stays as it is.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from diag.grammar.regex import PatternSet
from diag.knowledge.errors import NOT_AN_ERRNO, errors, translations
from diag.late import late

_HOLES = late(r"%[sm]")
_NAMED = late(
    r"\b(?:rc|err|errno|Errno|(?:os )?error|ret)\b[ =:\['(]{0,3}-?(?P<number>\d{1,3})\b"
    r"|\b(?:exit status|exit code:?|exited with code|but received) '?(?P<status>\d{1,3})\b"
    r"|\b(?P<name>E[A-Z]{2,12})\b"
)
_MOUNT = late(r"-t lustre (?:-o \S+ )?(?P<source>[^\s/]\S*:/\S*)(?P<target> /\S*)?")
_EVENT = "Mounting command: "
"""A driver's, which tells what it ran and then what that printed."""
_SHORTEST = 4
"""Characters of a text that is looked for; a shorter one is found by chance."""
_FEW_TEXTS = 20


class _Phrase(NamedTuple):
    key: str
    """The longest part of it that no name interrupts."""
    foreign: str
    english: str


def to_english(text: str) -> str:
    """A normalised text with every known foreign phrase in English, and its error in words."""
    return with_words(translated(text))


def translated(text: str) -> str:
    """A normalised text with every known foreign phrase in English."""
    return _translator().translate(text)


def with_supposed_output(text: str) -> str:
    """A driver's text that lost what mount.lustre printed, with what that prints before it ends so; else empty."""
    source = _MOUNT.search(text) if _EVENT in text and "mount.lustre: " not in text else None
    status = _NAMED.search(text) if source is not None else None
    message = _message_of(status) if status is not None and status["status"] else ""
    if not message or source is None:
        return ""
    target = f" at{source['target']}" if source["target"] else ""
    return f"{text} mount.lustre: mount {source['source']}{target} failed: {message}"


def with_words(text: str) -> str:
    """The text, where it names errors only by number or name: `rc = -113` becomes `No route to host (rc = -113)`.

    An exit status is an error where mount.lustre ended with it.
    """
    if _NAMED.search(text) is None or _says_an_error(text):
        return text
    is_of_mount = (_MOUNT.search(text) is not None or "mount.lustre: " in text) and "umount" not in text
    is_of_mount &= _EVENT not in text  # there the output says it, or `with_supposed_output` does

    def worded(found: re.Match[str]) -> str:
        message = _message_of(found) if is_of_mount or not found["status"] else ""
        return f"{message} ({found[0]})" if message else found[0]

    return _NAMED.sub(worded, text)


def _message_of(named: re.Match[str]) -> str:
    """What strerror says of an error that a text names otherwise; empty where it is none."""
    number = int(named["status"] or named["number"] or 0)
    if named["status"] and number in NOT_AN_ERRNO:
        return ""
    return _by_name().get(named["name"] or "") or _by_number().get(number, "")


@cache
def _by_name() -> dict[str, str]:
    return {error.name: error.message for error in errors().values()}


@cache
def _by_number() -> dict[int, str]:
    return {error.number: error.message for error in errors().values()}


@cache
def _messages() -> tuple[str, ...]:
    return tuple(error.message.lower() for error in errors().values())


def _says_an_error(text: str) -> bool:
    lower = text.lower()
    return any(message in lower for message in _messages())


@cache
def _translator() -> _Translator:
    return _Translator()


class _Translator:
    def __init__(self) -> None:
        phrases = (_Phrase(_key_of(foreign), foreign, english) for foreign, english in translations())
        self._phrases = [phrase for phrase in phrases if len(phrase.key) >= _SHORTEST]
        self._asked = 0
        self._set: PatternSet | None = None

    def translate(self, text: str) -> str:
        for phrase in sorted(self._found(text), key=lambda phrase: -len(phrase.key)):
            text = _replace(phrase, text)
        return text

    def _found(self, text: str) -> list[_Phrase]:
        """Phrases in the text. An automaton pays off when many texts are asked about."""
        if self._set is None:
            self._asked += 1
            if self._asked <= _FEW_TEXTS:
                return [phrase for phrase in self._phrases if phrase.key in text]
            self._set = PatternSet(re.escape(phrase.key) for phrase in self._phrases)
        return [self._phrases[number] for number in self._set.matching(text.encode("utf-8", "replace"))]


def _key_of(foreign: str) -> str:
    return max(_HOLES.split(foreign), key=len).strip(" :") if "%" in foreign else foreign


def _replace(phrase: _Phrase, text: str) -> str:
    if longer := [message for message in _by_name().values() if phrase.foreign in message]:
        # It stays where it is a part of an English message.
        either = "|".join(map(re.escape, (*longer, phrase.foreign)))
        return re.sub(either, lambda found: phrase.english if found[0] == phrase.foreign else found[0], text)
    if "%" not in phrase.foreign:
        return text.replace(phrase.foreign, phrase.english)
    # A name in a phrase is taken over; the text of an error that follows one is a phrase of its own.
    foreign = r"(\S{1,200}?)".join(map(re.escape, phrase.foreign.removesuffix("%m").rstrip(" :").split("%s")))
    parts = phrase.english.removesuffix("%m").rstrip(" :").split("%s")

    def english(found: re.Match[str]) -> str:
        names = (*found.groups(), "")
        return "".join(part + name for part, name in zip(parts, names, strict=False))

    return re.sub(foreign, english, text)
