"""The plain texts that a pattern demands: sound for any text it matches, and specific enough to search a log for."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diag.grammar.regex import Pattern
from diag.grammar.required_text import remove_blanks_from_pattern, required_texts


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("refused connection", ("refused connection",)),
        (r"Server \S+ version is much older than client", ("version is much older than client",)),
        ("Conf(?:i)?guration from log", ("confguration from log", "configuration from log")),
        ("failed: (?:No such device|Invalid argument)", ("failed: invalid argument", "failed: no such device")),
        (r"exit\s+status \d+", ("exit status",)),
        (r"https://(?:fsx|sts)\.", ("https://fsx.", "https://sts.")),
        ("loaded?", ("loade", "loaded")),
        # What every alternative ends with goes on after them.
        (r"(?:to node \S+ failed: rc = |Lustre\S*: .{0,9}rc = )(?P<errno>-122)", ("failed: rc = -122", "rc = -122")),
        (r"(?:to node \S+|Lustre.{0,9}rc = )-122", ("lustre", "to node")),
        ('volume "[^"]+" is gone', ("is gone",)),
    ],
)
def test_the_longest_certain_text_is_chosen(pattern: str, texts: tuple[str, ...]) -> None:
    assert required_texts(pattern) == texts


@pytest.mark.parametrize("pattern", [r"\d+", "a|longer text", "(?:long text)?", "abc", "[a-z]+ [a-z]+", "x*"])
def test_nothing_is_claimed_when_nothing_is_certain(pattern: str) -> None:
    assert required_texts(pattern) == ()


WORDS = st.text("abcd", min_size=1, max_size=4)


def patterns() -> st.SearchStrategy[str]:
    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        group = inner.map(lambda p: f"(?:{p})")
        return st.one_of(
            st.tuples(inner, inner).map("".join),
            st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
            group.flatmap(lambda p: st.sampled_from([f"{p}?", f"{p}*", f"{p}+", f"{p}{{2}}", f"{p}{{0,2}}"])),
        )

    return st.recursive(
        st.one_of(WORDS, st.sampled_from(["[ab]", r"\w", r"\W", r"\D", ".", r"\.", " "])), larger, max_leaves=8
    )


@given(patterns(), st.text("abcd. ", max_size=30))
def test_every_match_holds_one_of_the_texts(pattern: str, text: str) -> None:
    texts = required_texts(pattern)
    if texts and Pattern(pattern).search(text):
        assert any(wanted in text for wanted in texts)


@given(patterns(), st.text("abcd. ", max_size=30))
@example("(?:.){2}", "a ")
@example(r"a\W+b", "a b")
def test_a_match_is_still_one_remove_blanks_from_pattern(pattern: str, text: str) -> None:
    if "[" not in pattern and re.search(pattern, text):
        assert Pattern(remove_blanks_from_pattern(pattern)).search(text.replace(" ", ""))


def test_blanks_in_a_pattern_go_with_their_quantifier() -> None:
    assert remove_blanks_from_pattern(r"a +b\s*c [ ]?d\bé[^ ]") == "abcdé[^ ]"
