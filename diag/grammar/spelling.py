"""Names that were probably meant by one that does not exist."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean x or y?` with the known names that are spelled nearly alike; empty where none is."""
    import difflib

    near = difflib.get_close_matches(name, sorted(set(known)), 3)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def nearest(word: str, words: Iterable[str]) -> str:
    """The one of the words that differs by case, plural or a letter; empty where none does."""
    import difflib

    plain = {known.lower(): known for known in words}
    return next((plain[name] for name in difflib.get_close_matches(word.lower(), plain, 1, 0.85)), "")
