"""Every fault alone, every healthy variant, and a sample of pairs (`make faults` prints them all)."""

from __future__ import annotations

import pytest

from tests.faults.matrix import Row, run, sampled_pairs, single, variant
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


BESIDE = ("sibling-cluster", "other-region-cluster", "other-account-cluster", "hybrid-node-beside", "auto-mode")


@pytest.mark.parametrize("world", BESIDE)
@pytest.mark.parametrize("name", ["", "version-2.10", "sg-without-988", "mountname-wrong-case"])
def test_what_lies_beside_the_path_changes_no_answer(lab: Lab, world: str, name: str) -> None:
    """Another cluster, Region or account, or nodes of another kind: quiet when healthy, and faults keep their names."""
    lab.load(world)
    lab.inject(*filter(None, [name]))
    report = run(lab)
    named = [diagnosis["causes"][0]["id"] for diagnosis in report["diagnoses"] if diagnosis["causes"]]
    loud = [finding["check"] for finding in report["findings"] if finding["verdict"] not in ("pass", "skip")]
    assert named[:1] == ([FAULTS[name].cause] if name else [])
    assert bool(loud) == bool(name)


def test_two_faults_at_once_are_both_named(lab: Lab) -> None:
    missed: list[Row] = [row for row in sampled_pairs(lab, PAIRS_HERE) if not row.right]
    assert [f"{row.name}: told {row.told}" for row in missed] == []
