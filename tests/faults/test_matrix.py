"""Every fault alone, every healthy variant, and a sample of pairs (`make faults` prints them all)."""

from __future__ import annotations

import pytest

from tests.faults.matrix import Row, sampled_pairs, single, variant
from tests.lab.faults import FAULTS
from tests.lab.lab import Lab
from tests.lab.variants import VARIANTS

pytestmark = pytest.mark.lab

HEAL = {"pod-before-plugin-on-new-node", "pull-rate-limited"}
"""Faults that need nothing but a moment."""
PAIRS_HERE = 10
"""The full sample takes minutes: it is `make faults`."""


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_single_fault_is_named_first_and_nothing_else_fails(lab: Lab, name: str) -> None:
    row = single(lab, FAULTS[name])
    assert row.told[:1] == row.wanted
    assert row.stray == ()
    live = lab.come_alive()
    live.settle()
    broken = live.broken() or not FAULTS[name].gone(lab)
    assert bool(broken) != (name in HEAL), "the lab's own world does not show the fault"


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_a_healthy_variant_passes_without_a_warning(lab: Lab, name: str) -> None:
    report = variant(lab, name)
    loud = [f"{f['check']}: {f['message']}" for f in report["findings"] if f["verdict"] not in ("pass", "skip")]
    assert (loud, report["exit_code"]) == ([], 0)
    live = lab.come_alive()
    live.settle()
    assert live.broken() == []


def test_two_faults_at_once_are_both_named(lab: Lab) -> None:
    missed: list[Row] = [row for row in sampled_pairs(lab, PAIRS_HERE) if not row.right]
    assert [f"{row.name}: told {row.told}" for row in missed] == []
