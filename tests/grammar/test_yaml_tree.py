"""YAML as values with places: what kubectl reads, and nothing that could hurt."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.grammar.yaml_tree import MOST_VALUES, BadYaml, Value, documents, plain, scalar, strings

PRINTABLE = st.characters(min_codepoint=32, max_codepoint=126)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(PRINTABLE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz09-_", min_size=1), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


def only(text: str) -> Value:
    [value] = documents(text)
    return value


@given(JSON.filter(lambda value: isinstance(value, dict | list)))
def test_json_is_read_as_json(value: Any) -> None:
    assert plain(only(json.dumps(value))) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True), ("off", False), ("~", None), ("1200", 1200), ("1200Gi", "1200Gi"), ("010", 8), ("0x1f", 31),
        ("2.10", 2.1), ("1e3", 1000.0), ("2026-11-24", "2026-11-24"), ("12:30:45", "12:30:45"), ("1_000", 1000),
        ("0o17", 15), ("08", "08"), ("+1", 1), ("-", "-"), ("9" * 5000, "9" * 5000), (".", "."), ("y", "y"),
    ],
)  # fmt: skip
def test_unquoted_words_are_what_kubectl_takes_them_for(text: str, value: object) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_quoted_words_stay_text() -> None:
    assert plain(only("a: '1200'\nb: \"true\"\n")) == {"a": "1200", "b": "true"}


def test_every_value_knows_its_place() -> None:
    found = only("a:\n  - b: x\n  - c:   {d: y}\n").at("a", 1, "c", "d")
    assert found is not None
    assert (found.line, found.column, found.content) == (3, 14, "y")


def test_aliases_and_merge_keys_are_written_out() -> None:
    text = "base: &b {x: 1, y: 2}\none:\n  <<: *b\n  y: 3\ntwo: *b\n"
    assert plain(only(text)) == {"base": {"x": 1, "y": 2}, "one": {"x": 1, "y": 3}, "two": {"x": 1, "y": 2}}


def test_an_alias_bomb_is_refused_in_no_time_and_no_space() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 20)]
    tracemalloc.start()
    started = time.process_time()
    root = only("\n".join(levels))
    with pytest.raises(BadYaml, match="alias bomb") as refused:
        plain(root)
    assert time.process_time() - started < 20
    assert tracemalloc.get_traced_memory()[1] < 200 * 1024 * 1024
    tracemalloc.stop()
    assert refused.value.line >= 1


def test_an_alias_that_contains_itself_is_refused_where_it_stands() -> None:
    with pytest.raises(BadYaml, match="nothing that is finished") as refused:
        only("a: &a\n  b: *a\n")
    assert (refused.value.line, refused.value.column) == (2, 6)


def test_depth_costs_no_stack() -> None:
    # The libyaml of PyYAML 6.0.4 has a limit of its own and may meet it first: it reads ahead.
    with pytest.raises(BadYaml, match=r"nested deeper|nesting depth"):
        only("[" * 200_000)


def test_a_document_of_too_many_values_is_refused() -> None:
    with pytest.raises(BadYaml, match="more than"):
        only("[" + "1," * (MOST_VALUES + 1) + "1]")


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("a: 1\na: 2\n", "given twice", (2, 1)),
        ("a: [1, 2\nb: 3\n", ".", (2, 2)),
        ("? [x]\n: 1\n", "plain word", (1, 3)),
        ("a: *nobody\n", "alias", (1, 4)),
        ("a:\n\t- b\n", "token", (2, 1)),
    ],
)
def test_a_mistake_is_reported_with_its_place(text: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(BadYaml, match=message) as refused:
        only(text)
    assert (refused.value.line, refused.value.column) == place


@pytest.mark.parametrize("text", ["2.10", "no", "2026-11-24", "~", "0x1f", "1e3", "yes", "''"])
def test_where_strings_are_asked_for_nothing_is_guessed(text: str) -> None:
    assert plain(strings(f"a: {text}\n")) == {"a": text.strip("'")}


@pytest.mark.parametrize("text", ["a: &x 1\n", "a: &x [1]\n", "a: *x\n"])
def test_where_strings_are_asked_for_there_are_no_anchors(text: str) -> None:
    with pytest.raises(BadYaml, match="anchors and aliases are not accepted"):
        strings(text)


def test_where_strings_are_asked_for_there_is_one_document() -> None:
    assert plain(strings("a: 1\n---\nb: [\n")) == {"a": "1"}
    assert plain(strings("")) == {}
