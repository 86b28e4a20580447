"""A command template and the values of an incident: what fits goes in, everything else is left open."""

from __future__ import annotations

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.grammar.command import BadTemplate, Verbatim, fill, fill_sentence, fill_text, parse
from diag.grammar.placeholders import PLACEHOLDERS
from tests.grammar.test_ids import GRAMMARS

HOSTILE = [
    "x; touch pwned", "$(touch pwned)", "`touch pwned`", "a b", "'", '"; touch pwned; "', "--all", "-rf", "a\nreboot",
    "\x1b[2J", "x" * 1_000_000, "a\x00b", "\u202egnp.exe", "x' && touch pwned && '", "*", "~root", "{node}", "ＡＢ",
]  # fmt: skip


def test_a_value_fills_its_placeholder() -> None:
    assert fill("kubectl get pv {volume}", {"volume": "fsx-pv"}).argv == ("kubectl", "get", "pv", "fsx-pv")


def test_a_missing_value_stays_open() -> None:
    assert fill("kubectl get pv {volume}", {}).argv == ("kubectl", "get", "pv", "<volume>")


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda value: value[:20])
def test_a_value_that_is_no_name_is_left_out_and_the_reader_is_told(hostile: str) -> None:
    filled = fill("mount {volume} > {volume}.txt", {"volume": hostile})
    assert filled.argv == ("mount", "<volume>") and filled.output == "<volume>.txt"
    assert filled.open == ("<volume>: what was found is not a Kubernetes name",)


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_no_placeholder_takes_a_hostile_value(name: str) -> None:
    taken = [
        hostile for hostile in HOSTILE if fill_text(f"{{{name}}}", {name: hostile}) != f"<{name.replace('_', '-')}>"
    ]
    assert taken == []


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_each_is_of_a_grammar_that_admits_nothing_that_a_shell_would_act_on(name: str) -> None:
    assert PLACEHOLDERS[name] in GRAMMARS.values(), "tests/grammar/test_ids.py holds those against a shell"


@given(st.text(min_size=1, max_size=40))
def test_no_value_ever_adds_a_word(value: str) -> None:
    argv = fill("kubectl get pv {volume}", {"volume": value}).argv
    assert argv in (("kubectl", "get", "pv", value), ("kubectl", "get", "pv", "<volume>"))


def test_braces_of_json_and_of_jsonpath_are_left_alone() -> None:
    command = "kubectl get pv -o jsonpath='{.spec}' -p '{\"spec\":{}}'"
    assert fill(command, {}).argv == tuple(shlex.split(command))


def test_a_document_is_one_word_whose_texts_are_templates() -> None:
    patch = {"spec": {"csi": {"volumeAttributes": {"mountname": "{mount_name}"}}}, "status": None}
    argv = fill("kubectl patch -p {patch}", {"patch": patch, "mount_name": "abcdefgh"}).argv
    assert json.loads(argv[3])["spec"]["csi"]["volumeAttributes"] == {"mountname": "abcdefgh"}
    left_open = fill("kubectl patch -p {patch}", {"patch": patch, "mount_name": "$(x)"})
    assert "<mount-name>" in left_open.argv[3] and left_open.open


def test_a_document_of_others_is_carried_over_as_it_stands() -> None:
    argv = fill("aws --policy {policy}", {"policy": [Verbatim({"Sid": "it's {volume} $(x)"})]}).argv
    assert json.loads(argv[2]) == [{"Sid": "it's {volume} $(x)"}]


def test_a_document_of_others_that_is_very_long_is_left_out() -> None:
    filled = fill("aws --policy {policy}", {"policy": [Verbatim({"Sid": "x" * 10_000})]})
    assert filled.argv == ("aws", "--policy", "<policy>") and filled.open


@pytest.mark.parametrize(
    "command",
    ["a && b", "a | b", "a; b", "a $(b)", "a `b`", 'a "$b"', "a > b > c", "a >b", "a <b", "(a)", "a 'b", "", "> a"],
)
def test_what_only_a_shell_could_do_is_no_command(command: str) -> None:
    with pytest.raises(BadTemplate):
        parse(command)


@pytest.mark.parametrize(
    "command", ["sh -c 'a | b; c $(d)'", "aws --query 'X[?a==`LUSTRE`] | [0]'", 'aws --query "A[?b==1]|[0]"', "a > b"]
)
def test_what_stands_in_quotes_is_an_argument(command: str) -> None:
    assert parse(command).words


def test_a_sentence_takes_any_short_printable_value_and_nothing_else() -> None:
    assert fill_sentence("server {service} said {error}", {"service": "MGS x y"}) == "server MGS x y said <error>"
    assert fill_sentence("{error}", {"error": "a\nb"}) == fill_sentence("{error}", {"error": "x" * 301}) == "<error>"
