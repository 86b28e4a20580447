"""Durations, and looking again until all is well."""

from __future__ import annotations

import time

import pytest

from diag.cli.duration import seconds_of
from diag.cli.waiting import look_until_well, reason_of
from diag.model.verdict import Verdict
from diag.reports.report import Report
from tests.reports.made import everything, finding, report


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30), ("2.5", 2.5), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1h2m3s", 3723), ("0.5s", 0.5),
        ("24h", 86400), ("25h", None), ("0", None), ("0s", None), ("", None), ("m", None), ("10 m", None),
        ("-5", None), ("1d", None), ("nan", None), ("inf", None), ("1m1h", None), ("1e3", None), ("٣", None),
    ],
)  # fmt: skip
def test_durations_as_people_write_them(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


class Looks:
    """Reports of one look after another, the last one again and again."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)
        self.slept: list[float] = []

    def __call__(self) -> Report:
        return Report(exit_code=self.codes.pop(0) if len(self.codes) > 1 else self.codes[0])

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def test_it_looks_once_where_all_is_well_or_nobody_waits() -> None:
    for codes, patience in (((0, 3), 60.0), ((3, 0), 0.0)):
        looks = Looks(*codes)
        assert look_until_well(looks, patience, sleep=looks.sleep).exit_code == codes[0]
        assert looks.slept == []


@pytest.mark.parametrize("code", [3, 4, 5, 6])
def test_it_looks_again_until_it_is_well(code: int) -> None:
    looks = Looks(code, code, 0)
    assert look_until_well(looks, 60, pause=5, sleep=looks.sleep).exit_code == 0
    assert looks.slept == [5, 5]


def test_a_failure_of_the_tool_is_not_waited_for() -> None:
    looks = Looks(1, 0)
    assert look_until_well(looks, 60, sleep=looks.sleep).exit_code == 1


def test_it_ends_when_the_time_is_up_with_what_it_saw_last() -> None:
    started = time.monotonic()
    assert look_until_well(Looks(3), 0.2, pause=0.05).exit_code == 3
    assert 0.2 <= time.monotonic() - started < 1.5


def test_the_reason_is_the_diagnosis_or_the_gravest_finding() -> None:
    assert reason_of(everything("the headline")) == "the headline"
    made = report(finding(Verdict.PASS, "fine"), finding(Verdict.FAIL, "broken"), finding(Verdict.WARN, "so so"))
    assert reason_of(made).endswith("broken")
    assert "nothing to inspect" in reason_of(report(exit_code=6))
