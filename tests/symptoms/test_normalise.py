"""What signatures see: one line, whatever the terminal, the log writer or the mail program did to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.symptoms.normalise import normalise


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("a  b\t\tc\r\n   d", "a b c d"),
        ("\x1b[1;31mLustreError:\x1b[0m x", "LustreError: x"),
        ("^[[31mred^[[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        (r'err="Could not mount \"fs-1@tcp:/a\" at\n\tx"', 'err="Could not mount "fs-1@tcp:/a" at x"'),
        (r"rc \u003cunknown\u003e", "rc <unknown>"),
        ("one#012two", "one two"),
        ("Can’t parse NID “x”", 'Can\'t parse NID "x"'),
        ("nul\x00byte and \u202emark", "nul byte and mark"),
    ],
)
def test_what_is_seen(raw: str, seen: str) -> None:
    assert normalise(raw) == seen


@given(st.text())
def test_never_a_control_character_or_a_double_blank(raw: str) -> None:
    seen = normalise(raw)
    assert "  " not in seen and "\n" not in seen and "\x1b" not in seen and "\x00" not in seen
