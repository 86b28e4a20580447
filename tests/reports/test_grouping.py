"""A thousand mounts that fail of one cause: a person reads the first few and how many there are."""

from __future__ import annotations

import json

from diag.model.diagnosis import CauseVerdict, Diagnosis, Likelihood
from diag.model.layer import Layer
from diag.model.subject import Kind, Subject
from diag.model.verdict import Verdict
from diag.reports.formats import machine_format
from diag.reports.grouping import by_cause
from diag.reports.report import Report
from diag.reports.terminal import Style
from diag.reports.text import to_text
from tests.reports.made import finding, report

GITHUB_SUMMARY_BYTES = 1024 * 1024
"""Source: GitHub documentation, job summaries: at most 1 MiB a step."""


def diagnosis(number: int, cause: str = "mgs-not-running", gravity: Verdict = Verdict.FAIL) -> Diagnosis:
    causes = (CauseVerdict(cause, cause, Likelihood.CONFIRMED, Layer.LNET),) if cause else ()
    volume = Subject(Kind.VOLUME, f"data-{number:04}")
    return Diagnosis(volume, f"the mount of {volume.name} fails", causes=causes, gravity=gravity)


def fleet(number: int) -> Report:
    findings = [finding(Verdict.FAIL, f"the server of data-{n:04} is silent") for n in range(number)]
    return report(*findings, diagnoses=tuple(diagnosis(n) for n in range(number)))


def test_few_are_all_told_in_full() -> None:
    (group,) = by_cause([diagnosis(n) for n in range(3)])
    assert len(group.in_full) == 3 and not group.rest


def test_of_many_the_rest_is_counted_and_named() -> None:
    (group,) = by_cause([diagnosis(n) for n in range(1000)])
    assert [d.subject.name for d in group.in_full] == ["data-0000", "data-0001", "data-0002"]
    assert group.summary == (
        "997 more with the same cause (mgs-not-running): PersistentVolume data-0003, PersistentVolume data-0004, "
        "PersistentVolume data-0005, PersistentVolume data-0006, PersistentVolume data-0007 and 992 more"
    )


def test_another_cause_is_never_hidden_behind_many_of_one() -> None:
    groups = by_cause([*(diagnosis(n) for n in range(50)), diagnosis(50, "dns-name-not-found"), diagnosis(51, "")])
    assert [(group.cause, len(group.in_full)) for group in groups] == [
        ("mgs-not-running", 3), ("dns-name-not-found", 1), ("", 1)
    ]  # fmt: skip


def test_a_warning_is_not_counted_with_failures() -> None:
    groups = by_cause([*(diagnosis(n) for n in range(5)), *(diagnosis(n, gravity=Verdict.WARN) for n in range(5))])
    assert [group.summary.partition(":")[0] for group in groups] == [
        "2 more with the same cause (mgs-not-running)", "2 more warnings with the same cause (mgs-not-running)"
    ]  # fmt: skip


def test_the_terminal_stays_readable_and_all_tells_everything() -> None:
    short = to_text(fleet(1000), Style(width=100))
    assert len(short.splitlines()) < 30
    assert "✗ 999 more with the same cause (mgs-not-running)" in short
    assert short.splitlines()[-2:] == [
        "✗ PersistentVolume data-0000 and 999 more: mgs-not-running (confirmed)",
        "  next          lustre-doctor runbook mgs-not-running",
    ]
    whole = to_text(fleet(1000), Style(width=100, everything=True))
    assert all(f"the mount of data-{n:04} fails" in whole for n in range(1000))
    assert all(f"the server of data-{n:04} is silent" in whole for n in range(1000))


def test_a_job_summary_fits_and_machines_get_all() -> None:
    made = fleet(2000)
    assert len(machine_format("markdown")(made).encode()) < GITHUB_SUMMARY_BYTES
    first, *others = json.loads(machine_format("json")(made))["diagnoses"]
    assert [diagnosis["affected"] for diagnosis in others] == [[], []]
    assert [one["subject"]["name"] for one in first["affected"]] == [f"data-{n:04}" for n in range(3, 2000)]
    page = machine_format("html")(made)
    assert page.count('id="diagnosis-') == 3
    assert all(f"data-{n:04}" in page for n in range(2000))
