"""docs/probe.md against the code: the rungs, their causes, the options, and the files that are read."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from diag.cli.probe import command
from diag.model.verdict import Verdict
from diag.resources.lnet_probe import Step
from diag.sources.lnet import host
from diag.sources.lnet.situation import TABLE

PAGE = (Path(__file__).parents[2] / "docs/probe.md").read_text("utf-8")
RUNGS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.partition("| rung | asks |")[2].partition("\n\n")[0].splitlines()[2:]
]


def test_the_rungs_are_those_of_the_ladder_in_order() -> None:
    named = [re.sub(r" \(.*", "", row[0]) for row in RUNGS]
    assert named == [f"{step.number} {step.value}" for step in Step]


def test_each_rung_names_the_causes_that_it_can_fail_with() -> None:
    for step, row in zip(Step, RUNGS, strict=True):
        found = {
            cause
            for one in TABLE.values()
            if one.step is step and one.verdict is Verdict.FAIL
            for cause in (one.cause, one.beside)
            if cause
        }
        assert set(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)+", row[2])) == found, step


def test_every_option_is_on_the_page_and_every_one_on_the_page_is_real() -> None:
    real = {name for one in command.params for name in one.opts if name.startswith("--")}
    on_page = set(re.findall(r"`(--[a-z-]+)", PAGE))
    assert on_page - real <= {"--help"}
    common = {"--format", "--output", "--color", "--colour"}
    assert {name for name in real if name not in on_page} <= common


def test_the_files_of_the_kernel_that_the_page_names_are_those_that_are_read() -> None:
    read = inspect.getsource(host)
    named = re.findall(r"`/((?:sys|proc)/[a-z0-9/]+)`", PAGE.partition("## Beside a live client")[2])
    assert named
    assert [name for name in named if name not in read and name.rpartition("/")[2] not in read] == []
