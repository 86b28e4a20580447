"""A sample of `make fuzz`: whatever is answered, no crash, no false pass, no fix that destroys what is healthy."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.mutate import Answer, break_inside, break_whole
from tests.fuzz.runs import judgements, run, saved_run
from tests.lab.lab import Lab

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("seed", range(4))
def test_a_healthy_cluster_behind_a_proxy_is_unknown_at_worst(lab: Lab, seed: int) -> None:
    lab.load("healthy")
    ran = run(lab, seed, whole=True)
    assert (ran.wrong, ran.destroys) == ("", ())


@pytest.mark.parametrize("seed", range(4))
def test_a_broken_cluster_behind_a_proxy_is_never_healthy(lab: Lab, seed: int) -> None:
    lab.load("incident")
    ran = run(lab, seed, whole=True)
    assert ran.wrong == ""
    assert ran.exit_code != 0


@pytest.mark.parametrize("seed", range(6))
def test_a_member_of_another_type_is_no_bug_of_the_tool(lab: Lab, seed: int) -> None:
    lab.load("incident")
    assert run(lab, seed, whole=False).wrong == ""


def test_facts_of_any_kind_are_judged(lab: Lab, tmp_path: Path) -> None:
    lab.load("incident")
    assert [ran for ran in judgements(saved_run(lab, tmp_path / "run.json"), 0, 150) if ran.wrong] == []


def test_the_operators_break_something() -> None:
    answer = Answer(200, "application/json", b'{"items": [{"a": 1}], "kind": "List"}')
    for seed in range(50):
        assert break_whole(answer, random.Random(seed)).answer != answer
    changed = [break_inside(answer, random.Random(seed)).answer != answer for seed in range(50)]
    assert sum(changed) > 40
