"""The functions for programs give what the commands print, and refuse with a reason."""

from __future__ import annotations

import contextlib
import inspect
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import diag
from diag import Layer, Report, WrongUsage, diagnose, explain, to_json
from diag.cli.run import command
from tests.command import Doctor, run

MANIFESTS = str(Path(__file__).parents[2] / "examples" / "original")
EVENT = (
    'MountVolume.SetUp failed for volume "fsx-pv" : rpc error: code = Internal desc = Could not mount: '
    "mount failed: exit status 19\nAre the lustre modules loaded?"
)


@pytest.mark.lab
def test_a_program_gets_what_the_command_prints(doctor: Doctor, tmp_path: Path) -> None:
    saved = tmp_path / "run.json"
    printed = doctor("run", "--save", str(saved), "--format", "json")
    report = diagnose(snapshot=str(saved))
    assert (to_json(report), report.exit_code) == (printed.out, 3)
    first = report.diagnoses[0]
    assert first.best is not None and first.best.fix is not None and first.best.fix.in_order


@pytest.mark.lab
def test_a_program_inspects_the_live_world(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in doctor.lab.env.items():
        monkeypatch.setenv(name, value)
    report = diagnose(only=["client-version", "mountname-match"])
    assert {finding.check for finding in report.findings} == {"client-version", "mountname-match"}
    assert report.exit_code == 3


def test_one_name_and_several_are_the_same() -> None:
    one = diagnose(manifests=MANIFESTS, offline=True, only="request")
    assert one.findings == diagnose(manifests=[MANIFESTS], offline=True, only=("request",)).findings
    assert {finding.layer for finding in one.findings} == {Layer.REQUEST}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"region": "eu-wset-1"}, "did you mean eu-west-1"),
        ({"via": "telnet"}, "not one of none, auto"),
        ({"deadline": 0}, "above 0"),
        ({"only": "no-such-check"}, "no-such-check"),
        ({"offline": True}, "--offline judges manifests alone"),
        ({"snapshot": "/no/such/file"}, "no/such"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(WrongUsage, match=why):
        diagnose(**wrong)


def test_a_text_is_explained() -> None:
    report = explain(EVENT)
    assert report.exit_code == 0 and report.diagnoses[0].causes[0].id == "lustre-module-missing"
    assert explain("nothing that anybody knows").exit_code == 5


def test_each_parameter_is_an_option_of_the_command_with_its_default() -> None:
    options = {str(param.name): param for param in command.params}
    for name, parameter in inspect.signature(diagnose).parameters.items():
        assert name in options, name
        default = options[name].default
        wanted = () if options[name].multiple and not isinstance(default, tuple) else default  # type: ignore[attr-defined]
        assert parameter.default == wanted or not parameter.default, name


@pytest.mark.parametrize("function", [diagnose, explain])
def test_the_example_in_the_docstring_is_python_that_uses_what_is_there(function: Any) -> None:
    blocks = textwrap.dedent(inspect.getdoc(function) or "").split("\n\n")
    example = textwrap.dedent("\n\n".join(block for block in blocks if block.startswith("    ")))
    assert example.startswith("from diag import ")
    here = example.replace('claims="training/data", context="prod"', f"manifests={MANIFESTS!r}, offline=True")
    with pytest.raises(SystemExit) if "SystemExit" in example else contextlib.nullcontext():
        exec(compile(here, "example", "exec"), {})


def test_the_public_names_load_nothing_before_they_are_used() -> None:
    code = "import sys, diag; print([n for n in ('msgspec', 'diag.api', 'diag.run') if n in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
    assert all(getattr(diag, name) for name in diag._FOR_PROGRAMS) and diag.Report is Report


def test_a_program_that_calls_it_is_never_ended_by_the_watchdog() -> None:
    from diag import watchdog

    assert watchdog._is_ours is False
    assert run("--version").code == 0
