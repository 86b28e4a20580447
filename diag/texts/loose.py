"""Texts as people retell them: in lower case, without punctuation, with placeholders, or an error alone.

Asked only where nothing in a short text is known as it stands. Text and patterns are reduced to their letters and
digits, and what a pattern leaves open may be anything. So little proves little: every hit has the lowest weight.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice
from typing import NamedTuple

from diag.grammar.pattern_tokens import Token, tokens_of
from diag.grammar.regex import BadPattern, Pattern, compiled
from diag.knowledge.cause import Cause, Signature, Weight
from diag.knowledge.errors import errors
from diag.knowledge.runbooks import Knowledge
from diag.late import late
from diag.model.symptom import Hit, Phase
from diag.sanitize import one_line
from diag.texts.characters import Characters
from diag.texts.owner import OTHER_SYSTEMS, is_of_server, mentions_lustre, names_another
from diag.texts.translation import to_english

_LEAST_LETTERS = 10
"""A pattern that demands fewer letters in a row would match by chance."""
_TELLING_LETTERS = 14
"""One pattern of a signature without an error demands as many: not just “failed to mount”."""
_SHARE = 0.7
"""Of the letters that the most specific signature demands: one that demands fewer is the worse reading."""
_OPEN = ".{0,80}"
_ORDER = (Weight.DECISIVE, Weight.STRONG, Weight.WEAK)
_WORD = late(r"[a-z0-9]+")
_BETWEEN = "\0"
_LETTERS = Characters(lambda char: char if char.isalnum() or char == _BETWEEN else None)
_ANY_LETTER = late(r"[a-zA-Z0-9]")
_SAY_NOTHING = frozenset(
    re.findall(
        r"\w+",
        """a an and at by call code could did does error errno err event exit exited failed failedmount failing failure
        for from fs fsx get got i in internal is it lustre message mount mounting mountvolume my not of on output pod rc
        returned returns rpc says set setup status system the this type unable up volume warning was we when with""",
    )
)
"""Words beside which an error is alone."""
_MOUNT_LINE = late(r"\bmount\.lustre: mount \S{0,80}@")
"""Its end is the error, whatever else the text says and in whichever language it says that the mount failed."""
_OF_A_MOUNT = frozenset(("mount", "mounting", "failedmount", "mountvolume", "lustre", "fsx", "exit", "rc"))


def loose_hits(text: str, knowledge: Knowledge) -> tuple[Hit, ...]:
    """The causes that a normalised text may show, as possible ones; those of the strongest signatures alone."""
    text = to_english(text)
    if respelt := tuple(_respelt_hits(text, knowledge)):
        return respelt
    if names_another(text) or not mentions_lustre(text):
        return tuple(_hits_of_error_alone(text, knowledge))
    reduced = _Reduced(text)
    demands = _demands_of(knowledge)
    found: list[tuple[int, int, Hit]] = []
    for cause in knowledge.causes.values():
        for signature in cause.signatures:
            span = _span(signature, reduced, knowledge) if signature.weight in _ORDER else None
            if span is not None:
                letters = sum(demands[pattern].letters_in(reduced.letters) for pattern in signature.patterns)
                letters += _TELLING_LETTERS if signature.errno else 0
                found.append((_ORDER.index(signature.weight), letters, _hit(cause, signature, text[slice(*span)])))
    strongest = min((weight for weight, _, _ in found), default=0)
    most = max((letters for weight, letters, _ in found if weight == strongest), default=0)
    hits = (hit for weight, letters, hit in found if weight == strongest and letters >= _SHARE * most)
    return tuple(hits) or tuple(_hits_of_error_alone(text, knowledge))


class _Demand(NamedTuple):
    """The texts of which a pattern demands one, as a tolerant reader compares them; none where it demands none."""

    folded: tuple[str, ...]
    reduced: tuple[str, ...]

    @property
    def letters(self) -> int:
        """How many letters in a row it demands."""
        return min(map(len, self.reduced), default=0)

    def letters_in(self, reduced: str) -> int:
        """How many of them a text shows: those of the longest alternative in it."""
        return max((len(one) for one in self.reduced if one in reduced), default=0)


@lru_cache(maxsize=4)
def _demands_of(knowledge: Knowledge) -> dict[str, _Demand]:
    """By pattern. All texts at once: a long one is put into other letters as quickly as a short one."""
    whole = _BETWEEN.join(text for texts in knowledge.texts.values() for text in texts)
    folded = iter(whole.translate(_FOLDED).split(_BETWEEN))
    reduced = iter(whole.lower().translate(_LETTERS).split(_BETWEEN))
    return {
        pattern: _Demand(tuple(islice(folded, len(texts))), tuple(islice(reduced, len(texts))))
        for pattern, texts in knowledge.texts.items()
    }


_CONFUSED = {ord("i"): "l", ord("1"): "l", ord("|"): "l", ord("0"): "o"}
_FOLDED = {code: chr(code + 32).translate(_CONFUSED) for code in range(ord("A"), ord("Z") + 1)} | _CONFUSED
"""Upper and lower case are one, and so are letters and digits that a scanner of pictures takes for each other."""


def _respelt_hits(text: str, knowledge: Knowledge) -> Iterator[Hit]:
    """The causes whose signatures a text shows whole, but in other letters: shouted, or read off a picture."""
    folded = text.translate(_FOLDED)
    if is_of_server(text) or (not mentions_lustre(text) and _names_another(folded)):
        return
    demands = _demands_of(knowledge)
    found: dict[Weight, list[Hit]] = {}
    for cause in knowledge.causes.values():
        for signature in cause.signatures:
            if signature.weight not in _ORDER or not all(
                _may_show(demands[one].folded, folded) for one in signature.patterns
            ):
                continue
            if len(signature.patterns) == 1 and _is_of_error(signature.patterns[0], knowledge):
                continue
            matches = [_folded_pattern(pattern).search(folded) for pattern in signature.patterns]
            spans = [(match.start, match.end) for match in matches if match is not None]
            if len(spans) == len(matches) and not any(_folded_pattern(one).search(folded) for one in signature.unless):
                shown = text[min(start for start, _ in spans) : max(end for _, end in spans)]
                found.setdefault(signature.weight, []).append(_hit(cause, signature, shown))
    yield from found[min(found, key=_ORDER.index)] if found else ()


def _may_show(demanded: tuple[str, ...], text: str) -> bool:
    return not demanded or any(one in text for one in demanded)


def _names_another(folded: str) -> bool:
    return _folded_pattern(OTHER_SYSTEMS).search(folded) is not None


@lru_cache(maxsize=2048)
def _folded_pattern(pattern: str) -> Pattern:
    return Pattern(f"(?i:{''.join(_folded_token(kind, token) for kind, token in tokens_of(pattern))})")


def _folded_token(kind: str, token: str) -> str:
    if kind == "char":
        return token.translate(_FOLDED)
    if kind == "escape" and token[1] == "d":
        return "[0-9lo]"
    if kind == "set" and not token.startswith(("[^", "[]")) and _ANY_LETTER.search(token):
        return f"[lo{token[1:]}"
    return token


def _hit(cause: Cause, signature: Signature, text: str) -> Hit:
    """Of a name that no signature has: what the signature says does not follow from so little."""
    return Hit(cause.id, f"{signature.id}, in other words", Weight.WEAK.value, one_line(text))


class _Reduced:
    """A text, and its letters and digits alone, each with the place where it was."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = " ".join(re.findall(r"\w+", text))
        self.places = [place for place, char in enumerate(text) if char.isalnum()]
        self.letters = "".join(text[place].lower()[:1] for place in self.places)

    def search(self, pattern: str, demand: _Demand) -> tuple[int, int] | None:
        """Where a pattern may match."""
        if not _may_show(demand.reduced, self.letters):
            return None
        if demand.letters < _LEAST_LETTERS:
            for text in (self.text, self.words):
                if (found := compiled(f"(?i:{pattern})").search(text)) is not None:
                    return (found.start, found.end) if text is self.text else (0, len(self.text))
            return None
        loose = _loose(pattern)
        found = loose.search(self.letters) if loose is not None else None
        if found is None or found.end <= found.start:
            return None
        start, end = self.places[found.start], self.places[found.end - 1] + 1
        is_within_word = pattern.startswith(r"\b") and self.text[start - 1 : start].isalnum()
        return None if is_within_word else (start, end)


