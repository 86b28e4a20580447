"""Options and manners that commands share when they print."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from diag.reports.report import Report

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("text", "json")


def output_options(function: F) -> F:
    """`--format` and `--all`."""
    function = click.option(
        "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print."
    )(function)
    return click.option(
        "--all", "everything", is_flag=True, help="Also what passed, what was skipped and what was ruled out."
    )(function)


def render(report: Report, form: str, *, everything: bool) -> str:
    """The report in one format, for standard output."""
    if form == "json":
        from diag.reports.json import to_json

        return to_json(report)
    from diag.reports.text import Style, to_text

    return to_text(report, Style(terminal_width(), colour=wants_colour(), everything=everything))


def wants_colour() -> bool:
    """Colour on a terminal alone, never with NO_COLOR (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def terminal_width() -> int:
    """Columns of the terminal; 100 where there is none."""
    return max(60, min(200, shutil.get_terminal_size((100, 24)).columns))
