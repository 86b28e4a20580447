"""Every command of the documentation is executed, against the lab, in the order in which its page shows it."""

from __future__ import annotations

import contextlib
import re
import shlex
import warnings
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from diag.cli import COMMANDS
from tests.docs.commands import (
    ROOT,
    Exempt,
    Page,
    Shown,
    calls,
    command_of,
    documents,
    exempt,
    inline,
    pages,
    read_page,
)
from tests.docs.stage import Stage
from tests.lab import Lab
from tests.lab.lustre import LustreServer

PAGES = {page.name: page for page in pages()}
EXECUTED = {name: page for name, page in PAGES.items() if ".ko." not in name and "/ko/" not in name}
"""A Korean page has the commands of the English one: test_in_step holds them together."""
VERDICTS = {0, 3, 4, 5}
"""Exit codes with which lustre-doctor gives an answer. What is inspected in the lab is there, so 6 is none of them."""


@pytest.fixture(scope="module")
def stage(running_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    running_lab.load("incident")
    with LustreServer("2.15.6.0", "ddyezbev", privileged=range(1, 65536)) as server:
        yield Stage(running_lab, tmp_path_factory.mktemp("stage"), server)


def reason(command: Shown, exempts: list[Exempt]) -> str:
    """Why a command is not executed; empty where it is."""
    plain = command.words.removeprefix("sudo ")
    found = next((one for one in exempts if plain.startswith(one.begins)), None)
    if found is not None:
        found.used = True
    return found.reason if found is not None else ""


@pytest.mark.lab
@pytest.mark.parametrize("page", EXECUTED.values(), ids=EXECUTED.keys())
def test_the_commands_of_a_page_do_what_it_says(page: Page, stage: Stage, tmp_path: Path) -> None:
    exempts = exempt()
    absent = stage.missing()
    wanted = [command for command in page.commands if not reason(command, exempts)]
    shown = [command for command in wanted if not any(re.search(rf"\b{name}\b", command.words) for name in absent)]
    if len(shown) < len(wanted):
        warnings.warn(f"{len(wanted) - len(shown)} commands not executed: no {', '.join(absent)}", stacklevel=1)
    stage.reset()
    played = stage.play(shown, tmp_path / "work")
    lines = {
        line: command for command in shown for line in range(command.line, command.line + command.text.count("\n") + 1)
    }
    codes = {code for code, _ in played.calls}
    wrong = [
        f"{page.name}:{line}: exit {code}: {lines[line].words}"
        for line, code in played.failed
        if not ("lustre-doctor" in lines[line].words and code in codes & VERDICTS)
    ]
    assert wrong == [], played.err[-3000:]
    assert [call for call in played.calls if call[0] not in VERDICTS] == [], played.err[-3000:]
    assert len(played.calls) >= sum(len(calls(command.words)) for command in shown)
    assert "Traceback" not in played.err
    if page.codes and len(shown) == len(page.commands):
        assert [line for line in played.out.splitlines() if re.fullmatch(r"\d", line)] == list(page.codes)


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_every_call_of_the_program_is_one_that_it_takes(path: Path) -> None:
    """Also of what is not executed, and of what is written in running text."""
    text = path.read_text("utf-8")
    for command in read_page(path.name, text).commands:
        for words in calls(command.words):
            understood(words)
    for line in inline(text):
        for words in calls(line):
            with contextlib.suppress(click.MissingParameter, click.exceptions.Exit):  # the command's name, its help
                understood(words)


def understood(words: list[str]) -> None:
    """Raises click.UsageError for an option or a value that the command does not take."""
    name, *arguments = words
    with command_of(name).make_context(name, arguments):
        pass


def test_every_entry_of_what_is_not_executed_is_used() -> None:
    exempts = exempt()
    for page in PAGES.values():
        for command in page.commands:
            reason(command, exempts)
    assert [one.begins for one in exempts if not one.used] == []


def test_targets_and_paths_of_what_is_not_executed_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for page in PAGES.values():
        for command in page.commands:
            for target in re.findall(r"\bmake ([a-z][a-z-]*)", command.words):
                assert re.search(rf"^{target}:", makefile, re.M), command
            for word in (
                shlex.split(command.words.replace("$(", " ").replace("`", "")) if ".venv" in command.text else ()
            ):
                assert not word.startswith(("tests/", "docs/")) or (ROOT / word).exists(), command


def test_commands_are_found_in_every_kind_of_block() -> None:
    text = (
        "# x\n```sh\na 1  # why\nb \\\n  --c\n# d\n```\n\n```console\n$ e; echo $?\nout\n3\n$ f\n```\n\n* x\n\n"
        "  ```bash\n  g\n  ```\n\n````text\n```sh\nh\n```\n````\n\n```toml\ni\n```\n"
    )
    page = read_page("x", text)
    assert [command.words for command in page.commands] == ["a 1", "b --c", "e; echo $?", "f", "g"]
    assert [command.line for command in page.commands] == [3, 4, 10, 13, 19]
    assert page.codes == ("3",)


@pytest.mark.lab
@pytest.mark.parametrize(
    ("text", "failed", "code"),
    [
        ("lustre-doctor checks no-such-check", (1, 2), 2),
        ("lustre-doctor checks client-version | { cat; false; }", (1, 1), 0),
        ("true\n\nno-such-program", (3, 127), None),
        ("lustre-doctor checks --no-such-option", (1, 2), 2),
    ],
)
def test_a_command_that_fails_is_seen(
    stage: Stage, tmp_path: Path, text: str, failed: tuple[int, int], code: int | None
) -> None:
    shown = [Shown(number, line) for number, line in enumerate(text.splitlines(), 1) if line]
    played = stage.play(shown, tmp_path / "work")
    assert played.failed == (failed,)
    assert [call[0] for call in played.calls] == ([] if code is None else [code])


def test_a_wrong_option_in_running_text_is_seen() -> None:
    [line] = inline("Say `lustre-doctor run --no-such-option`, not `lustre-doctor …`.")
    [words] = calls(line)
    with pytest.raises(click.UsageError):
        understood(words)


def test_the_help_of_every_command_is_one_of_the_pages() -> None:
    assert PAGES.keys() > {f"lustre-doctor {name} --help" for name in COMMANDS}
