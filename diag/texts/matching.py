"""Signatures against texts: which causes a text shows, and with which values."""

from __future__ import annotations

from collections.abc import Set
from functools import lru_cache
from typing import NamedTuple

from diag.grammar.regex import PatternSet, compiled
from diag.knowledge.runbooks import Knowledge
from diag.model.symptom import Hit
from diag.sanitize import one_line
from diag.texts.line import remove_blanks
from diag.texts.owner import is_of_another, is_of_server, mentions_lustre
from diag.texts.translation import translated, with_supposed_output, with_words

_AGAINST = "against"
_SIGNIFICANT = frozenset(("decisive", "strong"))
_SUPPOSED = "weak"
"""What a signature is worth in a text that was completed."""
_FEW_TEXTS = 20
_LONGEST_QUOTE = 240


class Matches(NamedTuple):
    """What the signatures say of one text."""

    hits: tuple[Hit, ...] = ()
    """Best weight first."""
    against: frozenset[str] = frozenset()
    """Ids of causes that the text speaks against (`rule_out` with a pattern)."""
    seen: frozenset[int] = frozenset()
    """Patterns that match, by the matcher's own numbers: lines that belong together may show a signature together."""


_NOTHING = Matches()


class _Rule(NamedTuple):
    """One signature or refutation, its patterns by their position in the set."""

    cause: str
    signature: str
    weight: str
    all: tuple[int, ...]
    unless: tuple[int, ...]


