"""The commands that the documentation shows: every fenced block, and the examples of each command's help."""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import click

from diag.cli import COMMANDS, cli
from diag.cli._options import Command

ROOT = Path(__file__).parents[2]
LANGUAGES = ("sh", "bash", "shell", "console")


@dataclass(frozen=True)
class Shown:
    """One command, on one line or on several that are joined by a backslash."""

    line: int
    text: str

    @property
    def words(self) -> str:
        """The command alone: no comment, no line breaks."""
        return re.sub(r"\s# .*$", "", re.sub(r"\\\n\s*", "", self.text), flags=re.M).strip()


@dataclass(frozen=True)
class Page:
    """A document's commands, and the exit codes that it shows after `echo $?`."""

    name: str
    commands: tuple[Shown, ...]
    codes: tuple[str, ...] = ()


@dataclass
class Exempt:
    """A command that the tests do not execute, and why."""

    begins: str
    reason: str
    used: bool = field(default=False)


def documents() -> list[Path]:
    """Every document that shows commands to a user; what the changelog says was so once."""
    folders = ("docs", "skills", "deploy")
    own = (path for path in sorted(ROOT.glob("*.md")) if path.name != "CHANGELOG.md")
    return [*own, *(path for folder in folders for path in sorted((ROOT / folder).rglob("*.md")))]


def pages() -> list[Page]:
    """Every document with commands, and the help."""
    read = [read_page(str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in documents()]
    return [*(page for page in read if page.commands), *map(help_page, COMMANDS)]


def help_page(name: str) -> Page:
    """The examples at the end of a command's help."""
    shown = (Shown(line, example) for line, example in enumerate(command_of(name).examples, 1))
    return Page(f"lustre-doctor {name} --help", tuple(shown))


def read_page(name: str, text: str) -> Page:
    """The commands of a Markdown text. In `console` blocks they are after `$ `; all else there is output."""
    commands: list[Shown] = []
    codes: list[str] = []
    language, fence = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        opened = re.match(r"\s*(`{3,}|~{3,})\s*(\w*)", line)
        if opened and not fence:
            fence, language = opened[1], opened[2]
        elif opened and opened[1].startswith(fence):
            fence = language = ""
        elif language in LANGUAGES and line.strip():
            shown = line.strip()
            if commands and is_continued(commands[-1], number):
                commands[-1] = Shown(commands[-1].line, f"{commands[-1].text}\n{shown}")
            elif language == "console" and not shown.startswith("$ "):
                codes += [shown] if re.fullmatch(r"\d", shown) and "echo $?" in commands[-1].text else []
            elif not shown.startswith("#"):
                commands.append(Shown(number, shown.removeprefix("$ ") if language == "console" else shown))
    return Page(name, tuple(commands), tuple(codes))


def is_continued(before: Shown, number: int) -> bool:
    """Whether a command goes on in the line of that number."""
    return before.text.endswith("\\") and before.line + before.text.count("\n") == number - 1


def calls(line: str) -> list[list[str]]:
    """The arguments of each call of lustre-doctor in a shell line; not those without a command, as `--version`."""
    flat = re.sub(r'"?\$\(([^()]*)\)"?', r" ; \1 ; ", re.sub(r"\s# .*$", "", line, flags=re.M))
    lexer = shlex.shlex(flat, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split, lexer.commenters = True, ""
    found: list[list[str]] = []
    words: list[str] = []
    before = ""
    for token in [*lexer, ";"]:
        if set(token) <= set(";&|"):
            if "lustre-doctor" in words:
                found.append(words[words.index("lustre-doctor") + 1 :])
            words = []
        elif not set(token) <= set("<>") and not (before and set(before) <= set("<>")):
            words.append(token)
        before = token
    return [words for words in found if words and not words[0].startswith("-")]


def inline(text: str) -> list[str]:
    """Each `lustre-doctor …` between backticks that is whole."""
    outside = re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)
    found = re.findall(r"`((?:sudo )?lustre-doctor [^`]+)`", outside)
    whole = (one for one in found if "…" not in one and "COMMAND" not in one)
    return [re.sub(r"[\[\]<>]", "", " ".join(one.split())) for one in whole]


def command_of(name: str) -> Command:
    """A command of the program; KeyError where it has none of that name."""
    found = cli.get_command(click.Context(cli), name)
    if not isinstance(found, Command):
        raise KeyError(name)
    return found


def exempt() -> list[Exempt]:
    """The commands that are not executed, as `not_run.toml` lists them."""
    listed = tomllib.loads(Path(__file__).with_name("not_run.toml").read_text())
    return [Exempt(one["begins"], one["reason"]) for one in listed["command"]]
