"""The table of docs/nodes.md against the code: every field, and every file and command that it names."""

from __future__ import annotations

import re
from pathlib import Path

from diag.sources.nodes.ask import probe
from diag.sources.nodes.exec import COMMANDS
from diag.sources.nodes.parsers.report import FIELDS

PAGE = (Path(__file__).parents[2] / "docs/nodes.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.partition("| what | field |")[2].partition("\n\n")[0].splitlines()[2:]
]


def spans(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_each_row_says_what_from_where_on_which_version_and_what_it_proves() -> None:
    assert len(ROWS) > 12
    assert all(len(row) == 5 and all(row) for row in ROWS), ROWS


def test_every_field_that_is_read_is_in_the_table_once() -> None:
    named = [field for row in ROWS for field in spans(row[1])]
    assert sorted(named) == sorted(FIELDS)


def test_every_file_and_command_of_the_table_is_one_that_is_read() -> None:
    read = probe().decode() + "\n".join(" ".join(command) for command in COMMANDS.values())
    named = [source for row in ROWS for source in spans(row[2])]
    assert [source for source in named if source not in read] == []


def test_every_command_that_is_run_without_a_shell_is_in_the_table() -> None:
    named = {source for row in ROWS for source in spans(row[2])}
    commands = {" ".join(command) for command in COMMANDS.values()}
    assert [c for c in commands if not any(c.startswith(name) for name in named)] == []


def test_every_question_of_the_probe_is_a_field_of_the_table() -> None:
    asked = set(re.findall(r"\bask (\w+) ", probe().decode()))
    fields = {field.removesuffix("_s") for row in ROWS for field in spans(row[1])}
    assert asked - fields == {"clock", "blocked_later"}
    assert {"clock_skew", "blocked"} <= fields
