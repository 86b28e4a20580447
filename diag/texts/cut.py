"""Messages that were cut: by a picture's edge, a terminal's width, a person's ellipsis, a field's limit.

Asked only where nothing in a short text is known as it stands. What stands before a cut is looked for in what programs
are known to print, and the text is read once more with the rest of that.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache

from diag.knowledge.cause import Weight, refines
from diag.knowledge.errors import errors, translations
from diag.knowledge.runbooks import Knowledge
from diag.late import late
from diag.model.symptom import Hit
from diag.texts.line import normalise
from diag.texts.matching import Matcher, filter_by_context
from diag.texts.owner import mentions_lustre, names_another

_CUT = late(r"[ \t]?(?:\[(?:\.{3}|…)\]|\.{3}|…|[<\[](?:snip|cut|truncated)[>\]])")
_LINE_END = late(r"(?m)(?<=[A-Za-z])(?=[\"'”]?[ \t]*$)")
_SHORTEST = 9
"""Letters of an error's text before the cut."""
_SHARE = 0.6
"""So much of it has to be there where nothing but the line's end tells that it was cut."""
_SHORTEST_OF_FOREIGN = 5
"""Of one in Chinese, Japanese or Korean."""
_SHORTEST_OF_MESSAGE = 26
"""Characters of a message before the cut."""
_LEAST_SHOWN = 12
"""Characters of what a signature matches that have to stand before the cut."""
_MOST_CUTS = 12
_SHORTEST_OF_PART = 18
"""Of its last part, where a colon is before that."""
_BEFORE = 160
_MOST_CAUSES = 4


def completed_errors(text: str) -> str:
    """A text whose errors are whole: `Permission den…` is `Permission denied`, in English also where it was not.

    One that may be the beginning of two errors stays as it is.
    """
    for start, end in reversed(list(_cuts(text))):
        before = text[max(0, start - _BEFORE) : start]
        begun = {
            phrase: (english, length)
            for phrase, english in _phrases()
            if (length := _begun(phrase, before))
            and (end > start or (phrase[length].isalpha() and length >= _SHARE * len(phrase)))
        }
        # One that only goes on where another one ends is the rarer of the two.
        shortest = [one for one in begun if not any(one != other and one.startswith(other) for other in begun)]
        if len({begun[phrase] for phrase in shortest}) == 1:
            english, length = begun[shortest[0]]
            text = f"{text[: start - length]}{english} {text[end:]}"
    return text


def hits_with_whole_errors(text: str, completed: str, matcher: Matcher) -> tuple[Hit, ...]:
    """The causes that a text shows once its errors are whole, as possible ones; `completed` is what it is then."""
    if completed == text or not mentions_lustre(text) or names_another(text):
        return ()
    whole = normalise(completed)
    hits = filter_by_context(matcher.match(whole).hits, whole, asked_about=True)
    return tuple(_weak(hit) for hit in hits if hit.weight != Weight.BENIGN.value)[:_MOST_CAUSES]


def hits_of_cut(text: str, knowledge: Knowledge, matcher: Matcher) -> tuple[Hit, ...]:
    """The cause of the only known messages that begin as the text does before its cuts, as a possible one.

    None where those messages have causes that are not of one family.
    """
    if names_another(text):
        return ()
    causes = knowledge.causes
    for start, end in reversed(list(_cuts(text))):
        found = {hit.cause: hit for hit in _hits_of(text, start, end, knowledge, matcher)}
        broadest = [one for one in found if all(one == other or refines(causes[other], one, causes) for other in found)]
        if broadest:
            return (found[broadest[0]],)
    return ()


def _hits_of(text: str, start: int, end: int, knowledge: Knowledge, matcher: Matcher) -> Iterator[Hit]:
    """What every known message shows that begins as the text does before one cut."""
    before = normalise(text[max(0, start - _BEFORE) : start]).lower()
    last_part = before[before.rfind(": ") + 2 :]
    asked = last_part if _SHORTEST_OF_PART <= len(last_part) < _SHORTEST_OF_MESSAGE else before[-_SHORTEST_OF_MESSAGE:]
    if len(asked) < _SHORTEST_OF_PART:
        return
    shown = len(normalise(text[:start])) - _LEAST_SHOWN
    for sample, lower in _samples(knowledge):
        place = lower.find(asked)
        rest = sample[place + len(asked) :]
        if place < 0 or not (rest[:1].isalnum() or (rest.strip() and end > start)):
            continue
        whole = normalise(f"{text[:start]}{rest} {text[end:]}")
        for hit in filter_by_context(matcher.match(whole).hits, whole, asked_about=mentions_lustre(text)):
            # What is told by the guessed part alone is not told.
            if hit.weight != Weight.BENIGN.value and 0 <= whole.find(hit.text[:_LEAST_SHOWN]) < shown:
                yield _weak(hit)


def _weak(hit: Hit) -> Hit:
    return Hit(hit.cause, f"{hit.signature}, cut", Weight.WEAK.value, hit.text)


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    """Where something may have been cut: at marks of it, which are left out, and at lines' ends, if within a word."""
    places = [(found.start(), found.end()) for pattern in (_CUT, _LINE_END) for found in pattern.finditer(text)]
    yield from sorted(set(places))[:_MOST_CUTS]


def _begun(phrase: str, before: str) -> int:
    """How many characters of a phrase stand before a cut; 0 for too few, or all of them."""
    shortest = _SHORTEST if phrase.isascii() else min(_SHORTEST, len(phrase) - 2)
    place = before.rfind(phrase[:shortest]) if shortest >= _SHORTEST_OF_FOREIGN else -1
    if place < 0:
        return 0
    length = len(before) - place
    return length if length < len(phrase) and phrase.startswith(before[place:]) else 0


@cache
def _phrases() -> tuple[tuple[str, str], ...]:
    """What strerror says in any language, and in English."""
    known = {error.message for error in errors().values()}
    foreign = tuple((phrase, english) for phrase, english in translations() if english in known)
    return (*((message, message) for message in known), *foreign)


@lru_cache(maxsize=4)
def _samples(knowledge: Knowledge) -> tuple[tuple[str, str], ...]:
    """Every sample on one line, and in lower case."""
    samples = dict.fromkeys(
        " ".join(signature.sample.split())
        for cause in knowledge.causes.values()
        for signature in cause.signatures
        if signature.weight is not Weight.BENIGN
    )
    return tuple((sample, sample.lower()) for sample in samples)
