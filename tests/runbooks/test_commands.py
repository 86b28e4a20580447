"""Every aws, kubectl and helm command of every runbook is one that the real program understands."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.programs import aws_python, program
from tests.runbooks.commands import all_commands, simple_commands


def test_a_shell_can_read_every_line() -> None:
    assert [f"{command.where}: {command.problem}" for command in all_commands() if command.problem] == []


def test_aws_understands_every_command() -> None:
    assert complaints("aws", aws_complaints) == []


def test_kubectl_understands_every_command() -> None:
    assert complaints("kubectl", partial(cobra_complaints, program("kubectl"))) == []


def test_helm_understands_every_command() -> None:
    assert complaints("helm", partial(cobra_complaints, program("helm"))) == []


def test_a_command_that_does_not_exist_is_found() -> None:
    assert [bool(text) for text in aws_complaints([("fsx", "repair"), ("fsx", "describe-file-systems")])] == [
        True,
        False,
    ]
    lines = [("rollout", "again", "x"), ("get", "pv", "--sorted"), ("get", "pv", "-o", "yaml")]
    found = cobra_complaints(program("kubectl"), lines)
    assert [bool(text) for text in found] == [True, True, False]


def test_substitutions_comments_and_here_documents_are_read_as_a_shell_does() -> None:
    script = """# it's a comment
sudo kubectl get pv x | grep -c y && aws ec2 reboot-instances \\
  --instance-ids $(kubectl get node n -o jsonpath='{.spec}')
cat <<'EOF' | kubectl apply -f -
kind: don't
EOF
helm list > out.txt 2>&1  # that's all
"""
    assert simple_commands(script) == [
        (2, ("kubectl", "get", "node", "n", "-o", "jsonpath={.spec}")),
        (1, ("kubectl", "get", "pv", "x")),
        (1, ("grep", "-c", "y")),
        (1, ("aws", "ec2", "reboot-instances", "--instance-ids", "substituted")),
        (3, ("cat",)),
        (3, ("kubectl", "apply", "-f", "-")),
        (6, ("helm", "list")),
    ]


Argv = tuple[str, ...]


def complaints(name: str, judge: Callable[[list[Argv]], list[str]]) -> list[str]:
    """`file:line: command: complaint` of each command of the program that its parser refuses."""
    of_program = [command for command in all_commands() if command.argv[:1] == (name,)]
    lines = sorted({command.argv[1:] for command in of_program})
    said = dict(zip(lines, judge(lines), strict=True))
    return [f"{c.where}: {' '.join(c.argv)}: {said[c.argv[1:]]}" for c in of_program if said[c.argv[1:]]]


def aws_complaints(lines: list[Argv]) -> list[str]:
    """What aws says against each line."""
    script = Path(__file__).with_name("parse_aws.py")
    ran = subprocess.run(
        (aws_python(), script), input=json.dumps(lines), capture_output=True, text=True, check=True, timeout=300
    )
    said: list[str] = json.loads(ran.stdout)
    return said


def cobra_complaints(executable: Path, lines: list[Argv]) -> list[str]:
    """What kubectl or helm says against each line.

    With `--help` both parse every option and then print the usage of the command that they understood. Lines that
    differ in names alone are judged once: of the words that are no option the first two and the numbers matter.
    """

    def shape(line: Argv) -> Argv:
        words = [word for word in line if not word.startswith("-")]
        return (*words[:2], *(word for word in line if word.startswith("-") or word.isdecimal()))

    def judge(line: Argv) -> str:
        # What follows `--` is another program's.
        own = line[: line.index("--")] if "--" in line else line
        ran = subprocess.run((executable, *own, "--help"), capture_output=True, text=True, timeout=300)
        if ran.returncode:
            return ran.stderr.strip() or f"exit {ran.returncode}"
        # A word that names no subcommand leaves the usage of the group.
        usage = re.search(r"^Usage:\n(.*)$", ran.stdout, re.MULTILINE)
        return "" if usage and not re.search(r"SUBCOMMAND|\[command\]", usage[1]) else "no such command"

    examples = {shape(line): line for line in lines}
    with ThreadPoolExecutor(2) as pool:
        said = dict(zip(examples, pool.map(judge, examples.values()), strict=True))
    return [said[shape(line)] for line in lines]
