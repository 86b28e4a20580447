"""`lustre-doctor explain`: paste a text, get the causes."""

from __future__ import annotations

import sys
import time

import click

from diag.cli import _options
from diag.cli._output import OUTPUT, print_report, progress_line, shows_guides, warn, write_outputs


@click.command(
    "explain",
    cls=_options.Command,
    examples=(
        "kubectl describe pod POD | lustre-doctor explain -",
        "lustre-doctor explain kubelet.log bundle.tar.gz",
        "dmesg | lustre-doctor explain --lines -",
    ),
)
@click.argument("paths", nargs=-1, type=_options.PATH)
@_options.options(
    _options.deadline(120.0, "Stop reading after this long; what was read is judged."),
    _options.RUNBOOKS,
    _options.Group(
        "Texts",
        (
            click.option(
                "--lines", "by_line", is_flag=True, help="Show what each line is: who prints it, what it means."
            ),
        ),
    ),
    OUTPUT,
)
def command(
    paths: tuple[str, ...],
    deadline: float,
    runbooks: tuple[str, ...],
    by_line: bool,
    form: str,
    outputs: tuple[tuple[str, str], ...],
    everything: bool,
    quiet: bool,
) -> int:
    """Name the causes behind error texts: events, logs, dmesg, archives, or `-` for standard input.

    Needs no credentials and contacts no network. Exit code 0 when a cause was found, 5 when none was.
    """
    until = time.monotonic() + deadline
    from diag.run.texts import explain_texts, with_unread
    from diag.sources.files import is_missing
    from diag.sources.runbooks import load_runbooks
    from diag.sources.texts.streams import Texts

    if not paths and sys.stdin.isatty():
        raise click.UsageError("give a file, a folder, an archive, or - for standard input")
    knowledge = load_runbooks(runbooks, until=until)
    for path in paths:
        if is_missing(path):
            raise click.UsageError(f"there is no file or folder {path!r}")
    with progress_line() as progress:
        texts = Texts(paths or ("-",), until=until, progress=progress)
        explained = explain_texts(texts, knowledge, by_line=by_line, guided=shows_guides(form, outputs))
    for note in (*map(str, texts.problems), *explained.notes):
        warn(note)
    report = with_unread(explained.report, texts.problems)
    write_outputs(report, outputs, everything=everything)
    return print_report(report, form, everything=everything, quiet=quiet)
