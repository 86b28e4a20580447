"""The exit codes: which verdict decides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.model.exit_code import ExitCode, exit_code
from diag.model.verdict import Verdict

verdicts = st.lists(st.sampled_from(Verdict))
flags = st.booleans()


@given(verdicts, flags, flags, flags)
def test_a_failure_always_exits_3(seen: list[Verdict], inspected: bool, warn: bool, unknown: bool) -> None:
    code = exit_code([*seen, Verdict.FAIL], inspected=inspected, fail_on_warn=warn, unknown_passes=unknown)
    assert code is ExitCode.FAILED


@given(verdicts, flags)
def test_unknown_never_exits_0_unless_it_is_let_through(seen: list[Verdict], warn: bool) -> None:
    assert exit_code([*seen, Verdict.UNKNOWN], inspected=True, fail_on_warn=warn) in (3, 5)


@given(verdicts, flags, flags)
def test_the_order_of_findings_does_not_matter(seen: list[Verdict], warn: bool, unknown: bool) -> None:
    def code(order: list[Verdict]) -> ExitCode:
        return exit_code(order, inspected=True, fail_on_warn=warn, unknown_passes=unknown)

    assert code(seen) is code(list(reversed(seen)))


@pytest.mark.parametrize(
    ("seen", "options", "code"),
    [
        ([Verdict.PASS, Verdict.SKIP], {}, 0),
        ([Verdict.PASS, Verdict.WARN], {}, 0),
        ([Verdict.PASS, Verdict.WARN], {"fail_on_warn": True}, 4),
        ([Verdict.WARN, Verdict.UNKNOWN], {"fail_on_warn": True}, 5),
        ([Verdict.WARN, Verdict.UNKNOWN], {"fail_on_warn": True, "unknown_passes": True}, 4),
        ([Verdict.UNKNOWN], {"unknown_passes": True}, 0),
        ([], {"inspected": False}, 6),
        ([Verdict.UNKNOWN], {"inspected": False}, 6),
        ([Verdict.PASS], {"is_complete": False}, 5),
        ([Verdict.PASS], {"is_complete": False, "unknown_passes": True}, 0),
        ([Verdict.FAIL], {"is_complete": False}, 3),
    ],
)
def test_exit_codes(seen: list[Verdict], options: dict[str, bool], code: int) -> None:
    assert exit_code(seen, **{"inspected": True, **options}) == code
