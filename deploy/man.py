"""The manual page, made of the commands' own help: `python -m deploy.man > lustre-doctor.1`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator

import click

from diag.cli import COMMANDS, cli
from diag.version import __version__

NAME = "lustre-doctor"


def roff(text: str) -> str:
    """A text as roff shows it: no letter of it is a request."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("`", "")
    escaped = "".join(letter if letter.isascii() else rf"\[u{ord(letter):04X}]" for letter in escaped)
    return "\n".join(rf"\&{line}" if line.startswith((".", "'")) else line for line in escaped.splitlines())


def page() -> str:
    """The whole page."""
    lines = [f'.TH {NAME.upper()} 1 "" "{NAME} {__version__}" "User Commands"', ".SH NAME"]
    lines.append(rf"{roff(NAME)} \- why an FSx for Lustre volume does not mount on EKS, and how to fix it")
    lines += [".SH SYNOPSIS", rf".B {roff(NAME)}", r"\fICOMMAND\fR [\fIOPTIONS\fR]", ".SH DESCRIPTION"]
    lines += [roff(str(cli.help)), ".SH COMMANDS"]
    for name in COMMANDS:
        lines += _command(name)
    lines += [".SH EXIT STATUS", roff(str(cli.epilog)), ".SH SEE ALSO", "kubectl(1), dmesg(1), lctl(8)"]
    return "\n".join(lines) + "\n"


def _command(name: str) -> Iterator[str]:
    context = click.Context(cli, info_name=NAME)
    command = cli.get_command(context, name)
    assert command is not None  # noqa: S101 - it is one of ours
    own = click.Context(command, info_name=name, parent=context)
    yield from (f".SS {roff(name)}", roff(" ".join(command.collect_usage_pieces(own))), ".PP")
    yield roff(inspect.cleandoc(command.help or ""))
    for param in command.get_params(own):
        if (record := param.get_help_record(own)) is not None:
            yield from (".TP", rf"\fB{roff(record[0])}\fR", roff(record[1]))
    for example in getattr(command, "examples", ()):
        yield from (".PP", ".nf", roff(example), ".fi")


if __name__ == "__main__":
    sys.stdout.write(page())
