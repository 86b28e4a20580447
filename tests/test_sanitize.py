"""Strangers' text on a terminal, in a JSON document, in the log of a CI system."""

from __future__ import annotations

import json
import re
import textwrap
import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.sanitize import LINE, json_safe, one_line, visible

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
COMMANDS = ("::error::x", "::set-output name=x::y", "::stop-commands::t", "::endgroup", "##vso[task.setvariable x]y",
            "##[add-mask]x", "##teamcity[buildStop]")  # fmt: skip
TEXTS = st.text(max_size=60) | st.lists(st.sampled_from([*COMMANDS, " ", "\n", "x", "::", "##", "["])).map("".join)


def is_command(line: str) -> bool:
    """Whether a runner acts on a line. Sources: ActionCommand.cs, Command.cs, TeamCity's documentation."""
    return bool(re.match(r"\s*::[A-Za-z][\w-]*(\s.*)?(::|$)", line) or re.search(r"##[a-z]*\[", line))


@given(TEXTS)
def test_nothing_can_move_a_cursor_or_turn_a_line_round(text: str) -> None:
    for shown in (visible(text), one_line(text)):
        assert all(unicodedata.category(c) not in ("Cc", "Cs", "Co", "Zl", "Zp") for c in shown)
        assert not set(shown) & set(BIDI)


@pytest.mark.parametrize(
    "character", ["\ud800", "\ue000", "\ufdd0", "\ufffe", "\U000e0041", "\U000e0100", "\U0010fffd", "\u202e", "\x9b"]
)
def test_what_no_font_shows_is_shown_by_its_number(character: str) -> None:
    shown = visible(f"é{character}")
    assert shown.startswith("é\\") and shown[1:].isascii()


@given(TEXTS)
def test_no_line_is_a_command_to_a_ci_system_wherever_it_is_wrapped(text: str) -> None:
    for line in (visible(text), *textwrap.wrap(visible(text), 8, break_long_words=False), one_line(text)):
        assert not is_command(line)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_one_where_it_is_not_cleaned(command: str) -> None:
    assert is_command(command) and not is_command(visible(command))


@given(st.text(st.characters(categories=("L", "N", "P", "S"))).filter(lambda t: "::" not in t and "##" not in t))
def test_what_a_person_writes_is_left_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize("text", ["fe80::a:1", "::1", "dead::beef@tcp", "std::string x", "kubectl  get  pv"])
def test_what_only_looks_like_a_command_is_left_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_a_line_stays_a_line() -> None:
    assert visible("마운트 실패\n\x1b[31mred\x07") == "마운트 실패 \\x1b[31mred\\x07"


def test_one_line_folds_blanks_and_says_that_it_cut() -> None:
    assert one_line("a\n\t  b \x00") == "a b \\x00"
    assert one_line("x" * 1000) == "x" * (LINE - 1) + "…"
    assert one_line(" " * 10_000 + "x", 5) == "…"
    assert one_line(OSError("no\r\nway")) == "no way"


@given(st.text(), st.integers(2, 50))
def test_one_line_is_no_longer_than_it_was_told(text: str, limit: int) -> None:
    assert len(one_line(text, limit)) <= limit


@given(TEXTS)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert one_line(one_line(text)) == one_line(text)


@given(st.dictionaries(TEXTS, st.lists(TEXTS)))
def test_a_json_document_says_the_same_and_moves_no_cursor(value: dict[str, list[str]]) -> None:
    try:
        document = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return
    safe = json_safe(document)
    assert json.loads(safe) == value
    assert all(unicodedata.category(c) != "Cc" for c in safe) and not set(safe) & set(BIDI)
    assert not any(is_command(line) for line in safe.splitlines())
