"""The known texts nearest to one that is not known: a pointer for the reader, never a diagnosis."""

from __future__ import annotations

from collections.abc import Iterable

from diag.knowledge.cause import Cause, Weight
from diag.late import late
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
_WORD = late(r"[a-z_]{3,}")


def resembling(text: str, causes: Iterable[Cause]) -> tuple[Resemblance, ...]:
    """The nearest samples of the causes' signatures, one a cause, the most alike first.

    None for a text that speaks of another file system, or says nothing of Lustre: its likeness would be chance.
    """
    if is_of_another(text) or not mentions_lustre(text):
        return ()
    from rapidfuzz import fuzz, process

    samples = [(cause.id, s.sample) for cause in causes for s in cause.signatures if s.weight is not Weight.BENIGN]
    known = [_words(sample) for _, sample in samples]
    lines = [line for line in text.splitlines() if len(line) >= _SHORTEST and mentions_lustre(line)][:_MOST_LINES]
    best: dict[str, tuple[float, str]] = {}
    for asked in dict.fromkeys(_words(part) for part in (text, *lines)):
        found = process.extract(asked, known, scorer=fuzz.token_sort_ratio, score_cutoff=_FLOOR, limit=_MOST)
        for _, likeness, place in found:
            id, sample = samples[place]
            best[id] = max(best.get(id, (0.0, "")), (likeness, sample))
    ordered = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))[:_MOST]
    return tuple(
        Resemblance(id, one_line(normalise(sample), _LONGEST_SAMPLE), round(likeness))
        for id, (likeness, sample) in ordered
    )


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text[:_LONGEST].lower()))
