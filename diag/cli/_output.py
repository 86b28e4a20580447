"""What commands share when they print: formats, colour, width, files, the line that shows progress."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from diag.cli._options import Choice, Group
from diag.reports.formats import MACHINE, machine_format

if TYPE_CHECKING:
    from diag.reports.report import Report
    from diag.reports.terminal import Style

FORMATS = ("text", *MACHINE)
"""Every format of a report. A command that makes no report offers `text` and `json`."""

TEXT_OR_JSON = click.option(
    "--format", "form", type=Choice(("text", "json")), default="text", show_default=True, help="How to print."
)


def _outputs(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """`FORMAT=FILE` as pairs, refused before anything is read. `FORMAT` alone says how to print."""
    pairs = tuple(text.partition("=") for text in given)
    for form, equals, path in pairs:
        if form not in FORMATS or (equals and not path):
            from diag.grammar.spelling import did_you_mean

            raise click.BadParameter(
                f"wanted FORMAT or FORMAT=FILE with one of {', '.join(FORMATS)}{did_you_mean(form, FORMATS)}"
            )
    if printed := [form for form, _, path in pairs if not path]:
        ctx.params["form"] = printed[-1]
    return tuple((form, path) for form, _, path in pairs if path)


def _form(ctx: click.Context, param: click.Parameter, given: str) -> str:
    """The format; one that `-o` has set already stays."""
    known: str = ctx.params.get("form", given)
    return known


def _colour(ctx: click.Context, param: click.Parameter, given: str) -> None:
    ctx.color = {"always": True, "never": False}.get(given)


COLOUR = click.option(
    "--color", "--colour", "colour", type=Choice(("auto", "always", "never")), default="auto", show_default=True,
    expose_value=False, callback=_colour, is_eager=True,
    help="Colour in text. auto: on a terminal that shows it; NO_COLOR, FORCE_COLOR and CLICOLOR are followed.",
)  # fmt: skip

OUTPUT = Group("Output", (
    click.option("-v", "--all", "--verbose", "everything", is_flag=True,
                 help="Also print what passed, what was skipped and what was ruled out."),
    click.option("-q", "--quiet", is_flag=True, help="Print only what is missing, what is broken, and why."),
    click.option("--format", "form", type=Choice(FORMATS), default="text", show_default=True, callback=_form,
                 help="How to print."),
    click.option("-o", "--output", "outputs", multiple=True, metavar="FORMAT[=FILE]", callback=_outputs, is_eager=True,
                 help="Write the report in this format to this file too; without a file, print it so. May be given "
                      "several times."),
    COLOUR,
))  # fmt: skip


def write_outputs(report: Report, outputs: tuple[tuple[str, str], ...], *, everything: bool) -> None:
    """Write the report to every file that was asked for, each whole or not at all."""
    from diag.sources.files import write_private

    for form, path in outputs:
        write_private(path, render(report, form, everything=everything, colour=False).encode("utf-8", "replace"))


def shows_guides(form: str, outputs: tuple[tuple[str, str], ...]) -> bool:
    """Whether a format that was asked for holds the runbooks too."""
    return "html" in (form, *(written for written, _ in outputs))


def print_report(report: Report, form: str, *, everything: bool, quiet: bool = False) -> int:
    """Print the report on standard output; the command's exit code."""
    print_as(render(report, form, everything=everything, quiet=quiet), form)
    return report.exit_code


def print_refusal(message: str, form: str) -> None:
    """A document for programs that wait for one although the command line cannot be carried out; no text."""
    if form in MACHINE:
        from diag.model.exit_code import ExitCode
        from diag.model.tool_error import ToolError
        from diag.reports.report import Report

        print_as(machine_format(form)(Report(int(ExitCode.USAGE), errors=(ToolError("usage", safe(message)),))), form)


def print_as(text: str, form: str) -> None:
    """Print a whole document on standard output: text as the terminal wants it, every other format in UTF-8."""
    if form == "text":
        sys.stdout.write(text)
    else:
        click.echo(text.encode("utf-8", "replace"), nl=False)


