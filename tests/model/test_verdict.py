"""The algebra of verdicts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from diag.model.verdict import Verdict, worst

verdicts = st.lists(st.sampled_from(Verdict))


@given(verdicts, verdicts)
def test_worst_does_not_depend_on_order_or_grouping(left: list[Verdict], right: list[Verdict]) -> None:
    assert worst([*left, *right]) is worst([*right, *left]) is worst([worst(left), worst(right)])


@given(verdicts, st.sampled_from(Verdict))
def test_one_more_verdict_never_makes_it_better(seen: list[Verdict], more: Verdict) -> None:
    assert worst([*seen, more]).rank >= worst(seen).rank
