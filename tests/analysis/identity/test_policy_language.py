"""The policy language: patterns and conditions."""

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.analysis.identity.policy_language import Clause, Request, arn_like, clauses_of, covers_action, like

SMALL = st.text("ab:", max_size=8)
PATTERNS = st.text("ab:*?", max_size=8)


@given(PATTERNS, SMALL)
def test_like_is_what_a_glob_says(pattern: str, text: str) -> None:
    assert like(pattern, text) is bool(re.fullmatch(fnmatch.translate(pattern), text))


@given(SMALL, SMALL)
def test_a_text_without_wildcards_covers_itself_alone(one: str, other: str) -> None:
    assert like(one, other) is (one == other)


def test_like_needs_no_time_for_a_hostile_pattern() -> None:
    assert not like("*a" * 500 + "b", "a" * 2000)


def test_an_arn_pattern_stays_within_its_parts() -> None:
    arn = "arn:aws:eks:eu-west-1:111122223333:cluster/training"
    assert arn_like("arn:aws:eks:*:111122223333:cluster/*", arn)
    assert not arn_like("arn:aws:*:cluster/training", arn)


@pytest.mark.parametrize(
    ("statement", "covered"),
    [
        ({"Action": "fsx:CreateFileSystem"}, True),
        ({"Action": "FSX:createfilesystem"}, True),
        ({"Action": ["s3:*", "fsx:Create*"]}, True),
        ({"Action": "fsx:Describe*"}, False),
        ({"NotAction": "iam:*"}, True),
        ({"NotAction": ["fsx:*"]}, False),
    ],
)
def test_which_actions_a_statement_covers(statement: dict[str, object], covered: bool) -> None:
    assert covers_action(statement, "fsx:CreateFileSystem") is covered


REQUEST = Request({"issuer.example/id:sub": ("me",), "issuer.example/id:many": ("a", "b"), "aws:tag": ("t",)})


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "holds"),
    [
        ("StringEquals", "issuer.example/id:sub", ("me",), True),
        ("StringEquals", "ISSUER.example/ID:Sub", ("you", "me"), True),
        ("StringEquals", "issuer.example/id:sub", ("ME",), False),
        ("StringEqualsIgnoreCase", "issuer.example/id:sub", ("ME",), True),
        ("StringEquals", "issuer.example/id:sub", ("m*",), False),
        ("StringLike", "issuer.example/id:sub", ("m?",), True),
        ("StringNotEquals", "issuer.example/id:sub", ("me", "you"), False),
        ("StringNotLike", "issuer.example/id:sub", ("y*",), True),
        ("StringEquals", "other.example/id:sub", ("me",), False),
        ("StringEqualsIfExists", "other.example/id:sub", ("me",), True),
        ("StringEqualsIfExists", "issuer.example/id:sub", ("you",), False),
        ("StringNotEquals", "other.example/id:sub", ("me",), True),
        ("Null", "other.example/id:sub", ("true",), True),
        ("Null", "issuer.example/id:sub", ("true",), False),
        ("Null", "issuer.example/id:sub", ("false",), True),
        ("ForAnyValue:StringEquals", "issuer.example/id:many", ("b",), True),
        ("ForAllValues:StringEquals", "issuer.example/id:many", ("b",), False),
        ("ForAllValues:StringEquals", "issuer.example/id:many", ("a", "b", "c"), True),
        ("ForAnyValue:StringEquals", "other.example/id:many", ("b",), False),
        ("ForAllValues:StringEquals", "other.example/id:many", ("b",), True),
        ("ForAnyValue:StringNotEquals", "other.example/id:many", ("b",), False),
        ("StringEquals", "aws:PrincipalOrgID", ("o-1",), None),
        ("StringEquals", "aws:Tag", ("${aws:username}",), None),
        ("StringEquals", "aws:Tag", ("${aws:username}", "t"), True),
        ("IpAddress", "aws:Tag", ("10.0.0.0/8",), None),
    ],
)
def test_a_clause(operator: str, key: str, wanted: tuple[str, ...], holds: bool | None) -> None:
    assert Clause(operator, key, wanted).holds(REQUEST) is holds


@given(st.sampled_from(["StringEquals", "StringLike"]), st.lists(PATTERNS, min_size=1, max_size=3), SMALL)
def test_a_negated_operator_is_the_contrary_of_the_plain_one(operator: str, wanted: list[str], value: str) -> None:
    request = Request({"host.example:sub": (value,)})
    plain = Clause(operator, "host.example:sub", tuple(wanted)).holds(request)
    negated = Clause(operator.replace("String", "StringNot"), "host.example:sub", tuple(wanted)).holds(request)
    assert {plain, negated} == {True, False}


def test_conditions_are_read_whether_values_stand_alone_or_in_a_list() -> None:
    condition = {"StringEquals": {"a": "x", "b": ["y", "z"]}, "Bool": {"aws:SecureTransport": True}}
    assert clauses_of({"Condition": condition}) == (
        Clause("StringEquals", "a", ("x",)),
        Clause("StringEquals", "b", ("y", "z")),
        Clause("Bool", "aws:SecureTransport", ("true",)),
    )
