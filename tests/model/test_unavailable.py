"""Failures are raised inside and become values at the edge."""

from __future__ import annotations

import pytest

from diag import Reason, Table, Unavailable, Unreadable, fact, unwrap
from diag.model.unavailable import is_absent, value_or
from diag.resources.table import table_of

DENIED = Unavailable("list nodes", Reason.DENIED, permission="list nodes")
ABSENT = Unavailable("role", Reason.ABSENT)


def test_a_value_is_itself_and_a_missing_one_is_raised() -> None:
    assert unwrap(7) == 7
    assert unwrap(()) == ()
    with pytest.raises(Unreadable) as raised:
        unwrap(DENIED)
    assert raised.value.unavailable is DENIED


def test_what_is_only_nice_to_know_has_a_default() -> None:
    assert (value_or(7, 1), value_or(DENIED, 1), value_or(None, 1)) == (7, 1, None)


def test_absent_is_an_answer_and_a_refusal_is_none() -> None:
    assert [is_absent(value) for value in (ABSENT, DENIED, 7, None)] == [True, False, False, False]


def test_what_a_fact_raises_is_its_value() -> None:
    @fact()
    def nodes(kube: object) -> int:
        return unwrap(DENIED)

    assert nodes(None) is DENIED


def test_a_table_has_a_reason_for_each_key_that_could_not_be_read() -> None:
    def read(key: str) -> int:
        return unwrap(DENIED) if key == "b" else ord(key)

    assert table_of("abc", read) == Table({"a": 97, "c": 99}, {"b": DENIED})
    with pytest.raises(ZeroDivisionError):
        table_of("a", lambda key: 1 // 0)
