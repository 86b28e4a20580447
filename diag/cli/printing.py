"""Options and manners that commands share when they print."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from diag.reports.formats import MACHINE, machine_format
from diag.reports.report import Report

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("text", *MACHINE)


def output_options(function: F) -> F:
    """`--format`, `--output` and `--all`."""
    function = click.option(
        "--output", "outputs", multiple=True, metavar="FORMAT=FILE", callback=_outputs,
        help="Also write the report in this format to this file; may be given several times.",
    )(function)  # fmt: skip
    function = click.option(
        "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print."
    )(function)
    return click.option(
        "--all", "everything", is_flag=True, help="Also what passed, what was skipped and what was ruled out."
    )(function)


def _outputs(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """`format=path` taken apart, refused before anything is asked of the world."""
    pairs = tuple(text.partition("=") for text in given)
    for form, _, path in pairs:
        if form not in FORMATS or not path:
            raise click.BadParameter(f"wanted FORMAT=FILE with one of {', '.join(FORMATS)}")
    return tuple((form, path) for form, _, path in pairs)


def write_outputs(report: Report, outputs: tuple[tuple[str, str], ...], *, everything: bool) -> None:
    """Write the report to every file that was asked for, each whole or not at all."""
    from diag.sources.files import UnreadableFile, write_whole

    for form, path in outputs:
        try:
            write_whole(
                path, render(report, form, everything=everything, colour=False).encode("utf-8", "replace"), 0o644
            )
        except UnreadableFile as error:
            raise click.UsageError(f"--output {form}={path}: {error}") from error


def render(report: Report, form: str, *, everything: bool, colour: bool | None = None) -> str:
    """The report in one format, for standard output; text is coloured where that shows, or as told."""
    if form in MACHINE:
        return machine_format(form)(report)
    from diag.reports.letters import to_letters
    from diag.reports.picture import picture_of
    from diag.reports.text import Style, to_text

    style = Style(terminal_width(), colour=wants_colour() if colour is None else colour, everything=everything)
    text = to_text(report, style)
    if everything and (picture := picture_of(report)) is not None:
        text += "\n" + to_letters(picture, style)
    return text


def wants_colour() -> bool:
    """Colour on a terminal alone, never with NO_COLOR (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def terminal_width() -> int:
    """Columns of the terminal; 100 where there is none."""
    return max(60, min(200, shutil.get_terminal_size((100, 24)).columns))