def render(report: Report, form: str, *, everything: bool, quiet: bool = False, colour: bool | None = None) -> str:
    """The report in one format. Text has colour where standard output shows it, unless `colour` says otherwise."""
    if form in MACHINE:
        return machine_format(form)(report)
    from diag.reports.text import to_short_text, to_text

    style = style_of_terminal(everything=everything, colour=colour)
    if quiet:
        return to_short_text(report, style)
    text = to_text(report, style)
    if everything:
        from diag.reports.diagram import diagram_of, to_letters

        if (diagram := diagram_of(report)) is not None:
            text += "\n" + to_letters(diagram, style)
    return text


def style_of_terminal(*, everything: bool = False, colour: bool | None = None) -> Style:
    """How text is printed here. Colour: as the caller says, else as `--color` says, else as the terminal shows it."""
    from diag.reports.terminal import Style

    if colour is None:
        context = click.get_current_context(silent=True)
        colour = context.color if context is not None else None
    return Style(terminal_width(), colour=_shows_colour() if colour is None else colour, everything=everything)


def _shows_colour() -> bool:
    """Sources: https://no-color.org, https://force-color.org, http://bixense.com/clicolors."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return sys.stdout.isatty() and os.environ.get("CLICOLOR") != "0" and os.environ.get("TERM") != "dumb"


def terminal_width() -> int:
    """Columns of the terminal; 100 where there is none."""
    columns = os.environ.get("COLUMNS", "")
    try:
        width = (
            int(columns) if columns.isdigit() and int(columns) else os.get_terminal_size(sys.stdout.fileno()).columns
        )
    except (OSError, ValueError, AttributeError):
        width = 0
    return max(60, min(200, width or 100))


def warn(text: str) -> None:
    """One line on standard error; what strangers wrote in it cannot control the terminal."""
    click.echo(f"lustre-doctor: {safe(text)}", err=True)


def safe(text: str) -> str:
    """A message on one line, without credentials, that cannot control the terminal whoever wrote parts of it."""
    from diag.sanitize import visible
    from diag.secret_filter import without_credentials

    return visible(without_credentials(text))


@contextlib.contextmanager
def progress_line() -> Iterator[Callable[[str], None]]:
    """Shows on a terminal how far the command is; leaves no trace. A dumb terminal cannot erase a line."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda text: None
        return

    is_over = False

    def show(text: str) -> None:
        if is_over:  # a reader that was left behind has come back
            return
        sys.stderr.write(f"\r\x1b[Kread: {text}")
        sys.stderr.flush()

    try:
        yield show
    finally:
        is_over = True
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


TABLE_COLUMNS = 90
"""A narrower terminal shows each row as a record."""


def print_table(rows: Sequence[tuple[str, ...]], headers: tuple[str, str, str] | tuple[str, str, str, str]) -> None:
    """Print rows under their headers. On a terminal the third column wraps; elsewhere each row is one line.

    On a narrow terminal each row is a record: its name and layer, and below them the rest, wrapped.
    """
    if sys.stdout.isatty() and terminal_width() < TABLE_COLUMNS:
        from diag.reports.terminal import wrap

        for layer, name, *texts in rows:
            click.echo(f"{name} ({layer})")
            for text in filter(None, texts):
                click.echo("\n".join(wrap(text, style_of_terminal(), "    ", "    ")))
        return
    from tabulate import tabulate

    widths: list[int | None] | None = None
    if sys.stdout.isatty():
        others = [column for place, column in enumerate(zip(headers, *rows, strict=True)) if place != 2]
        taken = sum(max(map(len, column)) + 2 for column in others)
        widths = [None, None, max(30, terminal_width() - taken), None][: len(headers)]
    click.echo(tabulate(rows, headers=headers, tablefmt="simple", maxcolwidths=widths))


def no_such(kind: str, name: str, names: Iterable[str], command: str) -> click.UsageError:
    """The error for a name that nothing has, with names that are close to it."""
    from diag.grammar.spelling import did_you_mean

    hint = did_you_mean(name, names) or f"; `lustre-doctor {command}` lists them"
    return click.UsageError(f"no {kind} is called {name!r}{hint}")