def _span(signature: Signature, reduced: _Reduced, knowledge: Knowledge) -> tuple[int, int] | None:
    """From the first to the last letter that the signature's patterns match; None where not all of them do.

    What is cheap is asked first: most signatures end there, and none of their patterns is compiled.
    """
    demands = _demands_of(knowledge)
    if not all(_may_show(demands[pattern].reduced, reduced.letters) for pattern in signature.patterns):
        return None
    most = max(demands[pattern].letters for pattern in signature.patterns)
    if most < (_LEAST_LETTERS if signature.errno else _TELLING_LETTERS):
        return None
    if len(signature.patterns) == 1 and _is_of_error(signature.patterns[0], knowledge):
        return None
    spans: list[tuple[int, int]] = []
    for pattern in signature.patterns:
        span = reduced.search(pattern, demands[pattern])
        if span is None:
            return None
        spans.append(span)
    if any(reduced.search(pattern, demands[pattern]) for pattern in signature.unless):
        return None
    return min(start for start, _ in spans), max(end for _, end in spans)


def _hits_of_error_alone(text: str, knowledge: Knowledge) -> Iterator[Hit]:
    """The causes that end a mount with this error, where the text says no more than that."""
    words = set(_WORD.findall(text.lower()))
    if words.isdisjoint(_OF_A_MOUNT):
        return
    for error in errors().values():
        message = _WORD.findall(error.message.lower())
        # A number alone may be anybody's.
        if not (error.name.lower() in words or words.issuperset(message)):
            continue
        is_alone = words <= {error.name.lower(), str(error.number), *message} | _SAY_NOTHING
        if not (is_alone or _MOUNT_LINE.search(text)):
            continue
        fitting = [
            (cause, signature)
            for cause in knowledge.causes.values()
            if Phase.MOUNT in cause.phase
            for signature in cause.signatures
            if error.name in signature.errno
        ]
        # A weak signature is one whose words are few: of those that end with this error, the likeliest to be met.
        weakest = max((_ORDER.index(s.weight) for _, s in fitting if s.weight in _ORDER), default=None)
        for cause, signature in fitting:
            if weakest is not None and signature.weight is _ORDER[weakest]:
                yield _hit(cause, signature, text)
        return


