"""Durations, and `--wait`: a run is repeated until it is healthy."""

from __future__ import annotations

import pytest

from diag.cli._options import seconds_of
from diag.cli.run import reason_of, repeat_until_healthy
from diag.model.verdict import Verdict
from diag.reports.report import Report
from tests.reports.made import everything, finding, report


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30), ("2.5", 2.5), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1h2m3s", 3723), ("0.5s", 0.5),
        ("24h", 86400),
    ],
)  # fmt: skip
def test_durations_as_people_write_them(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["25h", "0", "0s", "", "m", "10 m", "-5", "1d", "nan", "inf", "1m1h", "1e3", "٣"])
def test_what_is_not_a_duration_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write 90s, 10m or 1h30m"):
        seconds_of(text)


class Attempts:
    """Reports of one attempt after another, the last one repeated, and a clock that only sleeping moves."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)
        self.slept: list[float] = []

    def repeat(self, patience: float) -> int:
        return repeat_until_healthy(
            self.attempt, patience, sleep=self.slept.append, clock=lambda: sum(self.slept)
        ).exit_code

    def attempt(self) -> Report:
        return Report(exit_code=self.codes.pop(0) if len(self.codes) > 1 else self.codes[0])


def test_a_healthy_run_is_not_repeated_nor_is_any_without_patience() -> None:
    for codes, patience in (((0, 3), 60.0), ((3, 0), 0.0)):
        attempts = Attempts(*codes)
        assert attempts.repeat(patience) == codes[0]
        assert attempts.slept == []


@pytest.mark.parametrize("code", [3, 4, 5, 6])
def test_a_run_that_is_not_healthy_is_repeated_until_it_is(code: int) -> None:
    attempts = Attempts(code, code, 0)
    assert attempts.repeat(60) == 0
    assert attempts.slept == [5, 5]


def test_a_failure_of_the_tool_is_not_waited_for() -> None:
    attempts = Attempts(1, 0)
    assert attempts.repeat(60) == 1
    assert attempts.slept == []


def test_when_the_time_is_up_the_last_report_counts() -> None:
    attempts = Attempts(3)
    assert attempts.repeat(12) == 3
    assert attempts.slept == [5, 5, 2]


def test_the_reason_is_the_diagnosis_or_the_most_severe_finding() -> None:
    assert reason_of(everything("the headline")) == "the headline"
    made = report(finding(Verdict.PASS, "fine"), finding(Verdict.FAIL, "broken"), finding(Verdict.WARN, "so so"))
    assert reason_of(made).endswith("broken")
    assert "nothing to inspect" in reason_of(report(exit_code=6))
