"""Sets of patterns answer as their members do, and no pattern can make matching slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diag.grammar.regex import BadPattern, BytesFinder, Pattern, PatternSet
from diag.knowledge.runbooks import load_knowledge

SIGNATURES = [
    signature for cause in load_knowledge().causes.values() for signature in cause.signatures if signature.pattern
]
PATTERNS = [signature.pattern for signature in SIGNATURES]
SET = PatternSet(PATTERNS)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(SIGNATURES) - 1), st.integers(0, len(SIGNATURES) - 1), st.integers(0, 200))
def test_a_set_finds_what_its_members_find(one: int, other: int, cut: int) -> None:
    text = f"{SIGNATURES[one].sample[cut:]} {SIGNATURES[other].sample}"
    assert SET.matching(text.encode()) == tuple(
        position for position, pattern in enumerate(PATTERNS) if Pattern(pattern).search(text)
    )


def test_an_empty_set_matches_nothing() -> None:
    assert PatternSet([]).matching(b"anything") == ()


@pytest.mark.parametrize("pattern", ["(a", "(?=look-ahead)", r"(a)\1", "[z-a]"])
def test_a_pattern_outside_re2_is_refused_with_its_reason(pattern: str) -> None:
    with pytest.raises(BadPattern) as error:
        Pattern(pattern)
    assert str(error.value).startswith(f"{pattern!r}: ") and len(str(error.value)) > len(repr(pattern)) + 5


def test_a_pattern_that_ruins_other_engines_stays_linear() -> None:
    pattern = Pattern("(?:a+)+(?:b|$x)")
    started = time.process_time()
    assert pattern.search("a" * 1_000_000) is None
    assert time.process_time() - started < 5


def test_a_finder_ignores_case_and_honours_its_bounds() -> None:
    finder = BytesFinder([rb"no\s+such", b"lustre"])
    data = b"xx LUSTRE yy No\n   Such"
    assert finder.next(data, 0, len(data)) == 3
    assert finder.next(data, 4, len(data)) == 13
    assert finder.next(data, 4, len(data) - 1) == -1
