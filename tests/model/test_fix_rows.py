"""A long command over several rows: what is copied from them does what the one line does."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from diag.advice.runbook import fix_of
from diag.advice.steps import caution, change, guard, note, person, save, save_once, wait
from diag.knowledge.runbooks import load_knowledge
from diag.model.fix import Fix, Part, Step, StepKind
from diag.reports.terminal import Style, part_lines

LONGEST = 150
"""Columns of a row with a JSON document; a name that is filled in makes it a little longer."""


def every_step() -> list[tuple[str, Step]]:
    fixes = ((cause.id, fix_of(cause, {})) for cause in load_knowledge().causes.values())
    ways = ((id, way) for id, fix in fixes if fix for way in (fix, *fix.alternatives))
    return [(id, step) for id, way in ways for step in way.steps if step.argv]


def meaning(word: str) -> object:
    before, _, document = word.partition("{")
    try:
        return before, json.loads("{" + document)
    except ValueError:
        return "".join(word.split())


def test_the_rows_of_a_command_mean_what_its_line_means() -> None:
    steps = every_step()
    laid_out = [step for _, step in steps if len(step.rows) > 1]
    assert len(laid_out) > 20
    for step in laid_out:
        words, rows = shlex.split(step.line), shlex.split("\n".join(step.rows))
        assert [meaning(word) for word in words] == [meaning(word) for word in rows]


@pytest.mark.parametrize(
    ("script", "rows"),
    [
        ("a{0} && b{0} | c{0}; d{0}", ["a{0} &&", "  b{0} |", "  c{0};", "  d{0}"]),
        ('a{0} "x && y" && b{0}', ['a{0} "x && y" &&', "  b{0}"]),
        ('a{0} "$(x "p; q" | y)" || b{0}', ['a{0} "$(x "p; q" | y)" ||', "  b{0}"]),
        ('a{0} "say \\"x; y" && b{0}', ['a{0} "say \\"x; y" &&', "  b{0}"]),
        ("x && y", ["x && y"]),
    ],
)
def test_a_long_script_goes_on_behind_what_parts_its_commands(script: str, rows: list[str]) -> None:
    long = "-" * 70
    step = Step(StepKind.CHANGE, ("sh", "-c", script.format(long)))
    assert "\n".join(step.rows) == f"sh -c '{chr(10).join(rows)}'".format(long)


def test_a_script_that_another_program_starts_begins_on_a_row_of_its_own() -> None:
    debug = ["kubectl", "debug", "node/n", "-it", "--profile=sysadmin", f"--image={'i' * 60}", "--"]
    step = Step(StepKind.CHANGE, (*debug, "sh", "-c", "chroot /host a && chroot /host b"))
    assert step.rows[1:] == ("  chroot /host a && chroot /host b'",) and shlex.split("\n".join(step.rows))[:7] == debug


def test_a_container_that_a_command_names_is_no_script() -> None:
    """`-c` of kubectl names a container, and one whose name begins with a line break does not exist."""
    step = Step(
        StepKind.CHANGE, ("kubectl", "set", "env", "deployment/d", "-c", "fsx-plugin", f"HTTPS_PROXY={'p' * 99}")
    )
    assert step.rows == (step.line,)


def documents_of(step: Step) -> list[str]:
    """The words that begin as JSON does and are no query and no program of jq."""
    if step.argv[0] == "jq":
        return []
    words = zip(("", *step.argv), step.argv, strict=False)
    return [word for before, word in words if word[:1] in ("{", "[") and before != "--query"]


def test_no_document_stands_on_one_very_long_row() -> None:
    long = [
        (id, row)
        for id, step in every_step()
        for row in step.rows
        if len(row) > LONGEST and any(len(word) > LONGEST // 2 for word in documents_of(step))
    ]
    assert [(id, row) for id, row in long if row.count('"') > 14] == []


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_what_is_kept_once_stays_and_the_shell_says_so(shell: str, tmp_path: Path) -> None:
    kept = save_once("echo {volume} > kept.txt", {"volume": "former"})
    again = save_once("echo {volume} > kept.txt", {"volume": "changed"})
    runs = [
        subprocess.run([shell, "-c", step.line], cwd=tmp_path, capture_output=True, text=True, check=False)
        for step in (kept, again)
    ]
    assert [run.returncode == 0 for run in runs] == [True, False]
    assert "kept.txt" in runs[1].stderr and (tmp_path / "kept.txt").read_text() == "former\n"


def test_guards_stand_above_what_they_guard() -> None:
    guard = Step(StepKind.GUARD, ("test", "-s", "x" * 80))
    change = Step(StepKind.CHANGE, ("kubectl", "create", "-f", "x" * 80))
    ((step, rows),) = Fix((guard, change)).acts
    assert step is change and rows == (f"{guard.line} &&", change.line)
    assert Fix((Step(StepKind.GUARD, ("test", "-s", "x")), Step(StepKind.CHANGE, ("true",)))).acts[0][1] == (
        "test -s x && true",
    )


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("FileSystems[?FileSystemType=='LUSTRE'].Id", "\"FileSystems[?FileSystemType=='LUSTRE'].Id\""),
        ("it's `id`", "'it'\"'\"'s `id`'"),
        ("it's $HOME", "'it'\"'\"'s $HOME'"),
        ("it's !!", "'it'\"'\"'s !!'"),
        ("!", "!"),
        ("!x", "'!x'"),
    ],
)
def test_a_word_is_quoted_so_that_it_is_read_and_means_itself(word: str, shown: str) -> None:
    line = Step(StepKind.CHANGE, ("echo", word)).line
    assert line == f"echo {shown}" and shlex.split(line) == ["echo", word]


class TestWhatFails:
    """A command runs only after what it depends on succeeded, also where somebody copies the whole block."""

    def test_the_commands_of_one_change_and_their_guard(self) -> None:
        steps = (guard("test -s a"), change("kubectl patch pv a"), change("kubectl delete pv a", changes="removes it"))
        assert Fix(steps).commands == ("test -s a && kubectl patch pv a && kubectl delete pv a",)
        assert [step.says for step, _ in Fix(steps).acts] == ["removes it"]

    def test_a_change_that_says_what_it_does_is_one_by_itself(self) -> None:
        steps = (
            change("kubectl cordon a", changes="takes no pod"),
            change("kubectl drain a", changes="moves its pods"),
        )
        assert Fix(steps).commands == ("kubectl cordon a", "kubectl drain a")

    def test_a_copy_is_kept_by_itself_and_a_wait_stands_alone(self) -> None:
        steps = (save("kubectl get pv a > a.yaml"), change("kubectl patch pv a"), wait("kubectl wait pv/a"))
        assert Fix(steps).commands == ("kubectl get pv a > a.yaml", "kubectl patch pv a", "kubectl wait pv/a")

    def test_a_guard_holds_over_what_a_person_does(self) -> None:
        steps = (guard("test -s a"), person("ask its owner"), change("kubectl delete pv a"))
        assert Fix(steps).commands == ("test -s a && kubectl delete pv a",)
        assert [rows for _, rows in Fix(steps).acts] == [(), ("test -s a && kubectl delete pv a",)]


class TestNotes:
    """What to know before anything stands first; what a step needs to be known stands at that step."""

    def test_a_note_stands_at_the_step_that_it_is_for(self) -> None:
        steps = (caution("stop the writers"), save("kubectl get pv a > a"), note("not on Fargate"),
                 change("reboot", changes="boots it"), caution("late"))  # fmt: skip
        assert Fix(steps).cautions == ("stop the writers", "late")
        (part,) = Fix(steps).parts
        assert (part.says, part.rows, part.notes) == (
            "boots it",
            ("kubectl get pv a > a", "reboot"),
            ("not on Fargate",),
        )

    def test_it_does_not_part_the_commands_of_a_chain(self) -> None:
        steps = (save("get > a"), guard("test -s a"), note("or cordon"), change("drain"), note("or delete"),
                 change("reboot", changes="boots it"))  # fmt: skip
        assert Fix(steps).commands == ("get > a", "test -s a && drain && reboot")
        assert [rows for _, rows in Fix(steps).acts] == [("get > a",), (), (), ("test -s a && drain && reboot",)]

    def test_a_guard_behind_a_change_holds_what_follows(self) -> None:
        """A claim that could not be deleted must not lose its volume."""
        steps = (change("delete pvc"), guard("wait pv"), change("delete pv", changes="deletes both"))
        assert Fix(steps).commands == ("delete pvc && wait pv && delete pv",)


class TestParts:
    def test_what_waits_is_one_part_with_its_time(self) -> None:
        steps = (
            change("start", changes="starts"),
            person("five minutes", kind=StepKind.WAIT),
            wait("one"),
            wait("two"),
        )
        assert [(part.says, part.rows, part.waits) for part in Fix(steps).parts] == [
            ("starts", ("start",), False),
            ("five minutes", ("one", "two"), True),
        ]

    def test_what_is_only_saved_says_so(self) -> None:
        (part, hand) = Fix((save("get > a"), person("edit a"))).parts
        assert part.says.startswith("Save") and part.rows == ("get > a",) and hand.says == "edit a"

    def test_what_is_instead_of_a_part_has_its_number(self) -> None:
        told = ("With Helm: do it.", "Or with manifests: do it.", "Orders come back.")
        fix = Fix(tuple(change("do", changes=says) for says in told))
        assert fix.numbers == (1, 1, 2)
        lines = [line for line in part_lines(fix, Style(), "  ") if line.strip() != "do"]
        assert lines == ["  1. With Helm: do it.", "     Or with manifests: do it.", "  2. Orders come back."]

    def test_what_is_instead_of_a_step_is_not_run_after_it(self) -> None:
        """It would create a second file system, or open a port twice."""
        told = ("Create it.", "Or, without a backup: create an empty one.")
        made = (change("from backup", changes=told[0]), save("get > b"), change("empty", changes=told[1]))
        fix = Fix((save("get > a"), *made, change("link", changes="Link it.")))
        assert fix.commands == ("get > a", "from backup", "link")
        rows = [part.rows for part in fix.parts]
        assert rows == [("get > a", "from backup"), ("get > b", "empty"), ("link",)]


class TestOpening:
    def test_for_whom_a_fix_is_stands_before_all_else_in_a_flat_report_too(self) -> None:
        """A pipeline's report has plain lines: who reads them must not run what is for another case."""
        fix = Fix((caution("stop it"), change("go", by="the network team")), when="you are on GKE")
        assert fix.in_order[:3] == ("Use this if you are on GKE.", "Who can do this: the network team.", "stop it")
        assert Fix((change("go"),)).opening == ()

    def test_what_a_part_says_stands_above_its_commands(self) -> None:
        said = [Part("Stop it."), Part("", ("go",)), Part("An hour.", waits=True), Part("", ("wait",), waits=True)]
        assert [part.heading for part in said] == [
            "Stop it.",
            "Run:",
            "Wait: An hour.",
            "Wait until this command ends.",
        ]