def _is_of_error(pattern: str, knowledge: Knowledge) -> bool:
    """Whether a pattern for letters alone demands little more than what strerror says: that is nobody's own."""
    words = sum(char.isalpha() for char in "".join(_parts(tokens_of(pattern))))
    demanded = _demands_of(knowledge)[pattern].reduced
    of_error = all(text in _error_words() or text[:-1] in _error_words() for text in demanded)
    return of_error and words < min(map(len, demanded), default=0) + _LEAST_LETTERS


@cache
def _error_words() -> frozenset[str]:
    return frozenset(_letters(error.message) for error in errors().values())


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


@lru_cache(maxsize=2048)
def _loose(pattern: str) -> Pattern | None:
    """The pattern over letters and digits alone; None where it grows too large."""
    try:
        return Pattern(f"(?i:{''.join(_without_doubled(list(_parts(tokens_of(pattern)))))})")
    except BadPattern:
        return None


def _without_doubled(parts: list[str]) -> list[str]:
    """Without what is open beside what is open, also across a group's end: each costs RE2 as much as a page of text."""
    kept: list[str] = []
    is_open, after_groups = False, [False]
    for part in reversed(parts):
        if part == _OPEN and is_open:
            continue
        kept.append(part)
        if part == ")":
            after_groups.append(is_open)
        elif part == "|":
            is_open = after_groups[-1]
        elif part:
            is_open = part == _OPEN
            if part.startswith("("):
                after_groups.pop()
    return kept[::-1]


def _parts(tokens: list[Token]) -> Iterator[str]:
    place = 0
    while place < len(tokens):
        kind, token = tokens[place]
        place += 1
        if kind == "group" and "<" in token:
            end = _end_of_group(tokens, place)
            inside = range(place, end)
            is_choice = any(tokens[inner][0] == "alternative" for inner in inside)
            if not is_choice and any(_is_repeated(tokens, inner) for inner in inside):
                place, kind = end + 1, "open"  # a name or a number: a placeholder may be there
            else:
                token = "(?:"  # noqa: S105 - a piece of a pattern
        repeated = place < len(tokens) and tokens[place][0] == "quantifier"
        part = _part(kind, token, repeated=repeated)
        if repeated and part in ("", _OPEN) and kind in ("close", "char", "escape", "set", "open"):
            place += 1
        yield part


def _part(kind: str, token: str, *, repeated: bool) -> str:
    if kind in ("group", "close", "alternative", "quantifier"):
        return token
    if kind == "open":
        return _OPEN
    if (kind, token) == ("char", "."):
        return _OPEN if repeated else ".?"
    if kind == "char":
        return token.lower() if token.isalnum() else ""
    if kind == "set":
        open_ = token.startswith("[^") or _ANY_LETTER.search(token) is not None or "\\" in token
        return "" if not open_ else _OPEN if repeated else ".?" if token.startswith("[^") else token
    if kind == "escape":
        if token[1] in "dwSDWpP":
            return _OPEN if repeated else r"\d" if token[1] == "d" else ".?"
        return ".?" if token[1] == "x" else ""
    return ""


def _end_of_group(tokens: list[Token], place: int) -> int:
    depth = 1
    while place < len(tokens):
        depth += (tokens[place][0] == "group") - (tokens[place][0] == "close")
        if not depth:
            return place
        place += 1
    return place - 1


def _is_repeated(tokens: list[Token], place: int) -> bool:
    kind, token = tokens[place]
    class_ = kind == "set" or (kind, token) == ("char", ".") or (kind == "escape" and token[1] in "dwSDW")
    return class_ and place + 1 < len(tokens) and tokens[place + 1][0] == "quantifier"
