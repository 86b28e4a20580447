"""What other programs of a cluster print names no cause of ours."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.runbooks.test_samples import hits_in

PROGRAMS = yaml.safe_load(Path(__file__).with_name("other_software.yaml").read_text("utf-8"))
NOT_OURS = {"pod-unschedulable"}
"""Causes that say themselves that the fault is not Lustre's."""
TEXTS = [(program["name"], text) for program in PROGRAMS for text in program["texts"]]


@pytest.mark.parametrize(("program", "text"), TEXTS)
def test_no_cause_claims_the_text_of_another_program(program: str, text: str) -> None:
    hits = hits_in(text)
    assert {f"{cause}/{one}" for cause, one, weight in hits if weight != "benign" and cause not in NOT_OURS} == set()


def test_every_text_is_written_once_with_its_origin() -> None:
    assert len({text for _, text in TEXTS}) == len(TEXTS) >= 300
    assert all(program["source"] for program in PROGRAMS)
