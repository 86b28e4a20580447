"""Reading a pattern: which plain texts must be there wherever it matches, and how it looks without white space.

The first lets a log of gigabytes be searched for a few hundred plain texts at the speed of memory, and only the
places found be looked at closely. The second matches a text that a terminal wrapped in the middle of a word.

RE2 computes such texts too (`re2.Filter`), and is not used for three reasons. It keeps them to itself, so raw bytes
cannot be searched for them, nor can they be kept in the compiled index. It compiles every pattern first: 59 ms for
446 patterns and one event, 13.5 ms here (measured 2026-11-28, cold, two cores). And white space is folded here, so
that a text may be wrapped between two words.
"""

from __future__ import annotations

from typing import NamedTuple

from diag.grammar.pattern_tokens import Token, tokens_of

# Characters that a log writer may escape (JSON, klog's quoting), so that the raw bytes do not hold them.
_ESCAPED_BY_WRITERS = frozenset('"\\<>&')
_NOT_CERTAIN = _ESCAPED_BY_WRITERS | {"."}
_LEAST_LENGTH = 4
_BLANK = " "
_MAY_BE_BLANK = frozenset({".", r"\D", r"\W"})


class _Required(NamedTuple):
    exact: tuple[str, ...] | None
    """All texts that this part matches, None when they are too many to list."""
    any_of: tuple[str, ...]
    """Texts of which at least one is in every match; empty when nothing is certain."""
    ends: tuple[str, ...] = ("",)
    """Texts with one of which every match ends: what follows goes on with them."""


_MOST_EXACT = 24
_NOTHING = _Required(None, ())
_EMPTY = _Required(("",), ())


def required_texts(pattern: str) -> tuple[str, ...]:
    """Texts, lower case, of which at least one is in every text that the pattern matches.

    Runs of white space count as one blank. Empty when the pattern demands no text of four characters or more.
    """
    required, _ = _alternatives(tokens_of(pattern), 0)
    chosen = required.any_of if required.exact is None else required.exact
    texts = tuple(sorted({text.strip().lower() for text in chosen}))
    return texts if texts and min(map(len, texts)) >= _LEAST_LENGTH else ()


def remove_blanks_from_pattern(pattern: str) -> str:
    """The pattern for a text from which all white space was taken out.

    Words run together there, so their edges cannot be asked for; that a number ends can (-2 is not -22). What may have
    been a blank itself (any character, no digit, no letter) may be missing.
    """
    parts: list[str] = []
    dropped = False
    last = ""
    for kind, token in tokens_of(pattern):
        if (kind, token) == ("escape", r"\b") and last.isdigit():
            parts.append("(?:[^0-9]|$)")
        elif kind not in {"close", "quantifier"}:
            last = token
        blank = token in {_BLANK, "[ ]"} or (kind == "escape" and token[1] in "s bBnt")
        if blank:
            dropped = True
        elif token in _MAY_BE_BLANK:
            parts.append(f"(?:{token}?)")
            dropped = False
        elif not (dropped and kind == "quantifier"):
            parts.append(token)
            dropped = False
    return "".join(parts)


def _alternatives(tokens: list[Token], position: int) -> tuple[_Required, int]:
    branches: list[_Required] = []
    while True:
        branch, position = _sequence(tokens, position)
        branches.append(branch)
        if position < len(tokens) and tokens[position][0] == "alternative":
            position += 1
            continue
        break
    if len(branches) == 1:
        return branches[0], position
    exact: list[str] | None = []
    any_of: list[str] = []
    ends: list[str] = []
    for branch in branches:
        wanted = branch.any_of if branch.exact is None else branch.exact
        if not wanted:
            return _NOTHING, position
        any_of.extend(wanted)
        ends.extend(branch.ends if branch.exact is None else branch.exact)
        exact = None if exact is None or branch.exact is None else [*exact, *branch.exact]
    short = exact is not None and len(exact) <= _MOST_EXACT
    joined = tuple(dict.fromkeys(ends)) if all(ends) else ("",)
    return _Required(tuple(exact or ()) if short else None, tuple(any_of), joined), position


def _sequence(tokens: list[Token], position: int) -> tuple[_Required, int]:
    candidates: list[tuple[str, ...]] = []
    runs: tuple[str, ...] = ("",)
    whole = True
    while position < len(tokens) and tokens[position][0] not in {"close", "alternative"}:
        part, position = _part(tokens, position)
        if part.exact is not None and len(runs) * len(part.exact) <= _MOST_EXACT:
            runs = tuple(run + text for run in runs for text in part.exact)
            continue
        whole = False
        candidates.append(runs)
        runs = part.ends if part.exact is None else part.exact
        if part.any_of:
            candidates.append(part.any_of)
    if whole:
        return _Required(runs, runs), position
    candidates.append(runs)
    return _Required(None, max(candidates, key=_worth), runs), position


def _part(tokens: list[Token], position: int) -> tuple[_Required, int]:
    kind, token = tokens[position]
    position += 1
    if kind == "group":
        part, position = _alternatives(tokens, position)
        position += 1
    elif kind == "char":
        part = _NOTHING if token in _NOT_CERTAIN else _Required((token,), (token,))
    elif kind == "escape":
        part = _escape(token)
    elif kind in {"edge", "flags"}:
        part = _EMPTY
    else:
        part = _NOTHING
    if position < len(tokens) and tokens[position][0] == "quantifier":
        quantifier = tokens[position][1]
        position += 1
        if part.exact == (_BLANK,) and quantifier[0] == "+":
            return part, position
        if quantifier == "?" and part.exact is not None:
            return _Required(("", *part.exact), ()), position
        optional = quantifier[0] in "*?" or quantifier.startswith(("{0,", "{0}"))
        part = _NOTHING if optional else _Required(None, part.any_of)
    return part, position


def _escape(token: str) -> _Required:
    if token[1] == "s":
        return _Required((_BLANK,), ())
    if token[1] in "bBAz":
        return _EMPTY
    if token[1].isalnum() or token[1] in _ESCAPED_BY_WRITERS:
        return _NOTHING
    return _Required((token[1],), (token[1],))


def _worth(texts: tuple[str, ...]) -> tuple[int, int]:
    stripped = {text.strip() for text in texts}
    return min(map(len, stripped), default=0), -len(stripped)
