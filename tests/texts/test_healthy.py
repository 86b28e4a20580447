"""A healthy node's logs show no cause, however much goes wrong with others on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from diag.diagnosis.explain import explain
from diag.knowledge.runbooks import load_knowledge
from diag.sources.texts.streams import Texts
from diag.texts.symptoms import read_symptoms
from tests.texts.healthy import healthy_lines

KNOWLEDGE = load_knowledge()


@pytest.mark.parametrize("seed", [1, 2])
def test_ten_thousand_healthy_lines_show_nothing(tmp_path: Path, seed: int) -> None:
    (tmp_path / "messages").write_text("\n".join(healthy_lines(10_000, seed)))
    report = read_symptoms(Texts([str(tmp_path / "messages")]), KNOWLEDGE)
    assert report.lines_read == 10_000
    assert [cause for diagnosis in explain(report.groups, KNOWLEDGE.causes) for cause in diagnosis.causes] == []


def test_a_short_healthy_paste_shows_nothing(tmp_path: Path) -> None:
    for number, line in enumerate(healthy_lines(500, seed=11, trouble=0)):
        (tmp_path / "line").write_text(line)
        report = read_symptoms(Texts([str(tmp_path / "line")]), KNOWLEDGE)
        causes = [cause for diagnosis in explain(report.groups, KNOWLEDGE.causes) for cause in diagnosis.causes]
        assert causes == [], f"{number}: {line}"
