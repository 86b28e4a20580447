"""What is printed of the program itself: its commands, its functions, the names that plugins are written with."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

import click

import diag
from deploy.website.markup import block, code, table, text
from diag.cli import COMMANDS, cli


def commands() -> str:
    """The help of every command, with its examples."""
    lines = ["# Commands\n\nWhat `lustre-doctor COMMAND --help` prints. Option names are an interface "
             "([compatibility](compatibility.md)).\n"]  # fmt: skip
    parent = click.Context(cli, info_name="lustre-doctor")
    for name in COMMANDS:
        command = cli.get_command(parent, name)
        assert command is not None  # noqa: S101 - it is one of ours
        own = click.Context(command, info_name=name, parent=parent, terminal_width=100)
        lines += [f"\n## {name}\n", block(command.get_help(own))]
    return "".join(lines)


def functions() -> str:
    """The functions for programs, by their signatures and docstrings."""
    lines = []
    for name in ("diagnose", "explain"):
        function = getattr(diag, name)
        signature = inspect.signature(function)
        shown = [f"    {parameter}," for parameter in map(str, signature.parameters.values())]
        star = (
            ["    *,"]
            if any(p.kind is p.KEYWORD_ONLY for p in signature.parameters.values()) and name == "diagnose"
            else []
        )
        head = [f"def {name}(", *star, *shown, f") -> {signature.return_annotation}: ..."]
        lines += [f"\n## {name}\n", block(head, "python"), "\n", inspect.getdoc(function) or "", "\n"]
    return "".join(lines)


def fields_of_report() -> str:
    """What a report holds."""
    import msgspec

    rows = [
        (code(field.name), code(str(getattr(field.type, "__name__", field.type))))
        for field in msgspec.structs.fields(diag.Report)
    ]
    return table(("field", "type"), rows)


def plugin_names() -> str:
    """What checks are written with."""
    from diag import api

    rows = [(code(name), text((inspect.getdoc(getattr(api, name)) or "").partition("\n")[0])) for name in api.__all__]
    return table(("name", "what it is"), rows)


PARTS: Mapping[str, Callable[[], str]] = {
    "functions": functions,
    "fields-of-report": fields_of_report,
    "plugin-names": plugin_names,
}
"""What stands for `<!-- generated: NAME -->` in a page."""
