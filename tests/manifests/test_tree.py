"""YAML as values with places: what kubectl reads, and nothing that could hurt."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.sources.manifests.pieces import MOST_PROBLEMS, values_of
from diag.sources.manifests.tree import MOST_VALUES, BadDocument, Value, documents, plain, scalar

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


@given(st.text(max_size=300))
def test_any_text_gives_values_or_a_place_in_it(text: str) -> None:
    for found in values_of(text):
        assert 1 <= found.line <= sum(text.count(mark) for mark in "\n\r\x85\u2028\u2029") + 2
        assert found.column >= 1


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
    started = time.perf_counter()
    root = only("\n".join(levels))
    with pytest.raises(BadDocument, match="alias bomb") as refused:
        plain(root)
    assert time.perf_counter() - started < 20
    assert tracemalloc.get_traced_memory()[1] < 200 * 1024 * 1024
    tracemalloc.stop()
    assert refused.value.line >= 1


def test_an_alias_that_contains_itself_is_refused_where_it_stands() -> None:
    with pytest.raises(BadDocument, match="nothing that is finished") as refused:
        only("a: &a\n  b: *a\n")
    assert (refused.value.line, refused.value.column) == (2, 6)


def test_depth_costs_no_stack() -> None:
    # The libyaml of PyYAML 6.0.4 has a limit of its own and may meet it first: it reads ahead.
    with pytest.raises(BadDocument, match=r"nested deeper|nesting depth"):
        only("[" * 200_000)


def test_a_document_of_too_many_values_is_refused() -> None:
    with pytest.raises(BadDocument, match="more than"):
        only("[" + "1," * (MOST_VALUES + 1) + "1]")


@pytest.mark.parametrize(
    ("text", "told", "place"),
    [
        ("a: 1\na: 2\n", "given twice", (2, 1)),
        ("a: [1, 2\nb: 3\n", ".", (2, 2)),
        ("? [x]\n: 1\n", "plain word", (1, 3)),
        ("a: *nobody\n", "alias", (1, 4)),
        ("a:\n\t- b\n", "token", (2, 1)),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, told: str, place: tuple[int, int]) -> None:
    with pytest.raises(BadDocument, match=told) as refused:
        only(text)
    assert (refused.value.line, refused.value.column) == place


def test_a_bad_document_costs_only_itself() -> None:
    found = list(values_of("a: 1\n---\nb: [\n---\n# nothing\n---\nc: 3\n"))
    assert [plain(v) if isinstance(v, Value) else (v.line, v.column) for v in found] == [{"a": 1}, (4, 1), {"c": 3}]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("kind: Pod\n---\nname: {{ .Values.name }}\n", (3, 7)),
        ("{{- if .Values.pv }}\nkind: PersistentVolume\n{{- end }}\n", (1, 1)),
    ],
)
def test_template_braces_are_named_as_what_they_are(text: str, place: tuple[int, int]) -> None:
    bad = list(values_of(text))[-1]
    assert isinstance(bad, BadDocument)
    assert "helm template" in bad.told
    assert (bad.line, bad.column) == place


def test_quoted_braces_are_a_value_like_any_other() -> None:
    [value] = values_of('name: "{{ .Values.name }}"\n')
    assert isinstance(value, Value)
    assert value.text("name") == "{{ .Values.name }}"


@pytest.mark.parametrize(
    "text",
    ['{\n\t"kind": "Pod"\n}\n', '{"kind": "Pod", "a": "\\/x"}', '{"kind":"Pod","a":"\\ud83d\\ude00"}'],
)
def test_json_that_is_no_yaml_is_read_all_the_same(text: str) -> None:
    [value] = values_of(text)
    assert isinstance(value, Value)
    assert value.text("kind") == "Pod"


def test_a_file_of_nothing_but_bad_documents_is_given_up() -> None:
    found = list(values_of("---\na: [\n" * 5000))
    assert len(found) == MOST_PROBLEMS + 2
    assert isinstance(found[-1], BadDocument)
    assert "the rest is not read" in found[-1].told
