"""A wait for a state ends when that state can no longer come, and says so."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from diag.advice.replace_node import reboot_node
from diag.grammar.command import parse
from diag.knowledge.cause import PROMPT
from diag.knowledge.index import BUILT_IN
from diag.knowledge.runbooks import load_knowledge
from diag.model.fix import StepKind
from diag.reports.runbook import body_of
from tests.runbooks.test_lint import FENCE, fixes_of

CAUSES = load_knowledge().causes
LOOP = re.compile(r"\b(?:until|while)\b(?! read ).*?\bdone\b.*")
ENDS_OTHERWISE = re.compile(r"FAILED|error|support case")


def loops_for_ever(command: str) -> bool:
    """Whether a loop goes on whatever the answer is, but for the one that is hoped for."""
    return any(not re.search(r"; test |\| grep \w", loop.partition("done")[2]) for loop in LOOP.findall(command))


def commands() -> Iterator[tuple[str, str]]:
    """The printed commands of every runbook, with the cause's id."""
    for cause in CAUSES.values():
        for fix in fixes_of(cause):
            for way in (fix, *fix.alternatives):
                yield from ((cause.id, step.argv[-1]) for step in way.steps if step.argv[:2] == ("sh", "-c"))
        for block in FENCE.findall(body_of((BUILT_IN / f"{cause.id}.md").read_text())):
            yield from ((cause.id, line) for line in block.splitlines())


def test_no_loop_goes_on_for_ever() -> None:
    assert sorted({id for id, command in commands() if loops_for_ever(command)}) == []


def test_a_loop_that_knows_one_end_is_found() -> None:
    assert loops_for_ever("until aws fsx describe-file-systems | grep -qx AVAILABLE; do sleep 30; done")
    assert not loops_for_ever('lfs find / | while read -r f; do lfs hsm_restore "$f"; done')
    assert not loops_for_ever('while s=$(aws x); echo "$s" | grep -x CREATING; do sleep 1; done; test "$s" = AVAILABLE')


def test_a_sentence_that_waits_for_a_state_says_how_else_it_ends() -> None:
    waits = [(cause.id, line) for cause in CAUSES.values() for way in cause.fix for line in way.wait.splitlines()]
    states = [(id, line) for id, line in waits if re.search(r"\b(?:AVAILABLE|ACTIVE)\b", line) and PROMPT not in line]
    assert [
        id for id, line in states if re.match(r"(?:repeat it )?until\b", line) and not ENDS_OTHERWISE.search(line)
    ] == []


def test_after_the_wait_for_an_add_on_or_node_group_stands_where_its_error_is() -> None:
    silent = set()
    for cause in CAUSES.values():
        for fix in fixes_of(cause):
            for way in (fix, *fix.alternatives):
                waits = [step for step in way.steps if step.kind is StepKind.WAIT]
                asked = any({"addon-active", "nodegroup-active"} & set(step.argv) for step in waits)
                if asked and not any("health" in step.text for step in waits):
                    silent.add(cause.id)
    assert silent == set()


@pytest.mark.parametrize(
    ("answers", "ends_well"),
    [
        (["CREATING", "AVAILABLE"], True),
        (["CREATING", "FAILED"], False),
        (["MISCONFIGURED"], False),
        (["CREATING", ""], False),
    ],
)
def test_the_wait_for_a_file_system_ends_with_every_state(
    tmp_path: Path, answers: list[str], *, ends_well: bool
) -> None:
    waits = [line for way in CAUSES["file-system-deleting"].fix for line in way.command.splitlines()]
    line = next(line for line in waits if line.startswith("sh -c") and "new_file_system" in line)
    done = run(tmp_path, parse(line).words[-1].replace("{new_file_system}", "fs-0"), answers)
    assert (done.returncode == 0) is ends_well
    assert done.stdout.split() == [answer for answer in answers if answer]


def test_the_wait_for_a_reboot_gives_up(tmp_path: Path) -> None:
    steps = reboot_node({"node": "n1", "instance": "i-0", "node_manager": "nodegroup"}, None)
    script = next(step.argv[-1] for step in steps if step.kind is StepKind.WAIT and step.argv[:1] == ("sh",))
    (tmp_path / "boot-of-n1.txt").write_text("b1\n")
    assert run(tmp_path, script, ["b1"] * 100).returncode == 1
    assert run(tmp_path, script, ["b1", "b2"]).returncode == 0


def run(folder: Path, script: str, answers: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a script whose aws and kubectl print one answer after another, and whose sleep takes no time."""
    (folder / "answers").write_text("".join(f"{answer}\n" for answer in answers))
    answer = "#!/bin/sh\nhead -n 1 answers\nsed -i 1d answers\n"
    for name, text in (("aws", answer), ("kubectl", answer), ("sleep", "#!/bin/sh\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    line = f"PATH={shlex.quote(str(folder))}:$PATH; cd {shlex.quote(str(folder))}; {script}"
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, timeout=60)
