"""The statements of a trust policy that a new one keeps, whatever the policy holds."""

from __future__ import annotations

from typing import Any

import pytest

from diag.advice.identity import _statements_without
from diag.resources.iam import Role

ONE = {"Effect": "Allow", "Action": "sts:AssumeRole"}


@pytest.mark.parametrize(
    ("statement", "kept"),
    [([ONE, {"Sid": "theirs"}], [ONE]), (ONE, [ONE]), (7, []), ("x", []), ([7, None, ONE], [ONE]), (None, [])],
)
def test_what_is_no_statement_is_not_kept(statement: Any, kept: list[Any]) -> None:
    role = Role("driver", "arn:aws:iam::123456789012:role/driver", {"Statement": statement})
    assert [found.document for found in _statements_without("theirs", role)] == kept
