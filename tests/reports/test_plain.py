"""Strangers' text on a terminal."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from diag.reports.plain import plain


@given(st.text())
def test_nothing_can_move_a_cursor_or_turn_a_line_round(text: str) -> None:
    shown = plain(text)
    assert all(unicodedata.category(c) not in ("Cc", "Cs") for c in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u2028\u2029")


@given(st.text(st.characters(categories=("L", "N", "P", "S"))))
def test_what_a_person_writes_is_left_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_a_line_stays_a_line() -> None:
    assert plain("마운트 실패\n\x1b[31mred\x07") == "마운트 실패 \\x1b[31mred\\x07"
