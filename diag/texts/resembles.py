"""The known texts nearest to one that is not known: a pointer for the reader, never a diagnosis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from diag.knowledge.cause import Cause, Weight
from diag.knowledge.messages import Message, load_messages, plain_words
from diag.model.diagnosis import Resemblance
from diag.sanitize import one_line
from diag.texts.line import normalise
from diag.texts.owner import is_of_another, mentions_lustre

_FLOOR = 60
"""Percent of likeness below which two texts are two texts: half of what is cut off after 70 % of a line is above it."""
_MOST = 3
_LONGEST = 2000
_LONGEST_SAMPLE = 240
_MOST_LINES = 50
_SHORTEST = 20
_LEAST_WORDS = 5
_FLOOR_OF_MESSAGES = 78
"""The catalogue has thousands of messages, many of them short: more of them are like a text by chance."""


def resembling(text: str, causes: Iterable[Cause], *, messages: bool = True) -> tuple[Resemblance, ...]:
    """The nearest of the samples of the causes' signatures and of the catalogue's `messages`, the most alike first.

    One a cause, or a meaning. None for a text that speaks of another file system, or says nothing of Lustre: its
    likeness would be chance.
    """
    if is_of_another(text) or not mentions_lustre(text):
        return ()
    from rapidfuzz import fuzz, process

    lines = [line for line in text.splitlines() if len(line) >= _SHORTEST and mentions_lustre(line)][:_MOST_LINES]
    asked = tuple(dict.fromkeys(_words(part) for part in (text, *lines)))
    # What one text has and the other lacks counts nothing between sets: a word or two would be wholly alike a message.
    telling = [words for words in map(_words, lines or (text,)) if len(set(words.split())) >= _LEAST_WORDS]
    best: dict[str, Resemblance] = {}
    # A line has more words than a message's own: a place, names, numbers.
    catalogue = load_messages()
    wordings = catalogue.words if messages else ()
    for parts, known, scorer, floor in (
        (asked, [*_samples(causes)], fuzz.token_sort_ratio, _FLOOR),
        (telling, [*wordings], fuzz.token_set_ratio, _FLOOR_OF_MESSAGES),
    ):
        words = [words for _, words in known]
        for part in parts:
            for _, likeness, place in process.extract(part, words, scorer=scorer, score_cutoff=floor, limit=_MOST):
                found = known[place][0]
                one = found if isinstance(found, Resemblance) else _of_message(catalogue.message(found))
                before = best.get(one.cause or one.means)
                if before is None or before.likeness < likeness:
                    best[one.cause or one.means] = msgspec.structs.replace(one, likeness=round(likeness))
    nearest = sorted(best.values(), key=lambda one: (-one.likeness, not one.cause, one.text))[:_MOST]
    return tuple(msgspec.structs.replace(one, text=one_line(normalise(one.text), _LONGEST_SAMPLE)) for one in nearest)


def _samples(causes: Iterable[Cause]) -> Iterator[tuple[Resemblance, str]]:
    for cause in causes:
        for signature in cause.signatures:
            if signature.weight is not Weight.BENIGN:
                yield Resemblance(cause.id, signature.sample, 0), _words(signature.sample)


def _of_message(message: Message) -> Resemblance:
    """What varies in the message is an ellipsis."""
    return Resemblance(message.cause, " … ".join(message.parts), 0, f"{message.role.value}: {message.means}")


def _words(text: str) -> str:
    return plain_words(text[:_LONGEST])