class Matcher:
    """The signatures of one body of knowledge, ready to be matched. What is rarely needed is compiled when needed."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._patterns: dict[str, int] = {}
        self._rules: list[_Rule] = []
        self._by_pattern: dict[int, list[int]] = {}
        for cause in knowledge.causes.values():
            for signature in cause.signatures:
                self._add(cause.id, signature.id, signature.weight.value, signature.patterns, signature.unless)
            for position, refutation in enumerate(cause.rule_out):
                if refutation.pattern:
                    self._add(cause.id, f"rule-out-{position}", _AGAINST, (refutation.pattern,), ())
        self._sources = tuple(self._patterns)
        self._texts = tuple(knowledge.texts[pattern] for pattern in self._sources)
        self._asked = 0
        self._set: PatternSet | None = None
        self._dense_patterns: PatternSet | None = None

    def match(self, text: str, *, wrapped: bool = False, localised: bool = True) -> Matches:
        """All signatures and refutations that a normalised text shows.

        A text that shows little as it is is also matched in English, where it holds what programs print in other
        languages (the kernel prints in one: not `localised`); and with all blanks taken out, where its lines may have
        been broken inside words (`wrapped`).
        """
        seen = self._seen(text)
        if not seen and not localised and not wrapped:
            return _NOTHING
        shown = self._shown(seen)
        as_it_is: dict[int, str] = {}
        is_open = localised and not (text.isascii() and self._is_significant(shown))
        if is_open and (english := with_words(numbered := translated(text))) != text:
            given, text, seen = text, english, self._seen(english)
            if english != numbered:
                # An error put into words may stand between the words that a signature wants side by side.
                before = shown if numbered == given else self._shown(self._seen(numbered))
                as_it_is = {number: numbered for number in before if seen.isdisjoint(self._rules[number].unless)}
            shown = sorted({*self._shown(seen), *as_it_is})
        dense, everything = "", seen
        if wrapped and not self._is_significant(shown):
            dense = remove_blanks(text)
            everything = seen.union(self._dense_set().matching(dense.encode("utf-8", "replace")))
            shown = sorted({*self._shown(everything), *as_it_is})
        says_nothing = localised and all(self._rules[number].weight == _AGAINST for number in shown)
        supposed = with_supposed_output(text) if says_nothing else ""
        if supposed:
            text, seen = supposed, self._seen(supposed)
            shown, everything, as_it_is = self._shown(seen), seen, {}
        hits: list[Hit] = []
        against: set[str] = set()
        for number in shown:
            rule = self._rules[number]
            if rule.weight == _AGAINST:
                against.add(rule.cause)
                continue
            in_dense = not seen.issuperset(rule.all)
            rule = rule._replace(weight=_SUPPOSED) if supposed and rule.weight in _SIGNIFICANT else rule
            if in_dense and number in as_it_is:
                hits.append(self._hit(rule, as_it_is[number], in_dense=False))
                continue
            hits.append(self._hit(rule, dense if in_dense else text, in_dense=in_dense))
        hits.sort(key=lambda hit: (_ORDER[hit.weight], hit.cause, hit.signature))
        return Matches(tuple(hits), frozenset(against), frozenset(everything))

    def together(self, seen: Set[int], text: str) -> tuple[Hit, ...]:
        """The signatures that lines show together, from the patterns that any of them matched and their joined text.

        Of the first few texts one by one a rule's patterns were tried only where all of them are in one text.
        """
        matched = set(seen) if self._set is not None else self._seen_one_by_one(text).union(seen)
        rules = (self._rules[number] for number in self._shown(matched))
        several = (rule for rule in rules if len(rule.all) > 1 and rule.weight != _AGAINST)
        return tuple(self._hit(rule, text, in_dense=False) for rule in several if self._is_in(rule, text))

    def _is_in(self, rule: _Rule, text: str) -> bool:
        return all(compiled(self._sources[number]).search(text) is not None for number in rule.all)

    def _is_significant(self, shown: list[int]) -> bool:
        return any(self._rules[number].weight in _SIGNIFICANT for number in shown)

    def _seen(self, text: str) -> set[int]:
        """Which patterns match.

        The first few texts are tried pattern by pattern, where the plain texts that a pattern demands are found: an
        automaton for all of them takes longer to build than one event takes to explain.
        """
        if self._set is None:
            self._asked += 1
            if self._asked <= _FEW_TEXTS:
                return self._seen_one_by_one(text)
            self._set = PatternSet(self._sources)
        return set(self._set.matching(text.encode("utf-8", "replace")))

    def _seen_one_by_one(self, text: str) -> set[int]:
        lower = text.lower()
        possible = [not texts or any(words in lower for words in texts) for texts in self._texts]
        known: dict[int, bool] = {}

        def seen(pattern: int) -> bool:
            if pattern not in known:
                known[pattern] = possible[pattern] and compiled(self._sources[pattern]).search(text) is not None
            return known[pattern]

        for rule in self._rules:
            # A rule's patterns are compiled and tried only as far as they match: that is most of an event's time.
            if all(possible[pattern] for pattern in rule.all) and all(map(seen, rule.all)):
                for pattern in rule.unless:
                    seen(pattern)
        return {pattern for pattern, is_seen in known.items() if is_seen}

    def _shown(self, seen: set[int]) -> list[int]:
        """Rules of which every pattern was seen and no `unless`."""
        candidates = {number for pattern in seen for number in self._by_pattern[pattern]}
        return [
            number
            for number in sorted(candidates)
            if seen.issuperset(self._rules[number].all) and seen.isdisjoint(self._rules[number].unless)
        ]

    def _add(self, cause: str, signature: str, weight: str, patterns: tuple[str, ...], unless: tuple[str, ...]) -> None:
        rule = _Rule(cause, signature, weight, tuple(map(self._number, patterns)), tuple(map(self._number, unless)))
        for pattern in rule.all:
            self._by_pattern.setdefault(pattern, []).append(len(self._rules))
        for pattern in rule.unless:
            self._by_pattern.setdefault(pattern, [])
        self._rules.append(rule)

    def _number(self, pattern: str) -> int:
        return self._patterns.setdefault(pattern, len(self._patterns))

    def _dense_set(self) -> PatternSet:
        if self._dense_patterns is None:
            self._dense_patterns = PatternSet(map(_pattern_without_blanks, self._sources))
        return self._dense_patterns

    def _hit(self, rule: _Rule, text: str, *, in_dense: bool) -> Hit:
        groups: dict[str, str] = {}
        spans: list[tuple[int, int]] = []
        for number in rule.all:
            pattern = self._sources[number]
            match = compiled(_pattern_without_blanks(pattern) if in_dense else pattern).search(text)
            if match is not None:
                spans.append((match.start, match.end))
                groups |= match.groups()
        return Hit(
            cause=rule.cause,
            signature=rule.signature,
            weight=rule.weight,
            text=one_line(_quoted(text, spans)),
            groups=tuple(sorted((name, one_line(value)) for name, value in groups.items())),
        )


def _quoted(text: str, spans: list[tuple[int, int]]) -> str:
    """What the patterns of one signature matched: as one piece where it is short, else piece by piece."""
    start, end = min(start for start, _ in spans), max(end for _, end in spans)
    if end - start <= _LONGEST_QUOTE:
        return text[start:end]
    return " … ".join(text[start:end] for start, end in sorted(set(spans)))


_ORDER = {"decisive": 0, "strong": 1, "weak": 2, "benign": 3}


def _pattern_without_blanks(pattern: str) -> str:
    from diag.grammar.required_text import remove_blanks_from_pattern

    return remove_blanks_from_pattern(pattern)


@lru_cache(maxsize=4)
def build_matcher(knowledge: Knowledge) -> Matcher:
    """The matcher of a body of knowledge, built once."""
    return Matcher(knowledge)


def filter_by_context(hits: tuple[Hit, ...], text: str, *, asked_about: bool) -> tuple[Hit, ...]:
    """The hits that count in a text.

    None in one that names another file system or driver and nothing of Lustre, and none in a server's line about
    itself: no client's mount fails there. Elsewhere a decisive signature names its cause in any surroundings; the
    others count where the text speaks of Lustre, and where somebody asked about just this text (`asked_about`).
    """
    if not hits or is_of_another(text) or is_of_server(text):
        return ()
    if asked_about or mentions_lustre(text):
        return hits
    return tuple(hit for hit in hits if hit.weight == "decisive")
