"""Help that can be pasted, and names that a shell completes."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import get_completion_class

from diag.cli import COMMANDS, cli
from diag.cli._options import Command

PROGRAM = Path(sys.executable).with_name("lustre-doctor")


def command_of(name: str) -> Command:
    found = cli.get_command(click.Context(cli), name)
    assert isinstance(found, Command)
    return found


def calls(example: str) -> list[list[str]]:
    """The arguments of each call of lustre-doctor in a shell line."""
    line = re.sub(r"\s# .*$", "", example).replace('"', "").replace("$(", "").rstrip().rstrip(")")
    parts = (shlex.split(part.partition(">")[0].replace("eval ", "")) for part in re.split(r"[|;]", line))
    return [words[words.index("lustre-doctor") + 1 :] for words in parts if "lustre-doctor" in words]


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_examples_that_it_understands(name: str) -> None:
    examples = command_of(name).examples
    assert len(examples) >= 2
    for example in examples:
        for called, *arguments in calls(example):
            with command_of(called).make_context(called, arguments):
                pass


def test_the_help_page_ends_with_them() -> None:
    page = command_of("explain").get_help(click.Context(command_of("explain"), info_name="explain"))
    assert page.rstrip().endswith("dmesg | lustre-doctor explain --lines -")


def test_an_unknown_command_gets_the_one_that_was_meant() -> None:
    with pytest.raises(click.UsageError, match=r"no command is called 'rum'; did you mean run\?"):
        cli.main(["rum"], standalone_mode=False)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["ru"], {"run", "runbook"}),
        (["run", "--only", "client-v"], {"client-version"}),
        (["run", "--skip", "dn"], {"dns", "dns-answer", "dns-name", "dns-servers", "dns-vpc"}),
        (["runbook", "client-server"], {"client-server-version-mismatch"}),
        (["facts", "vpcs"], {"vpcs"}),
        (["checks", "--layer", "mo"], {"mount"}),
        (["run", "--only", "nothing-has-it"], set()),
    ],
)
def test_a_shell_completes(typed: list[str], offered: set[str]) -> None:
    completion = get_completion_class("bash")
    assert completion is not None
    *before, incomplete = typed
    made = completion(cli, {}, "lustre-doctor", "_LUSTRE_DOCTOR_COMPLETE")
    assert {item.value for item in made.get_completions(before, incomplete)} == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_reads(shell: str) -> None:
    script = subprocess.run([PROGRAM, "completion", shell], capture_output=True, text=True, check=True).stdout
    assert "_LUSTRE_DOCTOR_COMPLETE" in script
    if (program := shutil.which(shell)) is None:
        pytest.skip(f"{shell} is not installed")
    subprocess.run([program, "-n"], input=script, text=True, check=True)


def test_runbooks_are_found_by_a_word_and_by_layer(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["runbook", "--layer", "client", "--search", "KERNEL"], standalone_mode=False)
    lines = capsys.readouterr().out.splitlines()[2:]
    assert lines and {line.split()[0] for line in lines} == {"client"}
    with pytest.raises(click.UsageError, match="no runbook has the word 'zzyzx'"):
        cli.main(["runbook", "--search", "zzyzx"], standalone_mode=False)
