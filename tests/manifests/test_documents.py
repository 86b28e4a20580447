"""A stream of YAML documents: a bad one costs only itself, a template is named as what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.grammar.yaml_tree import BadYaml, Value, plain
from diag.sources.manifests.documents import MOST_PROBLEMS, documents_in


@given(st.text(max_size=300))
def test_any_text_gives_values_or_a_place_in_it(text: str) -> None:
    for found in documents_in(text):
        assert 1 <= found.line <= sum(text.count(mark) for mark in "\n\r\x85\u2028\u2029") + 2
        assert found.column >= 1


def test_a_bad_document_costs_only_itself() -> None:
    found = list(documents_in("a: 1\n---\nb: [\n---\n# nothing\n---\nc: 3\n"))
    assert [plain(v) if isinstance(v, Value) else (v.line, v.column) for v in found] == [{"a": 1}, (4, 1), {"c": 3}]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("kind: Pod\n---\nname: {{ .Values.name }}\n", (3, 7)),
        ("{{- if .Values.pv }}\nkind: PersistentVolume\n{{- end }}\n", (1, 1)),
    ],
)
def test_template_braces_are_named_as_what_they_are(text: str, place: tuple[int, int]) -> None:
    bad = list(documents_in(text))[-1]
    assert isinstance(bad, BadYaml)
    assert "helm template" in bad.message
    assert (bad.line, bad.column) == place


def test_quoted_braces_are_a_value_like_any_other() -> None:
    [value] = documents_in('name: "{{ .Values.name }}"\n')
    assert isinstance(value, Value)
    assert value.text("name") == "{{ .Values.name }}"


@pytest.mark.parametrize(
    "text",
    ['{\n\t"kind": "Pod"\n}\n', '{"kind": "Pod", "a": "\\/x"}', '{"kind":"Pod","a":"\\ud83d\\ude00"}'],
)
def test_json_that_is_no_yaml_is_read_all_the_same(text: str) -> None:
    [value] = documents_in(text)
    assert isinstance(value, Value)
    assert value.text("kind") == "Pod"


def test_a_file_of_nothing_but_bad_documents_is_given_up() -> None:
    found = list(documents_in("---\na: [\n" * 5000))
    assert len(found) == MOST_PROBLEMS + 2
    assert isinstance(found[-1], BadYaml)
    assert "the rest is not read" in found[-1].message
